import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { createServer as createTlsServer, connect as tlsConnect } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { isShared, readShared } from '../../src/transport/shared-read.ts';
import { authority } from '../relay/harness.ts';

const MIB = 1_048_576;

/** Both ends of one connection. */
interface Ends {
  readonly accepted: Socket;
  readonly dialled: Socket;
}

/** Waits for a connection to `server`, which is listening, by `dial`. */
async function ends(server: Server, event: string, dial: () => Socket): Promise<Ends> {
  const dialled = dial();
  const [accepted] = (await once(server, event)) as [Socket];
  onTestFinished(() => {
    dialled.destroy();
    accepted.destroy();
    server.close();
  });
  return { accepted, dialled };
}

const OPTIONS = { allowHalfOpen: true };

const kinds: Record<string, () => Promise<Ends>> = {
  TCP: async () => {
    const server = createServer(OPTIONS).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    return ends(server, 'connection', () => connect({ host: '127.0.0.1', port, ...OPTIONS }));
  },
  TLS: async () => {
    const { cert, key } = await authority.issue({ dnsNames: ['localhost'] });
    const server = createTlsServer({ cert, key, ...OPTIONS }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    const trust = { ca: authority.ca, servername: 'localhost' };
    return ends(server, 'secureConnection', () => tlsConnect({ host: '127.0.0.1', port, ...trust, ...OPTIONS }));
  },
  'a Unix socket': async () => {
    const directory = await mkdtemp(path.join(tmpdir(), 'shared-read-'));
    onTestFinished(() => rm(directory, { recursive: true }));
    const door = path.join(directory, 'door');
    const server = createServer(OPTIONS).listen(door);
    await once(server, 'listening');
    return ends(server, 'connection', () => connect({ path: door, ...OPTIONS }));
  },
};

/** Reads `socket` to its end, and says whether all views were on the shared buffer. */
async function readAll(socket: Socket): Promise<{ octets: Buffer; wereShared: boolean }> {
  const copies: Buffer[] = [];
  let wereShared = true;
  const isTaken = readShared(socket, (octets) => {
    wereShared &&= isShared(octets);
    copies.push(Buffer.from(octets));
  });
  expect(isTaken).toBe(true);
  await once(socket, 'end');
  return { octets: Buffer.concat(copies), wereShared };
}

function pattern(octets: number, step: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: octets }, (_, at) => (at * step) % 251));
}

describe.each(Object.keys(kinds))('reads of %s', (kind) => {
  it('bring every octet in order, on both sides at once, and the end', async () => {
    const { accepted, dialled } = (await kinds[kind]?.()) ?? expect.unreachable();
    const [up, down] = [pattern(3 * MIB, 7), pattern(3 * MIB, 11)];
    const both = Promise.all([readAll(accepted), readAll(dialled)]);
    dialled.end(up);
    accepted.end(down);
    const [ofAccepted, ofDialled] = await both;
    expect(ofAccepted.octets.equals(up)).toBe(true);
    expect(ofDialled.octets.equals(down)).toBe(true);
    expect([ofAccepted.wereShared, ofDialled.wereShared]).toEqual([true, true]);
  });

  it('bring what came before first', async () => {
    const { accepted, dialled } = (await kinds[kind]?.()) ?? expect.unreachable();
    dialled.write('first ');
    await once(accepted, 'readable');
    accepted.unshift(Buffer.from('put back, '));
    const all = readAll(accepted);
    dialled.end('then');
    expect((await all).octets.toString()).toBe('put back, first then');
  });

  it('stop while the socket is paused, and go on after that', async () => {
    const { accepted, dialled } = (await kinds[kind]?.()) ?? expect.unreachable();
    let octets = 0;
    readShared(accepted, (view) => {
      octets += view.length;
    });
    dialled.write(Buffer.alloc(1000));
    await expect.poll(() => octets).toBe(1000);
    accepted.pause();
    dialled.write(Buffer.alloc(500));
    await new Promise((resolve) => accepted.write('answer', resolve));
    await once(dialled, 'readable');
    await nextTurn();
    expect(octets).toBe(1000);
    accepted.resume();
    await expect.poll(() => octets).toBe(1500);
  });

  it('say that the peer is gone', async () => {
    const { accepted, dialled } = (await kinds[kind]?.()) ?? expect.unreachable();
    readShared(accepted, () => {});
    accepted.on('error', () => {});
    const closed = once(accepted, 'close');
    dialled.destroy();
    accepted.once('end', () => accepted.end());
    await closed;
  });
});

it('leaves streams alone that are not sockets of Node', () => {
  const [stream] = duplexPair();
  expect(readShared(stream, () => {})).toBe(false);
  expect(stream.readableFlowing).toBe(null);
});
