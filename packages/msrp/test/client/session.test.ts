import { describe, expect, it } from 'vitest';
import type { MsrpError } from '../../src/base/index.ts';
import type { IncomingMessage } from '../../src/client/incoming-message.ts';
import { type Conversation, converse, type Message, octetsUpTo, PEER_URI, Peer, turn } from './peer.ts';

const ranges = (chunks: readonly Message[]) => chunks.map((chunk) => `${chunk.header('Byte-Range')}${chunk.flag}`);
const coded = (code: string) => expect.objectContaining({ code });

/** What a session tells of its end. */
function endOf({ session }: Pick<Conversation, 'session'>): string[] {
  const told: string[] = [];
  session.on('failed', ({ code, status }) => told.push(status === undefined ? code : `${code} ${status}`));
  session.on('closed', () => told.push('closed'));
  return told;
}

describe('opening a session', () => {
  it('as the active side sends a SEND without body at once, octet for octet (S-04, S-13, S-14)', async () => {
    const { endpoint, peer } = await converse();
    const session = endpoint.createSession();
    await session.open(PEER_URI);
    const first = peer.messages.at(-1) ?? (await peer.next());
    expect(first.text).toBe(
      `MSRP ${first.tid} SEND\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${session.uri}\r\n` +
        `Message-ID: ${first.header('Message-ID')}\r\nByte-Range: 1-0/0\r\n-------${first.tid}$\r\n`,
    );
  });

  it('as the passive side sends nothing', async () => {
    const { endpoint, peer } = await converse();
    const session = endpoint.createSession();
    await session.open(PEER_URI, 'passive');
    expect(await peer.rest()).toEqual([]);
    expect(session.connection).toBeUndefined();
  });

  it('shows its own URI as path, and says that its hop is secure, but of nothing behind it (SE-15)', async () => {
    const { session } = await converse();
    expect(session.path).toBe(session.uri);
    expect(session.usePath).toBe('');
    expect(session.peerPath).toBe(PEER_URI);
    expect(session.isHopSecure).toBe(true);
    expect(Object.keys(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(session)))).not.toContain('isSecure');
    const { session: other } = await converse({ traits: { isSecure: false } });
    expect(other.isHopSecure).toBe(false);
  });

  it.each([
    ['an empty path', ''],
    ['a path without session-id', 'msrps://peer.example:9000;tcp'],
    ['a path that is none', `${PEER_URI} nonsense`],
  ])('to %s is refused', async (_, path) => {
    const { endpoint } = await converse();
    await expect(endpoint.createSession().open(path)).rejects.toMatchObject({ code: 'MSRP_BAD_PATH' });
  });

  it('to a path with a hop in clear text is refused when all of it has to be secure (U-24)', async () => {
    const { endpoint, peer } = await converse();
    const path = `${PEER_URI} msrp://far.example:9000/far4;tcp`;
    const session = endpoint.createSession();
    await expect(session.open({ path, requireSecurePath: true })).rejects.toMatchObject({ code: 'MSRP_INSECURE' });
    expect(await peer.rest()).toEqual([]);
    await session.open({ path });
    expect((await peer.next()).header('To-Path')).toBe(path);
    const other = endpoint.createSession();
    await other.open({ path: PEER_URI, requireSecurePath: true });
    expect((await peer.next()).header('To-Path')).toBe(PEER_URI);
  });

  it.each([481, 506, 408])('is answered %i: the session has failed', async (status) => {
    const { endpoint, peer } = await converse();
    const session = endpoint.createSession();
    const told = endOf({ session });
    await session.open(PEER_URI);
    peer.answer(await peer.next(), status, '');
    await turn();
    expect(told).toEqual([`MSRP_SESSION_FAILED ${status}`]);
  });

  it('is not answered: the session has failed', async () => {
    const { clock, endpoint, peer } = await converse();
    const session = endpoint.createSession();
    const told = endOf({ session });
    await session.open(PEER_URI);
    await peer.next();
    clock.advance(32_000);
    await turn();
    expect(told).toEqual(['MSRP_TIMEOUT 408']);
  });

  it.each([400, 413, 501])('is answered %i: nobody says that the session does not exist', async (status) => {
    const { endpoint, peer } = await converse();
    const session = endpoint.createSession();
    await session.open(PEER_URI);
    peer.answer(await peer.next(), status, '');
    await turn();
    expect(session.isOpen).toBe(true);
  });
});

describe('a message that the peer would not take', () => {
  it('by its type is not sent (S-10)', async () => {
    const { session, peer } = await converse({
      description: { acceptTypes: ['message/cpim', 'image/*'], acceptWrappedTypes: ['text/plain'] },
    });
    expect(() => session.send('hello')).toThrow(coded('MSRP_NOT_ACCEPTED'));
    session.send('x', { contentType: 'IMAGE/png; x=y' });
    session.send('x', { contentType: 'Message/CPIM' });
    expect(await peer.rest()).toHaveLength(2);
  });

  it('by its length is not sent (S-11)', async () => {
    const { session, peer } = await converse({ description: { maxSize: 100 } });
    expect(() => session.send('x'.repeat(101))).toThrow(coded('MSRP_TOO_LARGE'));
    expect(() => session.send(new Blob([]).stream(), { totalOctets: 101 })).toThrow(coded('MSRP_TOO_LARGE'));
    expect(await peer.rest()).toEqual([]);
    session.send('x'.repeat(100));
    expect(await peer.rest()).toHaveLength(1);
  });

  it('by its length is stopped when only then it shows (S-11)', async () => {
    const { session, peer } = await converse({ description: { maxSize: 5000 } });
    const stream = async function* () {
      for (let count = 0; count < 10; count += 1) yield octetsUpTo(1000);
    };
    const message = session.send(stream());
    await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_TOO_LARGE' });
    const chunks = await peer.rest();
    expect(chunks.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)).toBeLessThanOrEqual(5000);
    expect(chunks.at(-1)?.flag ?? '#').toBe('#');
  });
});

describe('closing a session', () => {
  it('is told once, and answers nothing any more; its connection goes on', async () => {
    const conversation = await converse();
    const { session, another, peer } = conversation;
    const told = endOf(conversation);
    const other = await another();
    session.close();
    session.close();
    expect(told).toEqual(['closed']);
    for (const attempt of [() => session.send('hello'), () => session.resume(session.send('hello'))]) {
      expect(attempt).toThrow(coded('MSRP_SESSION_CLOSED'));
    }
    await expect(session.open(PEER_URI)).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    await expect(session.setNickname('me')).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    other.send('hello');
    expect((await peer.next()).body?.toString()).toBe('hello');
  });

  it('calls a message unconfirmed that was accepted and is not reported whole (T-15)', async () => {
    const { session, peer } = await converse();
    const message = session.send(octetsUpTo(100));
    peer.answer(await peer.next());
    await message.accepted;
    peer.reportOn(session, message.messageId, '1-50/100');
    session.close();
    await expect(message.delivered).rejects.toMatchObject({ code: 'MSRP_UNCONFIRMED' });
    expect(message.progress.reportedOctets).toBe(50);
  });

  it('ends what is under way with #, and drops what waits', async () => {
    const { session, peer } = await converse();
    peer.channel.hold();
    const first = session.send(octetsUpTo(1_048_576));
    await turn();
    const second = session.send('waits');
    session.close();
    peer.channel.release();
    const chunks = await peer.rest();
    expect(chunks.map(({ flag }) => flag)).toEqual(['#']);
    for (const message of [first, second]) {
      await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
      await expect(message.delivered).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    }
  });

  it('sends no REPORT for what is read later (P-13)', async () => {
    const { session, peer } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    peer.send(session, { successReport: 'yes', body: 'hello' });
    await turn();
    session.close();
    expect(await messages[0]?.text()).toBe('hello');
    messages[0]?.reject();
    expect((await peer.rest()).map(({ method }) => method)).toEqual(['']);
  });
});

describe('a session that fails', () => {
  it('by a REPORT fails its other messages, too, and tells it (S-23)', async () => {
    const conversation = await converse();
    const { session, peer } = conversation;
    const told = endOf(conversation);
    const first = session.send('one');
    const second = session.send('two');
    for (const chunk of await peer.rest()) peer.answer(chunk);
    peer.reportOn(session, first.messageId, '1-3/3', '000 408 gone');
    expect(told).toEqual(['MSRP_SESSION_FAILED 408']);
    await expect(first.delivered).rejects.toMatchObject({ code: 'MSRP_TIMEOUT', status: 408 });
    await expect(second.delivered).rejects.toMatchObject({ code: 'MSRP_UNCONFIRMED' });
    expect(() => session.send('three')).toThrow(coded('MSRP_SESSION_FAILED'));
    session.close();
    expect(told).toHaveLength(1);
  });

  it('sends nothing more of what was between two chunks', async () => {
    const { clock, session, peer } = await converse();
    const stream = async function* () {
      yield octetsUpTo(3000);
      await new Promise(() => undefined);
    };
    const waiting = session.send(stream());
    await turn();
    clock.advance(200);
    const failing = session.send('hello');
    expect(await peer.rest()).toHaveLength(2);
    peer.reportOn(session, failing.messageId, '1-5/5', '000 408 gone');
    await expect(waiting.accepted).rejects.toMatchObject({ code: 'MSRP_SESSION_FAILED' });
    expect(await peer.rest()).toEqual([]);
  });

  it('sends no REPORT any more for what is read (P-13)', async () => {
    const { session, peer } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    peer.send(session, { successReport: 'yes', body: 'hello' });
    const { messageId } = session.send('hello');
    await peer.rest();
    peer.reportOn(session, messageId, '1-5/5', '000 408 gone');
    expect(await messages[0]?.text()).toBe('hello');
    expect(await peer.rest()).toEqual([]);
  });

  it('keeps what has come of messages until it is closed', async () => {
    const { session, peer } = await converse();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    peer.send(session, { range: '1-*/10', body: 'hello', flag: '+' });
    peer.channel.lose();
    let outcome = 'open';
    messages[0]?.bytes().catch(({ code }: MsrpError) => {
      outcome = code;
    });
    await turn();
    expect(outcome).toBe('open');
    session.close();
    await turn();
    expect(outcome).toBe('MSRP_SESSION_CLOSED');
  });
});

describe('sending again what is unconfirmed', () => {
  /** A message of which octets 1 to 4000 and 6001 to 8000 of 10000 are confirmed, its session lost. */
  async function lost(successReport: boolean) {
    const conversation = await converse({ maxChunkOctets: 2000 });
    const { session, peer } = conversation;
    const message = session.send(octetsUpTo(10_000), {
      successReport,
      contentType: 'application/x; name="ß"',
      headers: { 'X-Y': 'ß' },
    });
    const chunks = await peer.rest();
    if (successReport)
      for (const range of ['1-4000/*', '6001-8000/*']) peer.reportOn(session, message.messageId, range);
    else for (const index of [0, 1, 3]) peer.answer(chunks[index] as Message);
    peer.channel.lose();
    return { ...conversation, message, chunks };
  }

  it.each([true, false])(
    'takes the same id and headers, and the missing ranges alone; Success-Report %s (S-23, S-28, CN-17)',
    async (successReport) => {
      const { message, chunks } = await lost(successReport);
      await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
      const { session, peer } = await converse({ maxChunkOctets: 2000 });
      const again = session.resume(message);
      expect(again.messageId).toBe(message.messageId);
      const rest = await peer.rest();
      expect(ranges(rest)).toEqual(['4001-6000/10000+', '8001-10000/10000$']);
      const sameLines = ({ lines }: Message) => lines.slice(2).filter((line) => !line.startsWith('Byte-Range'));
      expect(sameLines(rest[0] as Message)).toEqual(sameLines(chunks[0] as Message));
      expect(rest[0]?.header('From-Path')).toBe(session.uri);
      expect(rest[0]?.body).toEqual(Buffer.from(octetsUpTo(10_000).subarray(4000, 6000)));
      for (const chunk of rest) peer.answer(chunk);
      await again.accepted;
      if (!successReport) return;
      peer.reportOn(session, again.messageId, '1-10000/10000');
      await again.delivered;
      expect(again.progress).toMatchObject({ sentOctets: 4000, reportedOctets: 10_000, totalOctets: 10_000 });
    },
  );

  it('has nothing to send when all was confirmed', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    await peer.next();
    peer.reportOn(session, message.messageId, '1-5/5');
    peer.channel.lose();
    const next = await converse();
    const again = next.session.resume(message);
    await again.accepted;
    await again.delivered;
    expect(await next.peer.rest()).toEqual([]);
    next.session.send('the id is free', { messageId: message.messageId });
    expect(await next.peer.rest()).toHaveLength(1);
  });

  it.each(['partial', 'no'] as const)(
    'is all of it where nothing was to be answered: Failure-Report %s',
    async (failureReport) => {
      const { session, peer } = await converse({ maxChunkOctets: 2000 });
      const message = session.send(octetsUpTo(3000), { failureReport, successReport: false });
      await message.accepted;
      peer.channel.lose();
      const next = await converse({ maxChunkOctets: 2000 });
      next.session.resume(message);
      expect(ranges(await next.peer.rest())).toEqual(['1-2000/3000+', '2001-3000/3000$']);
    },
  );

  it('is what a REPORT has called lost of a message that was accepted (S-23)', async () => {
    const { session, peer } = await converse({ maxChunkOctets: 2000 });
    const message = session.send(octetsUpTo(8000), { successReport: false });
    for (const chunk of await peer.rest()) peer.answer(chunk);
    await message.accepted;
    peer.reportOn(session, message.messageId, '2001-4000/8000', '000 408 gone');
    expect(session.isOpen).toBe(false);
    const next = await converse({ maxChunkOctets: 2000 });
    next.session.resume(message);
    expect(ranges(await next.peer.rest())).toEqual(['2001-4000/8000+']);
  });

  it('can happen more than once', async () => {
    const { message } = await lost(true);
    const second = await converse({ maxChunkOctets: 2000 });
    const again = second.session.resume(message);
    await turn();
    second.peer.reportOn(second.session, message.messageId, '4001-5000/*');
    second.peer.channel.lose();
    const third = await converse({ maxChunkOctets: 2000 });
    third.session.resume(again);
    expect(ranges(await third.peer.rest())).toEqual(['5001-6000/10000+', '8001-10000/10000$']);
  });

  it('given up before its first chunk tells the receiver, who has part of it', async () => {
    const { message } = await lost(true);
    const { session, peer } = await converse();
    session.resume(message).abort();
    expect(ranges(await peer.rest())).toEqual(['4001-4000/10000#']);
  });

  it('is impossible for a stream, and for what is no message', async () => {
    const { session, peer } = await converse();
    const message = session.send(new Blob(['hello']).stream());
    await peer.next();
    peer.channel.lose();
    const next = await converse();
    expect(() => next.session.resume(message)).toThrow(coded('MSRP_NOT_RESUMABLE'));
    expect(() => next.session.resume({ ...message })).toThrow(coded('MSRP_NOT_RESUMABLE'));
  });
});

describe('receiving on after a failure', () => {
  const MY_URI = 'msrps://peer.example:9001/afterTheFailure;tcp';

  /** A session that fails with part of a message; and the message. */
  async function interrupted() {
    const conversation = await converse();
    const { session, peer } = conversation;
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    peer.send(session, { messageId: 'm-01', range: '1-*/10', successReport: 'yes', body: 'hello', flag: '+' });
    await turn();
    return { ...conversation, messages };
  }

  it('goes on with the same message in the next session, and reports to where it comes from now (S-23, CN-17, P-02)', async () => {
    const { session: old, peer: oldPeer, messages } = await interrupted();
    oldPeer.channel.lose();
    const { session, peer } = await converse({ continues: old });
    session.on('message', () => expect.unreachable());
    const reading = messages[0]?.text();
    peer.send(session, {
      messageId: 'm-01',
      fromPath: MY_URI,
      range: '6-*/10',
      successReport: 'yes',
      body: 'world',
    });
    expect(await reading).toBe('helloworld');
    const rest = await peer.rest();
    const report = rest.find(({ method }) => method === 'REPORT');
    expect(report?.header('Byte-Range')).toBe('1-10/10');
    expect(report?.header('To-Path')).toBe(MY_URI);
    expect(report?.header('From-Path')).toBe(session.uri);
    expect(rest.map(({ status }) => status)).toContain(200);
    expect(oldPeer.messages.filter(({ method }) => method === 'REPORT')).toEqual([]);
  });

  it('knows a message that had come whole', async () => {
    const { session: old, peer: oldPeer } = await converse();
    old.on('message', (message) => void message.bytes());
    oldPeer.send(old, { messageId: 'm-01', body: 'hello' });
    await turn();
    oldPeer.channel.lose();
    const { session, peer } = await converse({ continues: old });
    session.on('message', () => expect.unreachable());
    peer.send(session, { messageId: 'm-01', successReport: 'yes', fromPath: MY_URI, body: 'hello' });
    const rest = await peer.rest();
    expect(rest.map(({ status }) => status)).toContain(200);
    expect(rest.find(({ method }) => method === 'REPORT')?.header('To-Path')).toBe(MY_URI);
  });

  it('is not ended by closing the session that has failed', async () => {
    const { session: old, peer: oldPeer, messages } = await interrupted();
    oldPeer.channel.lose();
    const { session, peer } = await converse({ continues: old });
    old.close();
    const reading = messages[0]?.text();
    peer.send(session, { messageId: 'm-01', range: '6-10/10', body: 'world' });
    expect(await reading).toBe('helloworld');
  });

  it('ends with the next session', async () => {
    const { session: old, peer: oldPeer, messages } = await interrupted();
    oldPeer.channel.lose();
    const { session } = await converse({ continues: old });
    const reading = messages[0]?.text();
    session.close();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
  });

  it('takes a slow reader along: the new connection is stopped, and time on it runs again later', async () => {
    const { session: old, peer: oldPeer, messages } = await interrupted();
    oldPeer.send(old, { messageId: 'm-01', range: '6-*/*', body: new Uint8Array(300_000), flag: '+' });
    expect(oldPeer.channel.isPaused).toBe(true);
    oldPeer.channel.lose();
    const { session, peer, clock } = await converse({ continues: old });
    expect(peer.channel.isPaused).toBe(true);
    const reading = messages[0]?.bytes();
    await turn();
    expect(peer.channel.isPaused).toBe(false);
    peer.send(session, { messageId: 'm-01', range: '300006-*/*', body: new Uint8Array(300_000), flag: '+' });
    expect(peer.channel.isPaused).toBe(true);
    await turn();
    expect(peer.channel.isPaused).toBe(false);
    const message = session.send('hello');
    await turn();
    clock.advance(32_000);
    await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_TIMEOUT' });
    messages[0]?.reject();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
  });

  it('is for one next session alone', async () => {
    const { session: old, peer: oldPeer, messages } = await interrupted();
    oldPeer.channel.lose();
    await converse({ continues: old });
    const { session, peer } = await converse({ continues: old });
    session.on('message', (message) => messages.push(message));
    peer.send(session, { messageId: 'm-01', range: '6-10/10', body: 'world' });
    expect(messages).toHaveLength(2);
  });

  it('is not offered by a session that has not failed', async () => {
    const { session: old, messages } = await interrupted();
    const { session, peer } = await converse({ continues: old });
    session.on('message', (message) => messages.push(message));
    peer.send(session, { messageId: 'm-01', range: '6-10/10', body: 'world' });
    expect(messages).toHaveLength(2);
  });
});

describe('keeping a way open', () => {
  it('is a SEND without body after each time in which nothing was sent', async () => {
    const { clock, session, peer } = await converse({ keepAliveMs: 10_000 });
    clock.advance(9000);
    session.send('hello');
    peer.answer(await peer.next());
    clock.advance(9000);
    expect(await peer.rest()).toEqual([]);
    for (let count = 0; count < 3; count += 1) {
      clock.advance(10_000);
      const [ping] = await peer.rest();
      expect(ping?.header('Byte-Range')).toBe('1-0/0');
      expect(ping?.body).toBeUndefined();
      peer.answer(ping as Message);
      await turn();
    }
    session.close();
    clock.advance(3000);
    expect(await peer.rest()).toEqual([]);
  });

  it('fails the session that is not there any more', async () => {
    const conversation = await converse({ keepAliveMs: 10_000 });
    const { clock, peer } = conversation;
    const told = endOf(conversation);
    clock.advance(10_000);
    peer.answer(await peer.next(), 481, '');
    await turn();
    expect(told).toEqual(['MSRP_SESSION_FAILED 481']);
  });
});

describe('nicknames', () => {
  it('are asked for, octet for octet, and granted (MP-02, MP-04)', async () => {
    const { session, peer } = await converse();
    const asking = session.setNickname('Zoë "Z" \\');
    const request = await peer.next();
    expect(request.text).toBe(
      `MSRP ${request.tid} NICKNAME\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${session.uri}\r\n` +
        `Use-Nickname: "Zo\xc3\xab \\"Z\\" \\\\"\r\n-------${request.tid}$\r\n`,
    );
    peer.answer(request);
    await asking;
  });

  it('are given back as an empty one (MP-03)', async () => {
    const { session, peer } = await converse();
    const asking = session.setNickname('');
    const request = await peer.next();
    expect(request.header('Use-Nickname')).toBe('""');
    peer.answer(request);
    await asking;
  });

  it.each([403, 424, 425])('are refused with %i (MP-04)', async (status) => {
    const { session, peer } = await converse();
    const asking = session.setNickname('Alice');
    peer.answer(await peer.next(), status, 'No');
    await expect(asking).rejects.toMatchObject({ code: 'MSRP_REFUSED', status });
    expect(session.isOpen).toBe(true);
  });

  it('of over 1023 octets, or with a line end, are not asked for (MP-02)', async () => {
    const { session, peer } = await converse();
    for (const nickname of ['x'.repeat(1024), 'ß'.repeat(512), 'a\r\nb']) {
      await expect(session.setNickname(nickname)).rejects.toMatchObject({ code: 'MSRP_BAD_CONTENT' });
    }
    const asking = session.setNickname('x'.repeat(1023));
    peer.answer(await peer.next());
    await asking;
  });

  it('are not answered, or the session ends', async () => {
    const { clock, session, peer } = await converse();
    const asking = session.setNickname('Alice');
    await peer.next();
    clock.advance(32_000);
    await expect(asking).rejects.toMatchObject({ code: 'MSRP_TIMEOUT', status: 408 });
    const again = session.setNickname('Alice');
    session.close();
    await expect(again).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    await peer.next();
  });

  it('that a peer asks for are told as text, with or without escapes', async () => {
    const { session, peer } = await converse();
    const nicknames: string[] = [];
    session.on('nickname', (nickname) => nicknames.push(nickname));
    const ask = async (value: string) => {
      peer.write(`MSRP tid1 NICKNAME\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n${value}-------tid1$\r\n`);
      return (await peer.next()).status;
    };
    expect(await ask('Use-Nickname: "Zo\xc3\xab \\"Z\\" \\\\"\r\n')).toBe(200);
    expect(await ask('use-nickname:""\r\n')).toBe(200);
    for (const malformed of ['', 'Use-Nickname: Alice\r\n', `Use-Nickname: "${'x'.repeat(1024)}"\r\n`]) {
      expect(await ask(malformed)).toBe(424);
    }
    expect(nicknames).toEqual(['Zoë "Z" \\', '']);
  });

  it('are unknown to who does not listen for them', async () => {
    const { session, peer } = await converse();
    peer.write(
      `MSRP tid1 NICKNAME\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\nUse-Nickname: "x"\r\n-------tid1$\r\n`,
    );
    expect((await peer.next()).status).toBe(501);
  });
});

describe('a listener that throws', () => {
  it('is an uncaught error, and disturbs nobody else', async () => {
    const { session, peer } = await converse();
    const uncaught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.once('uncaughtException', (error) => uncaught.push(error));
    const texts: string[] = [];
    session.once('message', () => {
      throw new Error('a mistake of the application');
    });
    session.on('message', async (message) => texts.push(await message.text()));
    peer.send(session, { body: 'one' });
    peer.send(session, { body: 'two' });
    await turn();
    for (const listener of listeners) process.on('uncaughtException', listener);
    expect(uncaught).toEqual([new Error('a mistake of the application')]);
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200, 200]);
    expect(texts).toEqual(['one', 'two']);
  });
});

describe('a peer over another connection', () => {
  it('of a session that has ended finds nothing there', async () => {
    const { endpoint, session, clock } = await converse();
    session.close();
    const stranger = new Peer();
    endpoint.accept(stranger.channel);
    stranger.send(session, {});
    expect((await stranger.rest()).map(({ status }) => status)).toEqual([481]);
    clock.advance(30_000);
    expect(stranger.channel.ending).toBe('end');
  });
});
