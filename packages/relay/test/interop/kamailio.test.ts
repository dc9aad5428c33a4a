/**
 * This relay and Kamailio next to each other, configured as docs/interop.md says: messages, REPORTs and files between a
 * client of each.
 */
import { describe, expect, it } from 'vitest';
import { type Message, request, responseTo } from '../endpoint.ts';
import { attend } from '../relay/attend.ts';
import { answer, openCrossing, pass, report, summary, write } from './crossing.ts';
import { assembled, fileOf, octetsOf, sendFile } from './file.ts';
import { clientOfKamailio, clientOfOurs } from './neighbours.ts';

/** For whatever a busy machine may take long for. */
const PATIENT = { timeout: 10_000 };

const isReport = ({ method }: Message) => method === 'REPORT';

describe('a message between a client of ours and one of Kamailio', () => {
  it.each([
    ['in clear', false],
    ['over TLS', true],
  ])(
    'goes both ways with all its headers, and so does the success REPORT; the one of Kamailio connects %s',
    async (_, secure) => {
      const scene = await openCrossing();
      const bob = await clientOfKamailio(scene.kamailio, secure);
      for (const [from, to] of [
        [scene.alice, bob],
        [bob, scene.alice],
      ] as const) {
        const extra = [['X-Any', 'as  it is']] as const;
        const sent = write(from, to, {
          messageId: 'msg-1',
          byteRange: '1-5/5',
          successReport: 'yes',
          extra,
          body: 'hello',
        });
        expect((await from.endpoint.ask(sent)).status).toBe(200);
        const got = await to.endpoint.next();
        expect(got.headers).toEqual([
          ['To-Path', to.endpoint.uri],
          ['From-Path', [...to.path.split(' ').slice(0, -1).toReversed(), ...from.path.split(' ')].join(' ')],
          ['Message-ID', 'msg-1'],
          ['Byte-Range', '1-5/5'],
          ['Success-Report', 'yes'],
          ['X-Any', 'as  it is'],
          ['Content-Type', 'text/plain'],
        ]);
        expect(got.body?.toString()).toBe('hello');
        answer(to.endpoint, got);
        void to.endpoint.send(report(to, got, '200 OK'));
        expect(summary(await from.endpoint.next())).toEqual(['msg-1', '1-5/5', '000 200 OK']);
      }
      await expect.poll(() => scene.ours.relay.snapshot().transactions, PATIENT).toBe(0);
    },
  );

  it.each(['no', 'partial'])('that wants no 200 (Failure-Report %s) gets none, and arrives', async (failureReport) => {
    const { alice, bob, ours } = await openCrossing();
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      void from.endpoint.send(write(from, to, { failureReport, body: 'first' }));
      expect((await from.endpoint.ask(write(from, to, { body: 'second' }))).status).toBe(200);
      const got = [await to.endpoint.next(), await to.endpoint.next()];
      expect(got.map(({ body }) => String(body))).toEqual(['first', 'second']);
      for (const message of got) answer(to.endpoint, message);
      await expect(from.endpoint.next(undefined, 1)).rejects.toThrow('nothing is waiting');
    }
    expect(ours.relay.snapshot().reports).toEqual({});
  });
});

describe('a chunk', () => {
  it.each([
    ['empty', { byteRange: '1-0/0' }, ['1-0/0', undefined, '$']],
    ['empty, with a type', { byteRange: '1-0/0', body: '' }, ['1-0/0', '', '$']],
    ['open-ended', { byteRange: '6-*/20', body: 'hello', flag: '+' }, ['6-10/20', 'hello', '+']],
    ['the last of an aborted message', { byteRange: '6-8/20', body: 'abc', flag: '#' }, ['6-8/20', 'abc', '#']],
    ['like the end of a message', { byteRange: '1-9/9', body: '\r\n-------' }, ['1-9/9', '\r\n-------', '$']],
  ] as const)('that is %s arrives as such, in both directions', async (_, wish, expected) => {
    const { alice, bob } = await openCrossing();
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      expect((await from.endpoint.ask(write(from, to, wish))).status).toBe(200);
      const got = await to.endpoint.next();
      expect([got.header('Byte-Range'), got.body?.toString(), got.flag]).toEqual(expected);
    }
  });
});

describe('a file between a client of ours and one of Kamailio', () => {
  const OCTETS = 3_000_000;

  it('goes out in chunks that fit through Kamailio, whatever octets it has', async () => {
    const { alice, bob } = await openCrossing();
    const file = fileOf(OCTETS);
    const { received } = attend(bob.endpoint);
    const sent = write(alice, bob, { messageId: 'file-1', byteRange: `1-*/${OCTETS}`, body: file });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    await expect.poll(() => octetsOf(received), PATIENT).toBe(OCTETS);
    expect(assembled(received, OCTETS).equals(file)).toBe(true);
    expect(Math.max(...received.map(({ octets }) => octets))).toBe(8192);
    expect(new Set(received.map(({ message }) => message.header('Byte-Range')?.split('/')[1]))).toEqual(
      new Set([String(OCTETS)]),
    );
    expect(received.map(({ flag }) => flag).join('')).toMatch(/^\++\$$/);
  });

  it('comes in when the client of Kamailio cuts it up itself', async () => {
    const { alice, bob } = await openCrossing();
    const file = fileOf(OCTETS);
    const { received } = attend(alice.endpoint);
    const heard = await sendFile(bob, alice, file, { chunkOctets: 10_000, window: 16 });
    expect(heard).toEqual(new Map([['200', 300]]));
    await expect.poll(() => octetsOf(received), PATIENT).toBe(OCTETS);
    expect(assembled(received, OCTETS).equals(file)).toBe(true);
  });

  it.each([
    [11_238, '200'],
    [11_239, '413'],
    [16_383, '413'],
    [16_384, 'closed'],
  ])('may come in chunks of 11,238 octets with their heads: %s octets are %s', async (octets, expected) => {
    const { alice, bob } = await openCrossing();
    const wish = { messageId: 'file-1', byteRange: '1-*/*' };
    const headOctets = write(bob, alice, { ...wish, body: '' }).length;
    const answered = bob.endpoint.ask(write(bob, alice, { ...wish, body: fileOf(octets - headOctets) }));
    expect(
      await answered.then(
        ({ status }) => String(status),
        () => 'closed',
      ),
    ).toBe(expected);
  });

  it('is refused with 413 by Kamailio in chunks of 11 to 16 KB, and our relay tells its client', async () => {
    const { alice, bob } = await openCrossing({ yaml: { 'maxOctets: 8192': 'maxOctets: 12000' } });
    expect((await bob.endpoint.ask(write(bob, alice, { body: fileOf(12_000) }))).status).toBe(413);
    const sent = write(alice, bob, { messageId: 'file-1', byteRange: '1-12000/12000', body: fileOf(12_000) });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    expect(summary(await alice.endpoint.next())).toEqual(['file-1', '1-12000/12000', '000 413 Chunk too large']);
  });

  it('in larger chunks makes Kamailio close the connection, and our relay reports every octet', async () => {
    const { kamailio, alice, bob } = await openCrossing({ yaml: { 'maxOctets: 8192': 'maxOctets: 65536' } });
    void bob.endpoint.send(write(bob, alice, { body: fileOf(17_000) }));
    await bob.endpoint.closed;
    const sent = write(alice, bob, { messageId: 'file-1', byteRange: '1-20000/20000', body: fileOf(20_000) });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    const lost = ['file-1', '1-20000/20000', '000 408 Connection to next hop lost'];
    expect(summary(await alice.endpoint.next())).toEqual(lost);
    expect(kamailio.log()).toContain('uffer overrun, dropping');
  });
});

describe('a receiver that is slow', () => {
  // More than the buffers of the system hold.
  const OCTETS = 24_000_000;

  it('gets all of its file from Kamailio, and the next message does not wait for it', async () => {
    const scene = await openCrossing();
    const { alice, bob, kamailio } = scene;
    const carol = await clientOfKamailio(kamailio);
    const file = fileOf(OCTETS);
    bob.endpoint.pause();
    const sent = write(alice, bob, { messageId: 'file-1', byteRange: `1-*/${OCTETS}`, body: file });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    await pass(alice, carol);
    const { received } = attend(bob.endpoint);
    bob.endpoint.resume();
    await expect.poll(() => octetsOf(received), PATIENT).toBe(OCTETS);
    expect(assembled(received, OCTETS).equals(file)).toBe(true);
  });

  it('gets all of its file from our relay, and the next message does not wait for it', async () => {
    const { alice, bob, ours, kamailio } = await openCrossing();
    const [dave, carol] = [await clientOfOurs(ours), await clientOfKamailio(kamailio)];
    // From now on Kamailio's connection feeds two clients.
    for (const to of [alice, dave]) await pass(carol, to);
    const file = fileOf(OCTETS);
    alice.endpoint.pause();
    const heard = await sendFile(bob, alice, file, { chunkOctets: 10_000, window: 16 });
    expect(heard).toEqual(new Map([['200', 2400]]));
    await pass(carol, dave);
    const { received } = attend(alice.endpoint);
    alice.endpoint.resume();
    await expect.poll(() => octetsOf(received), PATIENT).toBe(OCTETS);
    expect(assembled(received, OCTETS).equals(file)).toBe(true);
  });

  it('is given up by our relay when more waits than flow.sessionOctets: one REPORT, the 413s end at Kamailio', async () => {
    const { alice, bob, ours, kamailio } = await openCrossing({
      yaml: { 'sessionOctets: 67108864': 'sessionOctets: 1048576' },
    });
    const [dave, carol] = [await clientOfOurs(ours), await clientOfKamailio(kamailio)];
    for (const to of [alice, dave]) await pass(carol, to);
    alice.endpoint.pause();
    const heard = await sendFile(bob, alice, fileOf(OCTETS), { chunkOctets: 10_000, window: 16 });
    // Kamailio does not mind missing answers: at three times the bound the session is refused, and the connection is read on for the others.
    await expect.poll(() => ours.relay.snapshot().reports, PATIENT).toEqual({ 'slow 413': 1 });
    const reported = heard.get('REPORT') ?? 0;
    heard.delete('REPORT');
    expect(heard).toEqual(new Map([['200', 2400]]));
    if (reported === 0) await bob.endpoint.next(({ method }) => method === 'REPORT');
    await expect.poll(() => ours.relay.snapshot().responses.out['SEND 413'] ?? 0, PATIENT).toBeGreaterThan(0);
    await pass(bob, carol);
    await expect(bob.endpoint.next(({ status }) => status !== undefined, 1)).rejects.toThrow('nothing came');
  });

  it('loses what Kamailio has answered 200 when more waits there than tcp_conn_wq_max', async () => {
    const { kamailio, ours, alice, bob } = await openCrossing({ cfg: { '67108864': '1048576' } });
    alice.endpoint.pause();
    const heard = await sendFile(bob, alice, fileOf(OCTETS), { chunkOctets: 10_000, window: 16 });
    expect([...heard.keys()]).toEqual(['200', '481']);
    expect(kamailio.log()).toContain('write queue full');
    const { received } = attend(alice.endpoint);
    alice.endpoint.resume();
    const waiting = () => ours.relay.snapshot().queuedOctets + ours.relay.snapshot().transactions;
    await expect.poll(waiting, PATIENT).toBe(0);
    expect(received.length).toBeGreaterThan(0);
    expect(octetsOf(received)).toBeLessThan((heard.get('200') ?? 0) * 10_000);
  });
});

describe('a message that cannot be delivered', () => {
  it('because the client of Kamailio is gone is answered 481, and our relay reports that', async () => {
    const { alice, bob } = await openCrossing();
    await bob.endpoint.close();
    const sent = write(alice, bob, { messageId: 'msg-1', byteRange: '1-5/5', body: 'hello' });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    expect(summary(await alice.endpoint.next())).toEqual(['msg-1', '1-5/5', '000 481 Next hop is gone']);
  });

  it('because the client of Kamailio refuses it is lost: only what that client reports itself comes back', async () => {
    const { alice, bob } = await openCrossing();
    const send = (messageId: string) =>
      alice.endpoint.ask(write(alice, bob, { messageId, byteRange: '1-5/5', body: 'hello' }));
    expect((await send('msg-1')).status).toBe(200);
    void bob.endpoint.send(responseTo(await bob.endpoint.next(), 413, 'Too much'));
    expect((await send('msg-2')).status).toBe(200);
    const got = await bob.endpoint.next();
    answer(bob.endpoint, got);
    void bob.endpoint.send(report(bob, got, '413 Too much'));
    expect(summary(await alice.endpoint.next(isReport))).toEqual(['msg-2', '1-5/5', '000 413 Too much']);
    await expect(alice.endpoint.next(undefined, 1)).rejects.toThrow('nothing is waiting');
  });

  it('because our client refuses it is reported by our relay, and the REPORT goes through Kamailio', async () => {
    const { alice, bob } = await openCrossing();
    const sent = write(bob, alice, { messageId: 'msg-1', byteRange: '1-5/5', body: 'hello' });
    expect((await bob.endpoint.ask(sent)).status).toBe(200);
    void alice.endpoint.send(responseTo(await alice.endpoint.next(), 413, 'Too much'));
    expect(summary(await bob.endpoint.next(isReport))).toEqual(['msg-1', '1-5/5', '000 413 Too much']);
  });

  it('because Kamailio is silent is reported after 30 s', async () => {
    const { kamailio, ours, alice, bob } = await openCrossing();
    await pass(alice, bob);
    await expect.poll(() => ours.relay.snapshot().transactions, PATIENT).toBe(0);
    kamailio.freeze();
    const sent = write(alice, bob, { messageId: 'msg-1', byteRange: '1-5/5', body: 'hello' });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    ours.clock.advance(29_000);
    await expect(alice.endpoint.next(undefined, 1)).rejects.toThrow('nothing is waiting');
    ours.clock.advance(3_000);
    expect(summary(await alice.endpoint.next())).toEqual(['msg-1', '1-5/5', '000 408 No response from next hop']);
  });

  it('because Kamailio dies is reported at once, and the next one refused', async () => {
    const { kamailio, alice, bob } = await openCrossing();
    await pass(alice, bob);
    kamailio.freeze();
    const sent = write(alice, bob, { messageId: 'msg-1', byteRange: '1-5/5', body: 'hello' });
    expect((await alice.endpoint.ask(sent)).status).toBe(200);
    await kamailio.stop();
    expect(summary(await alice.endpoint.next())).toEqual(['msg-1', '1-5/5', '000 408 Connection to next hop lost']);
    const again = async () => (await alice.endpoint.ask(write(alice, bob, { body: 'hello' }))).status;
    await expect.poll(again, PATIENT).toBe(408);
  });

  it('because our relay is gone is answered 481 by Kamailio, once it knows', async () => {
    const { ours, alice, bob } = await openCrossing();
    const send = async () => (await bob.endpoint.ask(write(bob, alice, { body: 'hello' }))).status;
    expect(await send()).toBe(200);
    await ours.relay.close();
    await expect.poll(send, PATIENT).toBe(481);
  });
});

describe('other methods', () => {
  it('go through in both directions, and so do their answers, with a text or without', async () => {
    const { alice, bob } = await openCrossing();
    for (const [from, to] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      for (const [status, comment] of [
        [200, ''],
        [423, 'Nickname usage failed'],
      ] as const) {
        const paths = { toPath: `${from.usePath} ${to.path}`, fromPath: from.endpoint.uri };
        const answered = from.endpoint.ask(request('NICKNAME', { ...paths, extra: [['Use-Nickname', '"Al"']] }));
        const got = await to.endpoint.next();
        expect(got.header('Use-Nickname')).toBe('"Al"');
        void to.endpoint.send(responseTo(got, status, comment));
        expect([(await answered).status, (await answered).comment]).toEqual([status, comment]);
      }
    }
  });
});
