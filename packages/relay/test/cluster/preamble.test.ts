import { readdirSync } from 'node:fs';
import { connect } from 'node:net';
import path from 'node:path';
import { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { LocalLink } from '../../src/cluster/local-link.ts';
import { formatPreamble, type PreambleEnd, PreambleReader } from '../../src/cluster/preamble.ts';
import type { CarriedConnection } from '../../src/relay/ports.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { until } from '../relay/scene.ts';

const CONNECTION: CarriedConnection = {
  origin: {
    transport: 'tls',
    direction: 'accepted',
    remoteAddress: '2001:db8::7',
    localPort: 2855,
    chunk: { maxOctets: 65_536, lingerMs: 20 },
    worker: '1',
  },
  certifiedNames: ['relay.example.org', 'bücher.example'],
  relays: ['msrps://relay.example.org:2855;tcp'],
  isProven: true,
};
const PREAMBLE = Buffer.from(formatPreamble(CONNECTION));
const REST = Buffer.from('MSRP a786hjs2 SEND\r\n');

function read(pieces: readonly Uint8Array[]): PreambleEnd | undefined {
  const reader = new PreambleReader();
  for (const [index, piece] of pieces.entries()) {
    const end = reader.read(piece);
    if (end?.kind === 'preamble') {
      return { ...end, rest: Buffer.concat([end.rest, ...pieces.slice(index + 1)]) };
    }
    if (end !== undefined) return end;
  }
  return undefined;
}

describe('The preamble of a stream between workers', () => {
  const whole = Buffer.concat([PREAMBLE, REST]);
  const expected = { kind: 'preamble', connection: CONNECTION, rest: REST };

  it('is read as it was written, cut at every octet (CL-12)', () => {
    expect(read([whole])).toEqual(expected);
    for (let cut = 0; cut <= whole.length; cut += 1) {
      expect(read([whole.subarray(0, cut), whole.subarray(cut)]), `cut at ${cut}`).toEqual(expected);
    }
    expect(read(Array.from(whole, (octet) => Buffer.from([octet])))).toEqual(expected);
  });

  it('is not there before its line has an end (CL-12)', () => {
    for (let end = 0; end < PREAMBLE.length; end += 1) expect(read([PREAMBLE.subarray(0, end)])).toBeUndefined();
  });

  const text = PREAMBLE.toString();
  it.each([
    ['an empty line', '\n'],
    ['a message', 'MSRP a786hjs2 SEND\r\n'],
    ['another version', text.replace('crossing/2 ', 'crossing/3 ')],
    ['a line that is cut short', `${text.slice(0, -2)}\n`],
    ['no object', 'msrp-relay-crossing/2 7\n'],
    ['a field too many', text.replace('{', '{"more":1,')],
    ['a field too few', text.replace(/,"isProven":true/, '')],
    ['an unknown transport', text.replace('"tls"', '"udp"')],
    ['a port that is none', text.replace('2855', '70000')],
    ['a chunk of no octets', text.replace('65536', '0')],
    ['no worker', text.replace(',"worker":"1"', '')],
  ])('is garbled when it is %s (CL-12)', (_what, line) => {
    expect(read([Buffer.from(line)])).toEqual({ kind: 'garbled' });
  });

  it('is garbled when it does not end (CL-12)', () => {
    expect(read(Array.from({ length: 5 }, () => Buffer.alloc(65_536, 'x')))).toEqual({ kind: 'garbled' });
  });
});

describe('The door of a worker', () => {
  async function openDoor() {
    const directory = temporaryFolder();
    const clock = new ManualClock(0);
    const accepted: CarriedConnection[] = [];
    const link = new LocalLink({ owner: '0', count: 2, directory }, clock, (stream, connection) => {
      accepted.push(connection);
      stream.resume();
    });
    await link.listen();
    onTestFinished(() => link.stop());
    const knock = (octets: string | Buffer) => {
      const socket = connect(path.join(directory, '0.sock'));
      const state = { isClosed: false };
      socket.on('error', () => {});
      socket.on('close', () => (state.isClosed = true));
      socket.write(octets);
      return { socket, state };
    };
    return { directory, clock, link, accepted, knock };
  }

  it('closes a stream that begins with something else, or speaks for nobody there is (CL-12)', async () => {
    const { accepted, knock } = await openDoor();
    const others = ['GET / HTTP/1.1\r\n\r\n', formatPreamble(CONNECTION).replace('"worker":"1"', '"worker":"0"')];
    for (const octets of [...others, formatPreamble(CONNECTION).replace('"worker":"1"', '"worker":"2"')]) {
      const { state } = knock(octets);
      await until(() => state.isClosed);
    }
    knock(PREAMBLE);
    await until(() => accepted.length === 1);
    expect(accepted).toEqual([CONNECTION]);
  });

  it('closes a stream that says nothing for five seconds, or ends before it has (CL-12)', async () => {
    const { clock, knock } = await openDoor();
    const silent = knock('msrp-relay-cross');
    const leaving = knock('msrp-relay-cross');
    leaving.socket.end();
    await until(() => leaving.state.isClosed);
    clock.advance(4900);
    expect(silent.state.isClosed).toBe(false);
    clock.advance(200);
    await until(() => silent.state.isClosed);
  });

  it('is not in the way of the next one, and gone when it stops (CL-12)', async () => {
    const { directory, link } = await openDoor();
    const next = new LocalLink({ owner: '0', count: 2, directory }, new ManualClock(0), () => {});
    await next.listen();
    link.stop();
    next.stop();
    await until(() => !readdirSync(directory).includes('0.sock'));
  });

  it('leads to other workers by their own names only (CL-12)', async () => {
    const { link } = await openDoor();
    expect(['0', '1', '2', '01', '+1', '1.0', '', '../1', '__proto__'].filter((owner) => link.has(owner))).toEqual([
      '1',
    ]);
    await expect(link.open('../1', CONNECTION)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    await expect(link.open('1', CONNECTION)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });
});
