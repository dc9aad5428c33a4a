/** Sessions that share a connection share it evenly, octet by octet (RFC 4975 §5.1, §7.1.1). */
import { describe, expect, it } from 'vitest';
import { type Endpoint, responseTo, sendRequest } from '../endpoint.ts';
import { still } from './attend.ts';
import { openScene, pattern } from './scene.ts';

const MEGABYTE = 1_000_000;
const MIB = 1_048_576;

/** Far more waits in each lane than the system takes at once, and no window closes: turns alone decide who goes on. */
const FLOW = { highWaterOctets: 4 * MIB, lowWaterOctets: 2 * MIB, sessionOctets: 8 * MIB, windowOctets: 64 * MIB };

/** How much is read before both lanes are let fill up again. */
const STEP_OCTETS = MEGABYTE;

const ALL = { after: 0, limit: 100 };

/** Sends a file as SENDs of `chunkOctets` each, many in a write, so that it is never the sender that is slow. */
async function sendFile(sender: Endpoint, toPath: string, octets: number, chunkOctets: number): Promise<void> {
  const body = pattern(1, chunkOctets);
  let write: Buffer[] = [];
  for (let sent = 0; sent < octets; sent += chunkOctets) {
    const byteRange = `${sent + 1}-*/*`;
    const parts = { toPath, fromPath: sender.uri, messageId: 'file', byteRange, flag: '+', body } as const;
    write.push(sendRequest(parts));
    if (write.length * chunkOctets < 500_000) continue;
    await sender.send(Buffer.concat(write));
    write = [];
  }
}

describe('Two files in two sessions over one connection', () => {
  it.each([
    [65_536, 65_536],
    [500_000, 16_384],
  ])(
    'in chunks of %i and %i octets stay within a fifth of each other at every megabyte (CH-05, FC-02, FW-23)',
    async (first, second) => {
      const scene = await openScene({ overrides: { flow: FLOW } });
      try {
        const bob = await scene.relay.client('bob');
        const { operation } = scene.relay.relay;
        const lanes = () => operation.sessions(ALL).items.map(({ queuedOctets }) => queuedOctets);
        scene.receiver.pause();
        const toBobs = scene.toPath.replace(scene.usePath, bob.usePath);
        void sendFile(scene.sender, scene.toPath, 32 * MEGABYTE, first);
        void sendFile(bob.endpoint, toBobs, 32 * MEGABYTE, second);
        for (const endpoint of [scene.sender, bob.endpoint]) void endpoint.next(() => false, 60_000).catch(() => {});
        await still(scene.relay);
        // What had left before both lanes were full says nothing.
        let toSkip = operation.connections(ALL).items.find(({ direction }) => direction === 'dialled')?.octetsOut ?? 0;
        const come = { alice: 0, bob: 0 };
        let read = 0;
        const seen: number[] = [];
        expect(toSkip).toBeGreaterThan(0);
        for (let mark = MEGABYTE; mark <= 8 * MEGABYTE; ) {
          if (read <= 0) {
            scene.receiver.pause();
            await still(scene.relay, 3);
            expect(Math.min(...lanes())).toBeGreaterThan(FLOW.lowWaterOctets);
            read = STEP_OCTETS;
            scene.receiver.resume();
          }
          const chunk = await scene.receiver.next(({ method }) => method === 'SEND');
          void scene.receiver.send(responseTo(chunk, 200));
          read -= chunk.raw.length;
          toSkip -= chunk.raw.length;
          if (toSkip > 0) continue;
          const who = chunk.header('From-Path')?.startsWith(bob.usePath) === true ? 'bob' : 'alice';
          come[who] += chunk.raw.length;
          if (come.alice + come.bob >= 2 * mark) {
            seen.push(come.alice / come.bob);
            mark += MEGABYTE;
          }
        }
        expect(seen).toHaveLength(8);
        expect(Math.min(...seen)).toBeGreaterThan(0.8);
        expect(Math.max(...seen)).toBeLessThan(1.25);
      } finally {
        await scene.close();
      }
    },
  );
});
