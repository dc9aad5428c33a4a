/** A connection over an in-memory pair of streams, and over real sockets. */
import { once } from 'node:events';
import net from 'node:net';
import { Duplex, duplexPair } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { systemClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Connection, type ConnectionContext, type ConnectionEvents } from '../../src/transport/connection.ts';
import { Histogram } from '../../src/transport/histogram.ts';
import { Memory } from '../../src/transport/memory.ts';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Pauses } from '../../src/transport/pauses.ts';
import { ReadBuffers } from '../../src/transport/read-buffers.ts';
import { Slab } from '../../src/transport/slab.ts';
import { Stores } from '../../src/transport/stores.ts';
import { Turn } from '../../src/transport/turn.ts';
import { bodyOf } from './body-of.ts';

const PATHS = 'To-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n';
const REQUEST = `MSRP tid1 SEND\r\n${PATHS}Message-ID: mess1\r\nContent-Type: text/plain\r\n\r\nhello\r\n-------tid1$\r\n`;

interface Told {
  readonly connection: Connection;
  /** What the rules were told, in short. */
  readonly events: string[];
  readonly closed: Promise<Error | undefined>;
}

function connection(context: Partial<ConnectionContext> = {}, onHead?: (connection: Connection) => void): Told {
  const events: string[] = [];
  const { promise: closed, resolve } = Promise.withResolvers<Error | undefined>();
  const stores = new Stores();
  const told = new Connection(
    { transport: 'tcp', direction: 'accepted', remoteAddress: '192.0.2.1', localPort: 2855 },
    {
      clock: systemClock,
      turn: new Turn(systemClock),
      slab: new Slab(stores),
      stores,
      parserLimits: { maxHeadOctets: 16_384, maxHeadLines: 64 },
      marks: { highWaterOctets: 10_000, lowWaterOctets: 1000 },
      memory: new Memory(1_000_000_000),
      readBuffers: new ReadBuffers(() => {}),
      queueTimes: new Histogram(),
      pauses: new Pauses(systemClock),
      chunk: { maxOctets: 4096, lingerMs: 20 },
      endMs: 60_000,
      ...context,
    },
  );
  const listener: ConnectionEvents = {
    head: ({ method }) => {
      events.push(`head ${method}`);
      onHead?.(told);
    },
    body: (octets) => events.push(`body ${Buffer.from(octets)}`),
    end: (flag) => events.push(`end ${flag}`),
    broken: ({ code }) => events.push(`broken ${code}`),
    readDone: () => events.push('read'),
    closed: (error) => {
      events.push(`closed ${error?.message ?? 'in peace'}`);
      resolve(error);
    },
  };
  told.listen(listener);
  return { connection: told, events, closed };
}

/** A connection that is open, and the peer's side of it. */
function openPair(context: Partial<ConnectionContext> = {}, onHead?: (connection: Connection) => void) {
  const [socket, peer] = duplexPair({ allowHalfOpen: true });
  const told = connection(context, onHead);
  told.connection.open(socket);
  return { ...told, peer, socket };
}

/** A socket whose other side takes what is written only when the test says so. */
class SlowSocket extends Duplex {
  readonly #taken: (() => void)[] = [];
  text = '';

  override _read(): void {}

  override _write(octets: Buffer, _encoding: string, taken: () => void): void {
    this.text += octets.toString('latin1');
    this.#taken.push(taken);
  }

  takeOne(): void {
    this.#taken.shift()?.();
  }
}

function slow(context: Partial<ConnectionContext> = {}) {
  const socket = new SlowSocket();
  const told = connection(context);
  told.connection.open(socket);
  return { ...told, socket };
}

/** Everything the peer is sent, as text, as it comes. */
function receiving(peer: Duplex): { text(): string; reads(): number; octets(): number } {
  const received: Buffer[] = [];
  let octetCount = 0;
  peer.on('data', (octets: Buffer) => {
    received.push(octets);
    octetCount += octets.length;
  });
  return {
    text: () => Buffer.concat(received).toString('latin1'),
    reads: () => received.length,
    octets: () => octetCount,
  };
}

function chunk(text: string, written?: () => void, body: Uint8Array = new Uint8Array(0)): OutgoingChunk {
  return new OutgoingChunk(text, bodyOf(body), '', written === undefined ? undefined : { taken() {}, written });
}

const NOBODY = { laneIsLow() {}, chunkLeft: () => true };

async function turns(count = 3): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await nextTurn();
}

describe('Connection: what comes in', () => {
  it('tells what it reads, and when a read is over', async () => {
    const { events, peer, connection: told } = openPair();
    peer.write(REQUEST.slice(0, 30));
    await turns();
    expect([told.isInsideHead, told.isInsideMessage]).toEqual([true, false]);
    peer.write(REQUEST.slice(30, REQUEST.indexOf('hello')));
    await turns();
    expect([told.isInsideHead, told.isInsideMessage]).toEqual([false, true]);
    peer.write(REQUEST.slice(REQUEST.indexOf('hello')));
    await turns();
    expect(events).toEqual(['read', 'head SEND', 'read', 'body hello', 'end $', 'read']);
    expect(told.octetsIn).toBe(REQUEST.length);
  });

  it('reads nothing while it is paused, also when it was before it opened', async () => {
    const [socket, peer] = duplexPair();
    const { connection: told, events } = connection();
    told.pause('receiver');
    told.open(socket);
    peer.write(REQUEST);
    await turns();
    expect(events).toEqual([]);
    told.resume();
    await turns();
    expect(events).toEqual(['head SEND', 'body hello', 'end $', 'read']);
  });

  it('tells nothing after an end that an event asked for', async () => {
    const { events, peer } = openPair({}, (told) => told.end());
    peer.write(REQUEST + REQUEST);
    await turns();
    expect(events.filter((event) => event !== 'read')).toEqual(['head SEND', 'closed in peace']);
    peer.write(REQUEST);
    await turns();
    expect(events.filter((event) => event.startsWith('head'))).toHaveLength(1);
  });

  it('does not read a peer that asks and asks and leaves the answers unread, until it has read them', async () => {
    const answer = 'x'.repeat(1000);
    const { events, peer } = openPair({}, (told) => told.writeUrgent(answer));
    const asked = 5000;
    for (let count = 0; count < asked; count += 1) peer.write(REQUEST);
    const heads = () => events.filter((event) => event.startsWith('head')).length;
    for (let before = -1; before !== heads(); await turns(20)) before = heads();
    expect(heads()).toBeLessThan(1000);
    const received = receiving(peer);
    while (received.octets() < asked * answer.length) await turns();
    expect(heads()).toBe(asked);
  });
});

describe('Connection: what goes out', () => {
  it('writes everything of one turn in one write, urgent texts first', async () => {
    const { connection: told, peer } = openPair();
    const received = receiving(peer);
    told.writeChunk(told.lane(NOBODY), chunk('chunk'));
    told.writeUrgent('one ');
    told.writeUrgent('two ');
    expect(received.reads()).toBe(0);
    await turns();
    expect([received.text(), received.reads()]).toEqual(['one two chunk', 1]);
    expect(told.octetsOut).toBe(13);
  });

  it('keeps what is given to it while it is being dialled, and writes it when it opens', async () => {
    const [socket, peer] = duplexPair();
    const received = receiving(peer);
    const { connection: told } = connection();
    const lane = told.lane(NOBODY);
    told.writeChunk(lane, chunk('early '));
    await turns();
    expect([told.state, told.isUsable, told.heldOctets]).toEqual(['dialling', true, 6]);
    told.open(socket);
    told.writeChunk(lane, chunk('late'));
    await turns();
    expect([received.text(), told.state, told.heldOctets, told.isDrained]).toEqual(['early late', 'open', 0, true]);
  });

  it('gives the socket one batch at a time, so that a response overtakes the chunks that wait (FC-01, CH-04)', async () => {
    const { connection: told, socket } = slow({ chunk: { maxOctets: 100, lingerMs: 20 } });
    const lane = told.lane(NOBODY);
    for (let number = 0; number < 5; number += 1) told.writeChunk(lane, chunk(`chunk${number} `.padEnd(100)));
    await turns();
    expect([told.isDrained, socket.text.trim()]).toEqual([false, 'chunk0']);
    told.writeUrgent('RESPONSE ');
    await turns();
    for (let count = 0; count < 5; count += 1) socket.takeOne();
    expect([told.isDrained, socket.text.match(/chunk\d|RESPONSE/g)]).toEqual([
      true,
      ['chunk0', 'RESPONSE', 'chunk1', 'chunk2', 'chunk3', 'chunk4'],
    ]);
  });

  it('tells the sender of a chunk when the system has taken it, not before', async () => {
    const { connection: told, socket } = slow({ chunk: { maxOctets: 1, lingerMs: 20 } });
    const lane = told.lane(NOBODY);
    const written: string[] = [];
    for (const name of ['a', 'b'])
      told.writeChunk(
        lane,
        chunk(name, () => written.push(name)),
      );
    await turns();
    expect([socket.text, written]).toEqual(['a', []]);
    socket.takeOne();
    expect([socket.text, written]).toEqual(['ab', ['a']]);
  });

  it('says when a lane is over its high-water mark, and tells its owner when it is low again', async () => {
    const { connection: told, peer } = openPair({ chunk: { maxOctets: 1, lingerMs: 20 } });
    let lows = 0;
    const lane = told.lane({ laneIsLow: () => (lows += 1), chunkLeft: () => true });
    const overs = Array.from({ length: 12 }, () => told.writeChunk(lane, chunk('x'.repeat(1000))));
    expect(overs.indexOf(true)).toBe(10);
    expect(told.heldOctets).toBe(12_000);
    receiving(peer);
    while (!told.isDrained) await turns();
    expect([lows, told.heldOctets]).toEqual([1, 0]);
  });

  it('drops chunks that wait, not those that were given to the socket', async () => {
    const { connection: told, socket } = slow({ chunk: { maxOctets: 1, lingerMs: 20 } });
    const lane = told.lane(NOBODY);
    const chunks = ['a', 'b', 'c'].map((head) => chunk(head));
    for (const one of chunks) told.writeChunk(lane, one);
    await turns();
    expect(told.drop(lane, ({ octets }) => octets === 1)).toEqual(chunks.slice(1));
    socket.takeOne();
    socket.takeOne();
    expect([socket.text, told.isDrained, told.heldOctets]).toEqual(['a', true, 0]);
  });

  it('knows for how long the system has taken nothing of what waits (X-19)', async () => {
    const { connection: told, socket } = slow();
    expect(told.stalledMs(1000)).toBe(0);
    told.writeUrgent('somebody read this');
    await turns();
    expect([told.stalledMs(2000), told.stalledMs(5000)]).toEqual([0, 3000]);
    socket.takeOne();
    expect(told.stalledMs(9000)).toBe(0);
    told.writeUrgent('and this');
    await turns();
    expect([told.stalledMs(20_000), told.stalledMs(20_500)]).toEqual([0, 500]);
  });
});

describe('Connection: its end', () => {
  it('ends in peace: urgent texts leave, chunks do not, and it is told once', async () => {
    const { connection: told, events, peer } = openPair({ chunk: { maxOctets: 1, lingerMs: 20 } });
    const received = receiving(peer);
    const lane = told.lane(NOBODY);
    let writtenCount = 0;
    for (const head of ['a', 'b'])
      told.writeChunk(
        lane,
        chunk(head, () => (writtenCount += 1)),
      );
    told.writeUrgent('last words');
    told.end();
    expect([told.state, told.isUsable, events]).toEqual(['ending', false, ['closed in peace']]);
    expect(told.writeChunk(lane, chunk('too late'))).toBe(false);
    await once(peer, 'end');
    expect([received.text(), writtenCount, told.heldOctets]).toEqual(['last words', 0, 0]);
    told.end();
    told.destroy(new Error('again'));
    expect([told.state, events]).toEqual(['closed', ['closed in peace']]);
  });

  it('answers what it was asked before the peer ended its side', async () => {
    const { events, peer } = openPair({}, (told) => told.writeUrgent('200 OK'));
    const received = receiving(peer);
    peer.end(REQUEST);
    await once(peer, 'end');
    expect(received.text()).toBe('200 OK');
    expect(events.at(-1)).toBe('closed in peace');
  });

  it('does not wait for a peer that does not read its last words', async () => {
    const { connection: told, socket, peer } = openPair({ endMs: 10 });
    told.writeUrgent('x'.repeat(1_000_000));
    told.end();
    await once(socket, 'close');
    expect(told.state).toBe('closed');
    peer.destroy();
  });

  it('survives an urgent text that comes when the end is already written', async () => {
    const { connection: told, peer, events } = openPair();
    peer.pause();
    told.end();
    await turns();
    told.writeUrgent('too late');
    await turns();
    expect(events).toEqual(['closed in peace']);
  });

  it('is closed at once by destroy: what waits is lost, and the error is told', async () => {
    const { connection: told, events, peer, closed } = openPair();
    const received = receiving(peer);
    const error = new Error('enough');
    told.writeUrgent('never read');
    told.destroy(error);
    expect(await closed).toBe(error);
    await turns();
    told.writeUrgent('nothing');
    expect([received.text(), events, told.state]).toEqual(['', ['closed enough'], 'closed']);
  });

  it('tells an error of the socket once', async () => {
    const { events, socket, closed } = openPair();
    socket.destroy(new Error('reset'));
    expect((await closed)?.message).toBe('reset');
    await turns();
    expect(events).toEqual(['closed reset']);
  });

  it('closes a socket that opens when it is already over', async () => {
    const { connection: told, events } = connection();
    told.writeUrgent('never sent');
    told.end();
    expect([told.state, events]).toEqual(['closed', ['closed in peace']]);
    const [socket] = duplexPair();
    told.open(socket);
    expect([socket.destroyed, told.state]).toEqual([true, 'closed']);
  });
});

describe('Connection over a real socket', () => {
  /** An open connection on one side, a plain socket on the other. */
  async function realPair(onHead?: (connection: Connection) => void, allowHalfOpen = true) {
    const server = net.createServer({ allowHalfOpen }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const peer = net.connect({
      port: (server.address() as net.AddressInfo).port,
      host: '127.0.0.1',
      allowHalfOpen: true,
    });
    const [socket] = (await once(server, 'connection')) as [net.Socket];
    server.close();
    const told = connection({}, onHead);
    told.connection.open(socket);
    return { ...told, peer, socket };
  }

  it('answers a request that came together with the end of the peer', async () => {
    const { peer, events } = await realPair((told) => told.writeUrgent('200 OK'));
    const received = receiving(peer);
    peer.end(REQUEST);
    await once(peer, 'end');
    expect([received.text(), events.at(-1)]).toEqual(['200 OK', 'closed in peace']);
    await once(peer, 'close');
  });

  it('tells a reset', async () => {
    const { peer, closed, connection: told } = await realPair();
    peer.resetAndDestroy();
    expect((await closed)?.message).toContain('ECONNRESET');
    expect(told.state).toBe('closed');
  });

  it('passes a megabyte to a peer that reads late, in order', async () => {
    const { peer, connection: told } = await realPair();
    const lane = told.lane(NOBODY);
    peer.pause();
    for (let number = 0; number < 1024; number += 1) {
      told.writeChunk(lane, chunk(`${number}:`.padEnd(8), undefined, new Uint8Array(1016).fill(46)));
    }
    await turns(20);
    const received = receiving(peer);
    peer.resume();
    while (received.octets() < 1_048_576) await turns();
    const numbers = received.text().match(/\d+:/g);
    expect(numbers).toEqual(Array.from({ length: 1024 }, (_, number) => `${number}:`));
    peer.destroy();
    told.destroy();
  });

  it('leaves no socket behind when both sides end', async () => {
    const { peer, socket, connection: told } = await realPair();
    receiving(peer);
    peer.end();
    told.end();
    await Promise.all([once(socket, 'close'), once(peer, 'close')]);
    expect(told.state).toBe('closed');
  });
});
