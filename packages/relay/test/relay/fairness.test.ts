/** Sessions that share a connection share it evenly, octet by octet (RFC 4975 §5.1, §7.1.1). */
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { type Endpoint, responseTo, sendRequest } from '../endpoint.ts';
import { still } from './attend.ts';
import { openScene, pattern } from './scene.ts';

const MEGABYTE = 1_000_000;

/** What the kernel may have taken while only one of the two had begun: it says nothing. */
const KERNEL_OCTETS = 12 * MEGABYTE;

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
      const scene = await openScene();
      try {
        const bob = await scene.relay.client('bob');
        scene.receiver.pause();
        const toBobs = scene.toPath.replace(scene.usePath, bob.usePath);
        void sendFile(scene.sender, scene.toPath, 32 * MEGABYTE, first);
        void sendFile(bob.endpoint, toBobs, 32 * MEGABYTE, second);
        for (const endpoint of [scene.sender, bob.endpoint]) void endpoint.next(() => false, 60_000).catch(() => {});
        await still(scene.relay);
        scene.receiver.resume();
        const come = { alice: 0, bob: 0 };
        let [skipped, pausedAt] = [0, 0];
        const seen: number[] = [];
        for (let mark = MEGABYTE; mark <= 8 * MEGABYTE; ) {
          const chunk = await scene.receiver.next(({ method }) => method === 'SEND');
          void scene.receiver.send(responseTo(chunk, 200));
          const who = chunk.header('From-Path')?.startsWith(bob.usePath) === true ? 'bob' : 'alice';
          if (skipped < KERNEL_OCTETS) {
            skipped += chunk.raw.length;
            continue;
          }
          come[who] += chunk.raw.length;
          if (come.alice + come.bob >= 2 * mark) {
            seen.push(come.alice / come.bob);
            mark += MEGABYTE;
          }
          // It is the receiver that is slow: both lanes are full all the time.
          if (come.alice + come.bob < pausedAt) continue;
          pausedAt += 200_000;
          scene.receiver.pause();
          await setTimeout(20);
          scene.receiver.resume();
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
