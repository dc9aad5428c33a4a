import { describe, expect, it, onTestFinished } from 'vitest';
import { ManualClock } from '../../src/base/index.ts';
import { Endpoint } from '../../src/client/endpoint.ts';
import type { IncomingMessage } from '../../src/client/incoming-message.ts';
import { converse, octetsUpTo, PEER_URI, Peer, turn } from './peer.ts';

const RELAY_URI = 'msrps://relay.example:2855/r7Kq;tcp';

/** An endpoint that waits to be connected to, with one session; and a way to connect to it. */
function waiting() {
  const clock = new ManualClock();
  const network = { dial: () => Promise.reject(new Error('nobody is to be dialled')) };
  const endpoint = new Endpoint({ clock, network });
  const address = { scheme: 'msrps', host: 'me.example', port: 7000 } as const;
  const session = endpoint.createSession({ address });
  const connect = () => {
    const peer = new Peer();
    endpoint.accept(peer.channel);
    return peer;
  };
  onTestFinished(async () => {
    endpoint.close();
    await turn();
    expect(clock.waitingCount).toBe(0);
  });
  return { clock, endpoint, address, session, connect };
}

describe('a response', () => {
  it('is, octet for octet, for the previous hop alone, and from the URI that was addressed (R-02, R-03, R-05, R-06)', async () => {
    const { session, peer } = await converse();
    const asWritten = session.uri.replace('msrps://', 'MSRPS://Me@').replace(';tcp', ';TCP;x=y');
    peer.send(session, {
      tid: 'tid1',
      toPath: asWritten,
      fromPath: `${RELAY_URI} msrps://b.example:1/b;tcp ${PEER_URI}`,
    });
    const { text } = await peer.next();
    expect(text).toBe(`MSRP tid1 200 OK\r\nTo-Path: ${RELAY_URI}\r\nFrom-Path: ${asWritten}\r\n-------tid1$\r\n`);
  });

  it('answers every SEND, by absence of Failure-Report too, when its end-line has come (R-01, R-08, R-13)', async () => {
    const { session, peer } = await converse();
    session.on('message', (message) => void message.bytes());
    peer.write(`${peer.sendHead(session, { tid: 'tid1', body: '' })}hello\r\n-------tid`);
    expect(await peer.rest()).toEqual([]);
    peer.write('1$\r\n');
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200]);
    peer.send(session, { failureReport: 'yes' });
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200]);
  });

  it('with Failure-Report partial is never 200 (R-09)', async () => {
    const { session, peer } = await converse({ acceptTypes: ['text/plain'] });
    session.on('message', (message) => void message.bytes());
    peer.send(session, { failureReport: 'partial', body: 'hello' });
    peer.send(session, { failureReport: 'partial' });
    expect(await peer.rest()).toEqual([]);
    peer.send(session, { failureReport: 'partial', contentType: 'text/html', body: 'hello' });
    peer.send(session, { failureReport: 'partial', toPath: PEER_URI, body: 'hello' });
    expect((await peer.rest()).map(({ status }) => status)).toEqual([415, 481]);
  });

  it('is not sent with Failure-Report no, not even an error (R-10)', async () => {
    const { session, peer } = await converse({ acceptTypes: ['text/plain'] });
    const parts = { failureReport: 'no', body: 'hello' };
    peer.send(session, parts);
    peer.send(session, { ...parts, contentType: 'text/html' });
    peer.send(session, { ...parts, toPath: PEER_URI });
    peer.send(session, { ...parts, range: '0-5/5' });
    expect(await peer.rest()).toEqual([]);
  });

  it('to a REPORT is never sent, whatever is wrong with it (R-11, P-10)', async () => {
    const { session, peer } = await converse();
    const { messageId } = session.send('hello');
    await peer.next();
    peer.report(session, `Message-ID: ${messageId}\r\nByte-Range: 0-5/5\r\nStatus: 000 200\r\n`);
    peer.report(session, 'Byte-Range: 1-5/5\r\nStatus: 000 200\r\n');
    peer.report(session, `Message-ID: ${messageId}\r\nStatus: OK\r\n`);
    peer.write(`MSRP tid1 REPORT\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${PEER_URI}\r\n-------tid1$\r\n`);
    peer.write(
      `MSRP tid2 REPORT\r\nTo-Path: ${PEER_URI} ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\nMessage-ID: ${messageId}\r\nStatus: 000 413\r\n-------tid2$\r\n`,
    );
    expect(await peer.rest()).toEqual([]);
    expect(session.isOpen).toBe(true);
  });

  it('to any other method goes the whole way back, and is 501 (R-04, R-12)', async () => {
    const { session, peer } = await converse();
    const fromPath = `${RELAY_URI} ${PEER_URI}`;
    const head = `To-Path: ${session.uri}\r\nFrom-Path: ${fromPath}\r\n`;
    peer.write(`MSRP tid1 DANCE\r\n${head}X: y\r\n-------tid1$\r\n`);
    peer.write(`MSRP tid2 DANCE\r\n${head}Content-Type: text/plain\r\n\r\nhello\r\n-------tid2$\r\n`);
    expect((await peer.rest()).map(({ text }) => text)).toEqual(
      ['tid1', 'tid2'].map(
        (tid) =>
          `MSRP ${tid} 501 Unknown method\r\nTo-Path: ${fromPath}\r\nFrom-Path: ${session.uri}\r\n-------${tid}$\r\n`,
      ),
    );
  });

  it('is one for each request (R-15)', async () => {
    const { session, peer } = await converse({ maxMessageOctets: 5 });
    session.on('message', (message) => void message.bytes().catch(() => undefined));
    peer.write(`${peer.sendHead(session, { tid: 'tid1', range: '1-*/*', body: '' })}hello`);
    peer.write('x');
    peer.write('x');
    peer.write('\r\n-------tid1$\r\n');
    expect((await peer.rest()).map(({ status }) => status)).toEqual([413]);
  });
});

describe('a request for a session (S-25)', () => {
  it.each([
    ['that is not there', (uri: string) => uri.replace(/\/[^;]+/, '/another').replace('msrps:/another', 'msrps://x')],
    [
      'written in another case',
      (uri: string) => uri.replace(/\/([^/;]+);/, (_, id: string) => `/${id.toLowerCase()}x;`),
    ],
    ['at another port', (uri: string) => uri.replace(/:(\d+)\//, ':2856/')],
    ['over TCP', (uri: string) => uri.replace('msrps:', 'msrp:')],
    ['without session-id', (uri: string) => uri.replace(/\/[^/;]+;/, ';')],
    ['with further URIs', (uri: string) => `${uri} ${PEER_URI}`],
    ['as its second URI', (uri: string) => `${PEER_URI} ${uri}`],
  ])('%s is answered 481', async (_, change) => {
    const { session, peer } = await converse();
    let messages = 0;
    session.on('message', () => {
      messages += 1;
    });
    peer.send(session, { toPath: change(session.uri), body: 'hello' });
    peer.send(session, { toPath: change(session.uri) });
    expect((await peer.rest()).map(({ status }) => status)).toEqual([481, 481]);
    expect(messages).toBe(0);
  });

  it('that is no URI is answered 400', async () => {
    const { session, peer } = await converse();
    peer.send(session, { toPath: 'nonsense', body: 'hello' });
    expect((await peer.rest()).map(({ status }) => status)).toEqual([400]);
  });

  it('that was closed is answered 481', async () => {
    const { session, peer } = await converse();
    session.close();
    peer.send(session, { body: 'hello' });
    expect((await peer.rest()).map(({ status }) => status)).toEqual([481]);
  });

  it('that is bound to another connection is answered 506, and a REPORT there is ignored', async () => {
    const { session, peer, endpoint } = await converse();
    const { messageId } = session.send('hello');
    const stranger = new Peer();
    endpoint.accept(stranger.channel);
    stranger.send(session, { body: 'hello' });
    stranger.reportOn(session, messageId, '1-5/5', '000 413');
    expect((await stranger.rest()).map(({ status }) => status)).toEqual([506]);
    expect(session.isOpen).toBe(true);
    peer.send(session, {});
    expect((await peer.rest()).map(({ status }) => status)).toContain(200);
  });
});

describe('an endpoint that is connected to (CN-23)', () => {
  it('learns from the first request which session the connection is for, and answers on it', async () => {
    const { session, connect } = waiting();
    const peer = connect();
    await session.open(PEER_URI, 'passive');
    expect(() => session.send('too early')).toThrow(expect.objectContaining({ code: 'MSRP_BAD_PATH' }));
    peer.send(session, {});
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200]);
    session.send('hello');
    const chunk = await peer.next();
    expect(chunk.header('To-Path')).toBe(PEER_URI);
    expect(chunk.body?.toString()).toBe('hello');
  });

  it('learns who the peer is from the first request, when nobody has said it', async () => {
    const { session, connect } = waiting();
    const peer = connect();
    peer.send(session, {});
    await turn();
    expect(session.peerPath).toBe(PEER_URI);
    session.send('hello');
    expect((await peer.rest()).at(-1)?.header('To-Path')).toBe(PEER_URI);
  });

  it('keeps to the peer that it knows, whoever requests say that they come from', async () => {
    const { session, connect } = waiting();
    const peer = connect();
    await session.open(PEER_URI, 'passive');
    peer.send(session, { fromPath: 'msrps://other.example:1/other;tcp' });
    await turn();
    expect(session.peerPath).toBe(PEER_URI);
  });

  it('answers 481 for a session that is not there, and 506 on a second connection', async () => {
    const { session, connect } = waiting();
    const [first, second] = [connect(), connect()];
    first.send(session, { toPath: session.uri.replace(/\/[^/;]+;/, '/noSuchSession;') });
    first.send(session, {});
    second.send(session, {});
    second.send(session, { body: 'hello' });
    expect((await first.rest()).map(({ status }) => status)).toEqual([481, 200]);
    expect((await second.rest()).map(({ status }) => status)).toEqual([506, 506]);
  });

  it('serves several sessions on one connection (CN-28)', async () => {
    const { session, endpoint, address, connect } = waiting();
    const other = endpoint.createSession({ address });
    const peer = connect();
    for (const each of [session, other]) peer.send(each, {});
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200, 200]);
    const texts: string[] = [];
    session.on('message', async (message) => texts.push(`first ${await message.text()}`));
    other.on('message', async (message) => texts.push(`second ${await message.text()}`));
    peer.send(other, { body: 'hello' });
    peer.send(session, { body: 'hello' });
    await turn();
    expect(texts).toEqual(['second hello', 'first hello']);
    other.send('back');
    expect((await peer.rest()).at(-1)?.header('From-Path')).toBe(other.uri);
  });
});

describe('a connection that sessions share', () => {
  it('is dialled once, and carries both (CN-28)', async () => {
    const { session, another, peer } = await converse();
    const other = await another();
    expect(other.connection).toBe(session.connection);
    session.send('one');
    other.send('two');
    expect((await peer.rest()).map((chunk) => chunk.header('From-Path'))).toEqual([session.uri, other.uri]);
  });

  it('stays when one of them is closed, and for five minutes after the last (CN-18, CN-19)', async () => {
    const { clock, session, another, peer } = await converse();
    const other = await another();
    session.close();
    clock.advance(86_400_000);
    expect(peer.channel.ending).toBeUndefined();
    other.close();
    clock.advance(299_000);
    expect(peer.channel.ending).toBeUndefined();
    clock.advance(1000);
    expect(peer.channel.ending).toBe('end');
  });

  it('takes all of them with it (CN-17)', async () => {
    const { session, another, peer } = await converse();
    const other = await another();
    const failures: string[] = [];
    for (const each of [session, other]) each.on('failed', ({ code }) => failures.push(code));
    peer.channel.lose(new Error('ECONNRESET'));
    expect(failures).toEqual(['MSRP_CONNECTION_LOST', 'MSRP_CONNECTION_LOST']);
    expect([session.isOpen, other.isOpen]).toEqual([false, false]);
    expect(() => session.send('hello')).toThrow(expect.objectContaining({ code: 'MSRP_SESSION_FAILED' }));
  });

  it('is read as long as one session reads, each pause having its end', async () => {
    const { session, another, peer } = await converse();
    const other = await another();
    const messages: IncomingMessage[] = [];
    session.on('message', (message) => messages.push(message));
    other.on('message', (message) => messages.push(message));
    for (const each of [session, other]) {
      const tid = `tid-${messages.length}`;
      peer.write(peer.sendHead(each, { tid, range: '1-*/*', body: '' }));
      peer.write(new Uint8Array(300_000));
      peer.write(`\r\n-------${tid}+\r\n`);
    }
    messages[0]?.reject();
    expect(peer.channel.isPaused).toBe(true);
    messages[1]?.reject();
    expect(peer.channel.isPaused).toBe(false);
  });
});

describe('a connection that is cut', () => {
  it('at any octet of a request ends the session in order, and leaves nothing behind', async () => {
    const probe = await converse();
    const text = `${probe.peer.sendHead(probe.session, { tid: 'tid1', body: '' })}hello\r\n-------tid1$\r\n`;
    for (let at = 0; at <= text.length; at += 7) {
      const { session, peer, endpoint, clock } = await converse();
      const failures: string[] = [];
      session.on('failed', ({ code }) => failures.push(code));
      session.on('message', (message) => void message.bytes().catch(({ code }) => failures.push(code)));
      const head = `${peer.sendHead(session, { tid: 'tid1', body: '' })}hello\r\n-------tid1$\r\n`;
      peer.write(head.slice(0, at));
      peer.channel.lose();
      await turn();
      expect(failures).toEqual(['MSRP_CONNECTION_LOST']);
      endpoint.close();
      session.close();
      await turn();
      expect(clock.waitingCount).toBe(0);
    }
  });

  it('in the middle of a chunk that is sent fails the message, whose content is let go', async () => {
    const { session, peer } = await converse();
    let isClosed = false;
    const stream = async function* () {
      try {
        for (;;) yield octetsUpTo(65_536);
      } finally {
        isClosed = true;
      }
    };
    peer.channel.hold();
    const message = session.send(stream());
    await turn();
    peer.channel.lose();
    await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    await expect(message.delivered).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    await turn();
    expect(isClosed).toBe(true);
  });

  it('by this side first writes what was to be written', async () => {
    const { endpoint, session, peer } = await converse();
    peer.send(session, {});
    endpoint.close();
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200]);
    expect(peer.channel.ending).toBe('end');
    peer.send(session, {});
    expect(await peer.rest()).toEqual([]);
  });
});

describe('a peer that misbehaves', () => {
  it('with answers that nobody waits for is ignored (T-13)', async () => {
    const { session, peer } = await converse();
    const head = `To-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n`;
    for (const status of [200, 413, 481, 506])
      peer.write(`MSRP tid${status} ${status}\r\n${head}-------tid${status}$\r\n`);
    expect(await peer.rest()).toEqual([]);
    expect(session.isOpen).toBe(true);
  });

  it('with malformed answers is ignored', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { successReport: false });
    const chunk = await peer.next();
    const paths = `To-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n`;
    peer.write(`MSRP ${chunk.tid} 413\r\n${paths}To-Path: ${session.uri}\r\n-------${chunk.tid}$\r\n`);
    peer.write(`MSRP ${chunk.tid} 413\r\n${paths}Content-Type: a/b\r\n\r\nx\r\n-------${chunk.tid}$\r\n`);
    peer.answer(chunk);
    await message.accepted;
  });

  it('with extra headers in answers is understood (R-20)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { successReport: false });
    const { tid } = await peer.next();
    peer.write(
      `MSRP ${tid} 200\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\nMessage-ID: xyz1\r\nX: y\r\n-------${tid}$\r\n`,
    );
    await message.accepted;
  });

  it('with a body in a REPORT is understood (P-12)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    peer.answer(await peer.next());
    peer.write(
      `MSRP tid1 REPORT\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\nMessage-ID: ${message.messageId}\r\n` +
        'Byte-Range: 1-5/5\r\nStatus: 000 200 OK\r\nContent-Type: text/plain\r\n\r\nthanks\r\n-------tid1$\r\n',
    );
    await message.delivered;
  });

  it('with a REPORT after the end of the session is ignored (P-14)', async () => {
    const { session, peer } = await converse();
    const { messageId } = session.send('hello');
    session.close();
    peer.reportOn(session, messageId, '1-5/5');
    expect((await peer.rest()).filter(({ method }) => method === '')).toEqual([]);
  });

  it.each([
    ['a Byte-Range from 0', 'Message-ID: m-01\r\nByte-Range: 0-5/5\r\n'],
    ['a Byte-Range beyond all numbers', 'Message-ID: m-01\r\nByte-Range: 1-5/99999999999999999999\r\n'],
    ['no Message-ID', 'Byte-Range: 1-5/5\r\n'],
    ['a repeated header', 'Message-ID: m-01\r\nMessage-ID: m-01\r\n'],
    ['an unknown Failure-Report', 'Message-ID: m-01\r\nFailure-Report: maybe\r\n'],
  ])('with %s in a SEND is answered 400 (S-01)', async (_, lines) => {
    const { session, peer } = await converse();
    session.on('message', () => expect.unreachable());
    peer.write(
      `MSRP tid1 SEND\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n${lines}Content-Type: text/plain\r\n\r\nhello\r\n-------tid1$\r\n`,
    );
    expect((await peer.rest()).map(({ status }) => status)).toEqual([400]);
    peer.send(session, {});
    expect((await peer.rest()).map(({ status }) => status)).toEqual([200]);
  });

  it.each([
    ['other than MSRP', 'GET / HTTP/1.1\r\n\r\n'],
    ['that once was MSRP', 'MSRP\r\n'],
    ['of zeros', '\0'.repeat(100)],
    ['of empty lines', '\r\n'.repeat(100)],
  ])('with octets %s loses its connection', async (_, octets) => {
    const { session, peer } = await converse();
    const failures: unknown[] = [];
    session.on('failed', (error) => failures.push(error));
    peer.write(octets);
    expect(peer.channel.ending).toBe('destroy');
    expect(failures).toEqual([expect.objectContaining({ code: 'MSRP_CONNECTION_LOST' })]);
    expect(await peer.rest()).toEqual([]);
  });

  it('with a head that is too large is answered 400 when it can be, and loses its connection (SE-06)', async () => {
    const { session, peer } = await converse();
    peer.write(peer.sendHead(session, { tid: 'tid1', extra: `X: ${'y'.repeat(20_000)}\r\n` }));
    expect((await peer.rest()).map(({ tid, status }) => [tid, status])).toEqual([['tid1', 400]]);
    expect(peer.channel.ending).toBe('destroy');
    expect(session.isOpen).toBe(false);
  });

  it('with a line that never ends takes no memory for it (SE-06)', async () => {
    const { peer } = await converse();
    for (let count = 0; count < 20; count += 1)
      peer.write(`MSRP tid1 SEND\r\nTo-Path: ${'x'.repeat(1000)}`.slice(count === 0 ? 0 : 25));
    expect(peer.channel.ending).toBe('destroy');
  });

  it('that cuts its octets anywhere is understood all the same', async () => {
    const { session, peer } = await converse();
    const texts: string[] = [];
    session.on('message', async (message) => texts.push(await message.text()));
    const first = `${peer.sendHead(session, { tid: 'tid1', body: 'x'.repeat(9) })}\r\n-------t\r\n-------tid1$\r\n`;
    const second = `${peer.sendHead(session, { tid: 'tid2', body: 'hello' })}hello\r\n-------tid2$\r\n`;
    for (const octet of `${first}${second}`) peer.write(octet);
    expect((await peer.rest()).map(({ tid, status }) => [tid, status])).toEqual([
      ['tid1', 200],
      ['tid2', 200],
    ]);
    expect(texts).toEqual(['\r\n-------t', 'hello']);
  });
});

describe('a connection to an own relay', () => {
  it('stays for an hour without sessions (CN-19)', async () => {
    const { clock, endpoint } = await converse();
    const relay = await endpoint.connectRelay({ uri: 'msrps://relay.example:2855;tcp', user: 'me', password: 'x' });
    clock.advance(3_599_000);
    expect(relay.isOpen).toBe(true);
    clock.advance(1000);
    expect(relay.isOpen).toBe(false);
  });
});
