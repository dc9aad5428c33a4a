/** A relay whose process has run out of something: file descriptors, or room for its log. It goes on, and recovers. */
import { readFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { connect } from '../endpoint.ts';
import { roundTrip } from '../round-trip.ts';
import { Child } from './child.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const YAML = `hostname: localhost
listen: [tcp://127.0.0.1:0]
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
admin: { listen: "http://127.0.0.1:0" }
`;

/** @param before - what a shell does before it becomes the relay. @param after - where its streams go. */
async function start(before: string, after = '') {
  const file = join(temporaryFolder({ 'relay.yaml': YAML }), 'relay.yaml');
  const child = new Child(MAIN, ['serve', '--config', file], { shell: { before, after } });
  onTestFinished(() => child.end());
  const [, port] = await child.said(/^listening tcp:\/\/127\.0\.0\.1:(\d+)$/m);
  return { child, port: Number(port) };
}

/** A client that has authenticated, and what sends a message to itself. */
async function client(port: number): Promise<{ send: () => Promise<void> }> {
  const endpoint = await connect({ port, secure: false });
  const target = `msrp://localhost:${port};tcp`;
  const usePath = await endpoint.auth({ user: 'alice', password: 'secret', target });
  return { send: () => roundTrip({ endpoint, usePath }) };
}

/** CPU time of a process, in hundredths of a second. */
function cpuTicks(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return Number(fields[11]) + Number(fields[12]);
}

/** Opens connections until the relay has no descriptor for more: then it drops the next ones. */
async function useUp(port: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  let closedCount = 0;
  while (closedCount < 20) {
    const socket = connectTcp({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    socket.once('close', () => {
      closedCount += 1;
    });
    sockets.push(socket);
    await delay(2);
  }
  return sockets;
}

describe('A process without file descriptors', () => {
  it('serves whom it has, neither spins nor crashes, and takes new ones when there is room again (SE-06)', async () => {
    const { child, port } = await start('ulimit -n 64');
    const { send } = await client(port);
    await send();
    const sockets = await useUp(port);
    const before = cpuTicks(child.pid);
    // Longer than the relay waits between two looks at its own memory, for which it needs a descriptor, too.
    await delay(6000);
    expect(child.isOver).toBe(false);
    expect(cpuTicks(child.pid) - before).toBeLessThan(150);
    await send();
    for (const socket of sockets) socket.destroy();
    const again = await connectAgain(port);
    await again.send();
    child.process.kill('SIGTERM');
    expect(await child.over()).toBe(0);
  });

  /** The relay hears of connections that ended a moment after they did. */
  async function connectAgain(port: number) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await client(port);
      } catch (error) {
        if (attempt === 50) throw error;
        await delay(20);
      }
    }
  }
});

describe('A log on a disk that is full', () => {
  it('does not end the relay: it starts, serves, reloads and drains without it', async () => {
    const { child, port } = await start('', '2>/dev/full');
    const { send } = await client(port);
    await send();
    for (let attempt = 0; attempt < 20; attempt += 1) child.process.kill('SIGHUP');
    await delay(300);
    await send();
    child.process.kill('SIGTERM');
    expect(await child.over()).toBe(0);
  });
});
