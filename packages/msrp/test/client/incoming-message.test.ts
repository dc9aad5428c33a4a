import { describe, expect, it } from 'vitest';
import type { IncomingMessage } from '../../src/client/incoming-message.ts';
import {
  type Conversation,
  type ConversationOptions,
  converse,
  type Message,
  octetsUpTo,
  PEER_URI,
  turn,
} from './peer.ts';

/** A conversation whose messages are gathered and not read. */
async function listening(options: ConversationOptions = {}) {
  const conversation = await converse(options);
  const messages: IncomingMessage[] = [];
  conversation.session.on('message', (message) => messages.push(message));
  const first = () => {
    const [message] = messages;
    if (message === undefined) throw new Error('no message has come');
    return message;
  };
  return { ...conversation, messages, first };
}

const statuses = (messages: readonly Message[]) => messages.map(({ status }) => status);

/** REPORTs as `range status`. */
function reports(messages: readonly Message[]): string[] {
  const only = messages.filter(({ method }) => method === 'REPORT');
  return only.map((report) => `${report.header('Byte-Range')} ${report.header('Status')}`);
}

/** The rest of a SEND whose head was written. */
function endLine(tid: string, flag = '$'): string {
  return `\r\n-------${tid}${flag}\r\n`;
}

describe('reading a message', () => {
  it('shows what its first chunk says, and gives its text', async () => {
    const { session, peer, first } = await listening();
    const fromPath = `msrps://relay.example:2855/r7;tcp ${PEER_URI}`;
    peer.send(session, {
      messageId: 'm-01',
      fromPath,
      extra: 'X-Colour: red\r\n',
      contentType: 'Text/Plain; charset=utf-8',
      body: 'Zo\xc3\xab \xff',
    });
    expect(first().header('x-COLOUR')).toBe('red');
    expect(first().header('X-Other')).toBeUndefined();
    expect(first()).toMatchObject({
      messageId: 'm-01',
      fromPath,
      contentType: 'Text/Plain; charset=utf-8',
      totalOctets: 6,
      receivedOctets: 6,
    });
    expect(await first().text()).toBe('Zoë \ufffd');
  });

  it('gives octets as they come, before their chunk is complete', async () => {
    const { session, peer, first } = await listening();
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/*', body: '' }));
    const iterator = first()[Symbol.asyncIterator]();
    const next = async () => Buffer.from((await iterator.next()).value ?? []).toString('latin1');
    peer.write('one');
    expect(await next()).toBe('one');
    expect(first()).toMatchObject({ totalOctets: undefined, receivedOctets: 3 });
    const two = next();
    peer.write('two');
    expect(await two).toBe('two');
    const end = iterator.next();
    peer.write(endLine('tid1'));
    expect(await end).toEqual({ done: true, value: undefined });
    expect(first().totalOctets).toBe(6);
  });

  it('gives nothing of an empty message, which is content all the same (S-13)', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { range: '1-0/0', successReport: 'yes', body: '' });
    expect(await first().text()).toBe('');
    const [answer, report] = await peer.rest();
    expect(answer?.status ?? report?.status).toBeDefined();
    expect(reports(peer.messages)).toEqual(['1-0/0 000 200 OK']);
  });

  it('happens once', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { body: 'hello' });
    expect(await first().bytes()).toHaveLength(5);
    await expect(first().bytes()).rejects.toThrow(TypeError);
  });

  it('goes wrong when the sender gives up; what had come is read before', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { range: '1-*/100', body: 'hello', flag: '#' });
    const pieces: Uint8Array[] = [];
    const reading = async () => {
      for await (const piece of first()) pieces.push(piece);
    };
    await expect(reading()).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
    expect(Buffer.concat(pieces).toString()).toBe('hello');
    expect(statuses(await peer.rest())).toEqual([200]);
  });

  it('goes wrong when the session is closed', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { range: '1-*/100', body: 'hello', flag: '+' });
    const reading = first().bytes();
    session.close();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
  });
});

describe('success reports', () => {
  it('come when the application has read, not before (P-03)', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { messageId: 'm-01', successReport: 'yes', body: octetsUpTo(5000) });
    expect(statuses(await peer.rest())).toEqual([200]);
    await first().bytes();
    const [report] = await peer.rest();
    expect(report?.text).toBe(
      `MSRP ${report?.tid} REPORT\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${session.uri}\r\nMessage-ID: m-01\r\n` +
        `Byte-Range: 1-5000/5000\r\nStatus: 000 200 OK\r\n-------${report?.tid}$\r\n`,
    );
  });

  it('go back the whole way that the message came (P-02)', async () => {
    const { session, peer, first } = await listening();
    const fromPath = `msrps://relay.example:2855/r7;tcp msrps://other.example:2855/r8;tcp ${PEER_URI}`;
    peer.send(session, { fromPath, successReport: 'yes', body: 'hello' });
    await first().bytes();
    const [, report] = await peer.rest();
    expect(report?.header('To-Path')).toBe(fromPath);
    expect(report?.header('From-Path')).toBe(session.uri);
  });

  it('come when the end-line does, of octets that were read before it', async () => {
    const { session, peer, first, clock } = await listening();
    const head = peer.sendHead(session, { tid: 'tid1', range: '1-*/*', successReport: 'yes', body: '' });
    peer.write(`${head}hello`);
    const reading = first().bytes();
    expect(reports(await peer.rest())).toEqual([]);
    peer.write(endLine('tid1'));
    expect(await reading).toHaveLength(5);
    expect(reports(await peer.rest())).toEqual(['1-5/5 000 200 OK']);
    clock.advance(120_000);
    expect(await peer.rest()).toEqual([]);
  });

  it('come when an empty last chunk shows that all has been read before', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { messageId: 'm-01', range: '1-*/*', successReport: 'yes', body: 'hello', flag: '+' });
    const reading = first().bytes();
    await turn();
    peer.send(session, { messageId: 'm-01', range: '6-5/5', successReport: 'yes', body: '' });
    expect(await reading).toHaveLength(5);
    expect(reports(await peer.rest())).toEqual(['1-5/5 000 200 OK']);
  });

  it('are not sent unasked, nor responses with Failure-Report no (P-04, P-06)', async () => {
    const { session, peer, messages } = await listening();
    peer.send(session, { body: 'hello' });
    peer.send(session, { successReport: 'no', body: 'hello' });
    peer.send(session, { successReport: 'yes', failureReport: 'no', body: 'hello' });
    for (const message of messages) await message.bytes();
    const rest = await peer.rest();
    expect(statuses(rest.filter(({ method }) => method === ''))).toEqual([200, 200]);
    expect(reports(rest)).toEqual(['1-5/5 000 200 OK']);
  });

  it('of a long message come in between, cover every octet once, and none is empty (P-03, P-05)', async () => {
    const { session, peer, first } = await listening();
    const half = new Uint8Array(1_048_576);
    const head = peer.sendHead(session, { tid: 'tid1', range: '1-*/*', successReport: 'yes', body: '' });
    peer.write(head);
    const reading = (async () => {
      let octets = 0;
      for await (const piece of first()) octets += piece.length;
      return octets;
    })();
    for (let index = 0; index < 16; index += 1) {
      peer.write(half);
      await turn();
    }
    expect(reports(await peer.rest()).map((report) => report.slice(0, 9))).toEqual(['1-8388608', '8388609-1']);
    peer.write(endLine('tid1'));
    expect(await reading).toBe(16_777_216);
    const rest = await peer.rest();
    expect(reports(peer.messages)).toEqual(['1-8388608/* 000 200 OK', '8388609-16777216/* 000 200 OK']);
    expect(statuses(rest)).toEqual([200]);
  });

  it('come of a message whose reader stops after its last piece', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { successReport: 'yes', body: 'hello' });
    for await (const piece of first()) {
      expect(piece).toHaveLength(5);
      break;
    }
    expect(reports(await peer.rest())).toEqual(['1-5/5 000 200 OK']);
  });
});

describe('refusing a message', () => {
  /** What the peer got, in order: statuses of responses, REPORTs as text. */
  const told = (messages: readonly Message[]) =>
    messages.map((message) => (message.method === '' ? message.status : reports([message])[0]));

  /** A conversation in which chunks 1-10 and, open, 11-20 of 30 have come. */
  async function inMidChunk(parts: { failureReport?: string; successReport?: string } = {}) {
    const conversation = await listening();
    const { session, peer } = conversation;
    const same = { messageId: 'm-01', ...parts };
    peer.send(session, { ...same, range: '1-10/30', body: '0123456789', flag: '+' });
    peer.write(`${peer.sendHead(session, { ...same, tid: 'tid2', range: '11-*/30', body: '' })}abcdefghij`);
    const goOn = () => peer.send(session, { ...same, range: '21-30/30', body: 'ABCDEFGHIJ' });
    return { ...conversation, goOn };
  }

  it('as it begins answers 413 at once, and reads the rest of the chunk away (R-13)', async () => {
    const { session, peer } = await converse();
    session.on('message', (message) => message.reject());
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/1000000', body: '' }));
    expect((await peer.rest()).map(({ tid, status, comment }) => [tid, status, comment])).toEqual([
      ['tid1', 413, 'Message too large'],
    ]);
    peer.write(octetsUpTo(100_000));
    peer.write(endLine('tid1', '#'));
    peer.send(session, { body: 'next' });
    expect(statuses(await peer.rest())).toEqual([413]);
  });

  it('with another status and comment answers and reports those', async () => {
    const { session, peer, first, goOn } = await inMidChunk();
    first().reject(415, 'no thanks');
    peer.write(`x${endLine('tid2', '#')}`);
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 415 no thanks', 415]);
    goOn();
    expect(told(await peer.rest())).toEqual([415]);
    expect(session.isOpen).toBe(true);
  });

  it('in the middle reports what was answered, and answers the open chunk and what still comes (P-17, P-19)', async () => {
    const { peer, first, goOn } = await inMidChunk();
    first().reject();
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 413']);
    peer.write('k');
    expect(told(await peer.rest())).toEqual([413]);
    peer.write(endLine('tid2'));
    goOn();
    expect(told(await peer.rest())).toEqual([413]);
    await expect(first().bytes()).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
  });

  it('in the middle answers a chunk that brings nothing more with its end-line', async () => {
    const { peer, first } = await inMidChunk();
    first().reject();
    peer.write(endLine('tid2'));
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 413', 413]);
  });

  it('says nothing at all with Failure-Report no (P-18)', async () => {
    const { peer, first, goOn } = await inMidChunk({ failureReport: 'no' });
    first().reject();
    peer.write(endLine('tid2'));
    goOn();
    expect(await peer.rest()).toEqual([]);
  });

  it('is told by errors alone with Failure-Report partial (R-09)', async () => {
    const { peer, first, goOn } = await inMidChunk({ failureReport: 'partial' });
    first().reject();
    peer.write(endLine('tid2'));
    goOn();
    expect(told(await peer.rest())).toEqual(['1-10/30 000 413', 413, 413]);
  });

  it('tells each range that was answered, and none twice, whatever the order of the chunks', async () => {
    const { session, peer, first } = await listening();
    const send = (range: string, body: string) => peer.send(session, { messageId: 'm-01', range, body, flag: '+' });
    send('21-30/90', '0123456789');
    send('1-10/90', '0123456789');
    send('31-40/90', '0123456789');
    first().reject();
    first().reject();
    expect(told(await peer.rest())).toEqual([200, 200, 200, '1-10/90 000 413', '21-40/90 000 413']);
  });

  it('does not call failed what was reported as read', async () => {
    const { session, peer, first } = await listening();
    const same = { messageId: 'm-01', successReport: 'yes' };
    peer.send(session, { ...same, range: '1-*/*', body: new Uint8Array(8_388_608), flag: '+' });
    const iterator = first()[Symbol.asyncIterator]();
    for (let octets = 0; octets < 8_388_608; ) octets += (await iterator.next()).value?.length ?? 0;
    const waiting = iterator.next();
    await turn();
    peer.send(session, { ...same, range: '8388609-8388613/*', body: 'hello', flag: '+' });
    await waiting;
    await iterator.return?.(undefined);
    expect(told(await peer.rest())).toEqual([200, '1-8388608/* 000 200 OK', 200, '8388609-8388613/* 000 413']);
  });

  it('comes too late once the sender was told that all was read', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { successReport: 'yes', body: 'hello' });
    await first().bytes();
    first().reject();
    expect(told(await peer.rest())).toEqual([200, '1-5/5 000 200 OK']);
    peer.send(session, { messageId: first().messageId, body: 'hello' });
    expect(told(await peer.rest())).toEqual([200]);
  });

  it('after all was read, and nothing reported, is a REPORT (P-17)', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { body: 'hello' });
    expect(await first().text()).toBe('hello');
    expect(told(await peer.rest())).toEqual([200]);
    first().reject(408, 'the gateway is gone');
    first().reject();
    expect(told(await peer.rest())).toEqual(['1-5/5 000 408 the gateway is gone']);
  });

  it('is what a reader does who stops before the end', async () => {
    const { peer, first } = await inMidChunk();
    for await (const piece of first()) {
      expect(piece.length).toBeGreaterThan(0);
      break;
    }
    peer.write(endLine('tid2'));
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 413', 413]);
  });

  it('is what a reader does who throws', async () => {
    const { peer, first } = await inMidChunk();
    const reading = (async () => {
      for await (const _ of first()) throw new Error('disk full');
    })();
    await expect(reading).rejects.toThrow('disk full');
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 413']);
  });

  it('is what gathering more than allowed does, as soon as it shows', async () => {
    const { session, peer, first } = await listening();
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/*', body: '' }));
    const gathering = first().bytes(10);
    peer.write('0123456789');
    await turn();
    expect(await peer.rest()).toEqual([]);
    peer.write('0');
    await expect(gathering).rejects.toMatchObject({ code: 'MSRP_TOO_LARGE' });
    peer.write(`1${endLine('tid1', '#')}`);
    expect(told(await peer.rest())).toEqual([413]);
  });

  it('is what gathering does at the first octet when the sender says that there will be too many', async () => {
    const { session, peer, first } = await listening();
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/11', body: '' }));
    const gathering = first().text(10);
    peer.write('0');
    await expect(gathering).rejects.toMatchObject({ code: 'MSRP_TOO_LARGE' });
    peer.write('1');
    expect(told(await peer.rest())).toEqual([413]);
  });

  it('takes exactly as many as allowed', async () => {
    const { session, peer, first } = await listening();
    peer.send(session, { body: '0123456789' });
    expect(await first().text(10)).toBe('0123456789');
  });

  it('refuses a comment that would forge a header', async () => {
    const { peer, first } = await inMidChunk();
    expect(() => first().reject(413, 'a\r\nStatus: 000 200')).toThrow(
      expect.objectContaining({ code: 'MSRP_BAD_CONTENT' }),
    );
    first().reject(413, 'a');
    expect(told(await peer.rest())).toEqual([200, '1-10/30 000 413 a']);
  });
});

describe('a reader that is slow', () => {
  const piece = new Uint8Array(65_536);

  async function flooded(): Promise<Conversation & { first(): IncomingMessage }> {
    const conversation = await listening();
    const { session, peer } = conversation;
    peer.write(peer.sendHead(session, { tid: 'tid1', range: '1-*/*', body: '' }));
    for (let octets = 0; octets < 262_144; octets += 65_536) peer.write(piece);
    expect(peer.channel.isPaused).toBe(false);
    peer.write('x');
    expect(peer.channel.isPaused).toBe(true);
    return conversation;
  }

  it('stops the connection, and lets it go on once it has caught up', async () => {
    const { peer, first } = await flooded();
    const iterator = first()[Symbol.asyncIterator]();
    for (let pieces = 0; pieces < 3; pieces += 1) await iterator.next();
    expect(peer.channel.isPaused).toBe(true);
    await iterator.next();
    await iterator.next();
    expect(peer.channel.isPaused).toBe(false);
    await iterator.return?.(undefined);
  });

  it('lets it go on when the message is refused', async () => {
    const { peer, first } = await flooded();
    first().reject();
    expect(peer.channel.isPaused).toBe(false);
  });

  it('lets it go on when the session is closed', async () => {
    const { session, peer } = await flooded();
    session.close();
    expect(peer.channel.isPaused).toBe(false);
  });

  it('lets it go on when the session fails, for the sake of the others on the connection', async () => {
    const { session, peer } = await flooded();
    peer.write(endLine('tid1', '+'));
    const { messageId } = session.send('hello');
    await turn();
    peer.reportOn(session, messageId, '1-5/5', '000 408 gone');
    expect(session.isOpen).toBe(false);
    expect(peer.channel.isPaused).toBe(false);
    session.close();
  });

  it('does not hold it for ever: what is not read in time is given up (S-18)', async () => {
    const { clock, peer, first } = await flooded();
    clock.advance(60_000);
    expect(peer.channel.isPaused).toBe(false);
    peer.write(endLine('tid1', '+'));
    expect(statuses(await peer.rest())).toEqual([413]);
    const reading = (async () => {
      for await (const _ of first());
    })();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_TIMEOUT' });
  });

  it('stops it for many messages of an octet each', async () => {
    const { session, peer, messages } = await listening();
    for (let count = 0; count < 256; count += 1) peer.send(session, { body: 'x' });
    expect(peer.channel.isPaused).toBe(false);
    peer.send(session, { body: 'x' });
    expect(peer.channel.isPaused).toBe(true);
    for (const message of messages.slice(0, 192)) await message.bytes();
    expect(peer.channel.isPaused).toBe(true);
    await messages[192]?.bytes();
    expect(peer.channel.isPaused).toBe(false);
    expect(new Set(statuses(await peer.rest()))).toEqual(new Set([200]));
    session.close();
  });

  it('stops it for several messages that are not large', async () => {
    const { session, peer, messages } = await listening();
    for (let count = 0; count < 5; count += 1) peer.send(session, { body: piece });
    expect(peer.channel.isPaused).toBe(true);
    for (const message of messages) await message.bytes();
    expect(peer.channel.isPaused).toBe(false);
    expect(statuses(await peer.rest())).toEqual([200, 200, 200, 200, 200]);
  });
});
