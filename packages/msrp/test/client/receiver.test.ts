import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from '../../src/client/incoming-message.ts';
import {
  type ConversationOptions,
  converse,
  type Message,
  octetsUpTo,
  PEER_URI,
  type SendParts,
  turn,
} from './peer.ts';

/** A conversation whose messages are read whole: what came of each. */
async function reading(options: ConversationOptions = {}) {
  const conversation = await converse(options);
  const contents: (string | undefined)[] = [];
  const messages: IncomingMessage[] = [];
  conversation.session.on('message', (message) => {
    const index = messages.push(message) - 1;
    contents[index] = undefined;
    message.bytes().then(
      (octets) => {
        contents[index] = Buffer.from(octets).toString('latin1');
      },
      (error) => {
        contents[index] = error.code;
      },
    );
  });
  const send = (parts: SendParts) => conversation.peer.send(conversation.session, parts);
  return { ...conversation, contents, messages, send };
}

const statuses = (messages: readonly Message[]) => messages.map(({ status }) => status);
const reports = (messages: readonly Message[]) =>
  messages.filter(({ method }) => method === 'REPORT').map((report) => report.header('Byte-Range'));

describe('chunks become messages', () => {
  it.each([
    ['without Byte-Range', null],
    ['from 1 on', '1-5/5'],
    ['from 1 on, of a length that was not said', '1-*/*'],
  ])('a complete one %s (S-15)', async (_, range) => {
    const { peer, contents, send } = await reading();
    send({ range, body: 'hello' });
    expect(statuses(await peer.rest())).toEqual([200]);
    expect(contents).toEqual(['hello']);
  });

  it('of two chunks, as a client that interrupts itself sends them (S-15)', async () => {
    const { peer, contents, messages, send } = await reading();
    const body = Buffer.from(octetsUpTo(6000)).toString('latin1');
    send({ messageId: 'm-01', range: '1-*/6000', body: body.slice(0, 2500), flag: '+' });
    send({ messageId: 'm-01', range: '2501-*/6000', body: body.slice(2500) });
    expect(statuses(await peer.rest())).toEqual([200, 200]);
    expect(messages).toHaveLength(1);
    expect(contents).toEqual([body]);
  });

  it('by Message-ID, when those of two messages alternate', async () => {
    const { contents, send } = await reading();
    send({ messageId: 'm-01', range: '1-*/6', body: 'abc', flag: '+' });
    send({ messageId: 'm-02', range: '1-*/6', body: 'ABC', flag: '+' });
    send({ messageId: 'm-01', range: '4-*/6', body: 'def' });
    send({ messageId: 'm-02', range: '4-*/6', body: 'DEF' });
    await turn();
    expect(contents).toEqual(['abcdef', 'ABCDEF']);
  });

  it('by session: the same Message-ID in another one is another message (S-15)', async () => {
    const { peer, another, contents, send } = await reading();
    const other = await another();
    const others: string[] = [];
    other.on('message', async (message) => others.push(await message.text()));
    send({ messageId: 'm-01', range: '1-*/6', body: 'abc', flag: '+' });
    peer.send(other, { messageId: 'm-01', range: '1-*/6', body: 'ABC', flag: '+' });
    peer.send(other, { messageId: 'm-01', range: '4-*/6', body: 'DEF' });
    send({ messageId: 'm-01', range: '4-*/6', body: 'def' });
    await turn();
    expect([contents, others]).toEqual([['abcdef'], ['ABCDEF']]);
  });

  it('with the last one first (S-16)', async () => {
    const { peer, contents, send } = await reading();
    send({ messageId: 'm-01', range: '5-8/8', body: 'efgh', flag: '$' });
    await turn();
    expect(contents).toEqual([undefined]);
    send({ messageId: 'm-01', range: '1-4/8', successReport: 'yes', body: 'abcd', flag: '+' });
    expect(statuses(await peer.rest())).toEqual([200, 200]);
    expect(contents).toEqual(['abcdefgh']);
  });

  it('where they overlap, of the later arrival (S-16)', async () => {
    const { contents, messages, session, send } = await reading();
    session.on('message', () => undefined);
    send({ messageId: 'm-01', range: '3-6/8', body: 'cdef', flag: '+' });
    send({ messageId: 'm-01', range: '5-8/8', body: 'EFGH', flag: '$' });
    send({ messageId: 'm-01', range: '1-3/8', body: 'ABC', flag: '+' });
    await turn();
    expect(messages).toHaveLength(1);
    expect(contents).toEqual(['ABCdEFGH']);
  });

  it('of the octets that there are, whatever range-end and total say (S-17)', async () => {
    const { peer, contents, send } = await reading();
    send({ messageId: 'm-01', range: '1-100/100', body: octetsUpTo(40), flag: '+' });
    send({ messageId: 'm-01', range: '41-50/100', body: 'x'.repeat(20), flag: '$' });
    expect(statuses(await peer.rest())).toEqual([200, 200]);
    expect(contents[0]).toHaveLength(60);
  });

  it('of no octets or of 8 MiB (S-26)', async () => {
    const { peer, contents, send } = await reading();
    send({ messageId: 'm-01', range: '1-0/8388608', body: '', flag: '+' });
    for (let at = 0; at < 8_388_608; at += 65_536) {
      const flag = at + 65_536 === 8_388_608 ? '$' : '+';
      send({ messageId: 'm-01', range: `${at + 1}-*/8388608`, body: new Uint8Array(65_536), flag });
      await turn();
    }
    expect(new Set(statuses(await peer.rest()))).toEqual(new Set([200]));
    expect(contents[0]).toHaveLength(8_388_608);
  });

  it('in one chunk of 8 MiB that comes in pieces (S-26)', async () => {
    const { session, peer, contents } = await reading();
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/8388608', body: '' }));
    for (let at = 0; at < 8_388_608; at += 65_536) {
      peer.write(new Uint8Array(65_536));
      await turn();
    }
    peer.write('\r\n-------tid1$\r\n');
    expect(statuses(await peer.rest())).toEqual([200]);
    expect(contents[0]).toHaveLength(8_388_608);
  });

  it('whatever the cuts, the order and the repetitions, and each octet is reported (S-16, S-27, P-03)', async () => {
    const conversation = await reading({ maxPartialMessages: 1 });
    const { peer, contents, send } = conversation;
    const whole = Buffer.from(octetsUpTo(120)).toString('latin1');
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 119 }), { maxLength: 8 });
    let count = 0;
    await fc.assert(
      fc.asyncProperty(cuts, fc.infiniteStream(fc.nat(1000)), async (places, random) => {
        const draw = () => random.next().value ?? 0;
        const borders = [0, ...places.sort((a, b) => a - b), 120];
        const chunks = borders.slice(1).map((end, index) => ({ start: borders[index] ?? 0, end, rank: draw() }));
        const repeated = chunks.filter(() => draw() < 300).map((chunk) => ({ ...chunk, rank: draw() }));
        const messageId = `message-${count}`;
        for (const { start, end } of [...chunks, ...repeated].sort((a, b) => a.rank - b.rank)) {
          const body = whole.slice(start, end);
          const flag = end === 120 ? '$' : '+';
          send({ messageId, range: `${start + 1}-*/*`, successReport: 'yes', body, flag });
          if (draw() < 200) await turn();
        }
        const rest = await peer.rest();
        expect(contents[count]).toBe(whole);
        expect(contents).toHaveLength(count + 1);
        expect(statuses(rest).filter((status) => status !== 0 && status !== 200)).toEqual([]);
        expect(reports(rest)).toContain('1-120/120');
        count += 1;
      }),
      { numRuns: 200 },
    );
  });
});

describe('what is refused', () => {
  it('is a message that nobody listens to: 403', async () => {
    const { peer, session } = await converse();
    peer.send(session, { body: 'hello' });
    expect(statuses(await peer.rest())).toEqual([403]);
  });

  it('is a type outside accept-types: 415, but in silence with Failure-Report no (S-19)', async () => {
    const { peer, contents, send } = await reading({ acceptTypes: ['text/*', 'message/cpim'] });
    send({ contentType: 'image/png', body: 'hello' });
    send({ contentType: 'image/png', failureReport: 'partial', body: 'hello' });
    send({ contentType: 'image/png', failureReport: 'no', body: 'hello' });
    send({ contentType: 'TEXT/html;charset=utf-8', body: 'hello' });
    expect(statuses(await peer.rest())).toEqual([415, 415, 200]);
    expect(contents).toEqual(['hello']);
  });

  it.each(['multipart/mixed', 'multipart/alternative', 'multipart/signed', 'message/cpim'])(
    'is not %s, when it was offered (S-20)',
    async (type) => {
      const { peer, contents, send } = await reading({ acceptTypes: [type] });
      send({ contentType: `${type};boundary=xyz;micalg="sha-256"`, body: '--xyz--' });
      expect(statuses(await peer.rest())).toEqual([200]);
      expect(contents).toEqual(['--xyz--']);
    },
  );

  it.each([
    ['its total says so', '1-*/101', 'x'],
    ['its start says so', '102-*/*', 'x'],
    ['it starts a billion octets in', '999999999-*/*', 'x'],
    ['it starts beyond all octets', '9007199254740991-*/*', 'x'],
  ])('is a message that is too long because %s: 413 (S-18)', async (_, range, body) => {
    const { peer, messages, send } = await reading({ maxMessageOctets: 100 });
    send({ range, body });
    expect(statuses(await peer.rest())).toEqual([413]);
    expect(messages).toHaveLength(0);
  });

  it('is a message that turns out to be too long, at the octet that is too many: 413 (S-18)', async () => {
    const { session, peer, contents } = await reading({ maxMessageOctets: 100 });
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/*', body: '' }));
    peer.write(octetsUpTo(100));
    expect(await peer.rest()).toEqual([]);
    peer.write('x');
    expect(statuses(await peer.rest())).toEqual([413]);
    peer.write(`${'x'.repeat(100_000)}\r\n-------tid1#\r\n`);
    expect(await peer.rest()).toEqual([]);
    expect(contents).toEqual(['MSRP_ABORTED']);
    peer.send(session, { body: 'next' });
    expect(statuses(await peer.rest())).toEqual([200]);
  });

  it('is a message whose second chunk claims too much: its reader is told, too', async () => {
    const { peer, contents, send } = await reading({ maxMessageOctets: 100 });
    send({ messageId: 'm-01', range: '1-*/*', body: 'hello', flag: '+' });
    send({ messageId: 'm-01', range: '6-*/1000', body: 'hello', flag: '+' });
    await turn();
    expect(statuses((await peer.rest()).filter(({ method }) => method === ''))).toEqual([200, 413]);
    expect(contents).toEqual(['MSRP_ABORTED']);
  });

  it('takes a message of exactly the longest length', async () => {
    const { peer, contents, send } = await reading({ maxMessageOctets: 100 });
    send({ range: '1-100/100', body: 'x'.repeat(100) });
    expect(statuses(await peer.rest())).toEqual([200]);
    expect(contents[0]).toHaveLength(100);
  });

  it('is what lies too far beyond a gap: 413, and no memory is taken for the gap (S-18)', async () => {
    const { peer, contents, send } = await reading();
    const before = process.memoryUsage().arrayBuffers;
    send({ messageId: 'm-01', range: '999999999-*/*', body: 'x', flag: '+' });
    expect(statuses(await peer.rest())).toEqual([200]);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1_000_000);
    send({ messageId: 'm-01', range: '1000-*/*', body: new Uint8Array(1_048_576), flag: '+' });
    const rest = await peer.rest();
    expect(statuses(rest.filter(({ method }) => method === ''))).toEqual([413]);
    expect(reports(rest)).toEqual(['999999999-999999999/*']);
    expect(contents).toEqual(['MSRP_ABORTED']);
    send({ messageId: 'm-01', range: '1-*/*', body: 'x', flag: '+' });
    expect(statuses(await peer.rest())).toEqual([413]);
  });

  it('is one message more than may be incomplete at a time: 413 (S-18)', async () => {
    const { peer, contents, send } = await reading({ maxPartialMessages: 2 });
    send({ messageId: 'm-01', range: '1-*/*', body: 'one', flag: '+' });
    send({ messageId: 'm-02', range: '1-*/*', body: 'two', flag: '+' });
    send({ messageId: 'm-03', body: 'three' });
    expect(statuses(await peer.rest())).toEqual([200, 200, 413]);
    send({ messageId: 'm-01', range: '4-3/3', body: '' });
    await turn();
    send({ messageId: 'm-04', body: 'four' });
    expect(statuses(await peer.rest())).toEqual([200, 200]);
    expect(contents).toEqual(['one', undefined, 'four']);
  });

  it('is no message of a crowd that comes in one read', async () => {
    const { session, peer, contents } = await reading();
    const crowd = Array.from({ length: 300 }, (_, index) => {
      const tid = `tid${1000 + index}`;
      return `${peer.sendHead(session, { tid, body: 'hello' })}hello\r\n-------${tid}$\r\n`;
    });
    peer.write(crowd.join(''));
    expect(new Set(statuses(await peer.rest()))).toEqual(new Set([200]));
    expect(contents).toHaveLength(300);
    expect(new Set(contents)).toEqual(new Set(['hello']));
    expect(peer.channel.isPaused).toBe(false);
  });

  it('is what still comes of a message that was given up for lack of progress: 413 (S-18)', async () => {
    const { clock, peer, contents, send } = await reading({ partialTimeoutMs: 10_000 });
    send({ messageId: 'm-01', range: '1-*/*', body: 'one', flag: '+' });
    clock.advance(9999);
    await turn();
    send({ messageId: 'm-01', range: '4-*/*', body: 'two', flag: '+' });
    await turn();
    clock.advance(9999);
    await turn();
    expect(contents).toEqual([undefined]);
    clock.advance(1);
    await turn();
    expect(contents).toEqual(['MSRP_TIMEOUT']);
    send({ messageId: 'm-01', range: '7-*/*', body: 'three', flag: '+' });
    expect(statuses(await peer.rest())).toEqual([200, 200, 413]);
  });

  it('is what still comes of a message that its sender gave up', async () => {
    const { peer, contents, send } = await reading();
    send({ messageId: 'm-01', range: '1-*/*', body: 'one', flag: '#' });
    send({ messageId: 'm-01', range: '4-*/*', body: 'two', flag: '+' });
    expect(statuses(await peer.rest())).toEqual([200, 413]);
    expect(contents).toEqual(['MSRP_ABORTED']);
  });
});

describe('a message that is there already (S-24)', () => {
  it('is answered and reported again, but not shown', async () => {
    const { peer, messages, send } = await reading();
    send({ messageId: 'm-01', successReport: 'yes', body: 'hello' });
    expect(await peer.rest()).toHaveLength(2);
    send({ messageId: 'm-01', successReport: 'yes', body: 'hello' });
    const rest = await peer.rest();
    expect(statuses(rest.filter(({ method }) => method === ''))).toEqual([200]);
    expect(reports(rest)).toEqual(['1-5/5']);
    expect(messages).toHaveLength(1);
  });

  it('in chunks is answered for each, and reported at its end', async () => {
    const { peer, messages, send } = await reading();
    send({ messageId: 'm-01', body: 'hello' });
    await turn();
    send({ messageId: 'm-01', range: '1-*/5', successReport: 'yes', body: 'hel', flag: '+' });
    send({ messageId: 'm-01', range: '4-*/5', successReport: 'yes', body: 'lo' });
    const rest = await peer.rest();
    expect(statuses(rest.filter(({ method }) => method === ''))).toEqual([200, 200, 200]);
    expect(reports(rest)).toEqual(['1-5/5']);
    expect(messages).toHaveLength(1);
  });

  it('is not shown again although it has not been read yet', async () => {
    const { peer, session } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    peer.send(session, { messageId: 'm-01', successReport: 'yes', body: 'hello' });
    peer.send(session, { messageId: 'm-01', successReport: 'yes', body: 'hello' });
    expect(statuses(await peer.rest())).toEqual([200, 200]);
    expect(messages).toHaveLength(1);
    expect(await messages[0]?.text()).toBe('hello');
    expect(reports(await peer.rest())).toEqual(['1-5/5']);
  });

  it('is known as such for as long as 256 others have come since', async () => {
    const { messages, send } = await reading();
    const sendEach = async (from: number, to: number) => {
      for (let index = from; index <= to; index += 1) {
        send({ messageId: `message-${index}`, body: 'hello' });
        await turn();
      }
    };
    await sendEach(0, 255);
    send({ messageId: 'message-0', body: 'hello' });
    await turn();
    expect(messages).toHaveLength(256);
    await sendEach(256, 256);
    send({ messageId: 'message-0', body: 'hello' });
    await turn();
    expect(messages).toHaveLength(258);
  });

  it('leaves none of its octets in memory once it was refused', async () => {
    const { peer, session } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    const beforeOctets = await octetsInUse();
    for (let index = 0; index < 100; index += 1) {
      const range = '2-*/*';
      peer.send(session, { messageId: `message-${index}`, range, body: new Uint8Array(500_000), flag: '+' });
      messages.at(-1)?.reject();
    }
    // Octets of buffers are given back some time after their objects were.
    await expect.poll(async () => (await octetsInUse()) - beforeOctets).toBeLessThan(10_000_000);
    expect(messages).toHaveLength(100);
  });

  it('holds no more memory than its octets, however large the read was that they came in', async () => {
    const { peer, session } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    const beforeOctets = await octetsInUse();
    for (let index = 0; index < 200; index += 1) {
      const short = `${peer.sendHead(session, { tid: 'tid1', body: 'hello' })}hello\r\n-------tid1$\r\n`;
      const other = peer.sendHead(session, { tid: 'tid2', toPath: PEER_URI, failureReport: 'no', body: '' });
      peer.write(`${short}${other}${'x'.repeat(60_000)}\r\n-------tid2$\r\n`);
    }
    await expect.poll(async () => (await octetsInUse()) - beforeOctets).toBeLessThan(3_000_000);
    expect(messages).toHaveLength(200);
  });
});

/** Octets of buffers that somebody still holds. */
async function octetsInUse(): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  for (let count = 0; count < 3; count += 1) {
    collect();
    await turn();
  }
  return process.memoryUsage().arrayBuffers;
}
