import { getEventListeners } from 'node:events';
import { describe, expect, it } from 'vitest';
import type { OutgoingMessage, SendProgress } from '../../src/client/outgoing-message.ts';
import type { SendOptions } from '../../src/client/session-options.ts';
import { type ConversationOptions, converse, type Message, octetsUpTo, PEER_URI, turn } from './peer.ts';

/** What becomes of both promises of a message, by the code of the error. */
function outcomes(message: OutgoingMessage) {
  const seen = { accepted: 'open', delivered: 'open' };
  for (const name of ['accepted', 'delivered'] as const) {
    message[name].then(
      () => {
        seen[name] = 'yes';
      },
      (error) => {
        seen[name] = error.status === undefined ? (error.code ?? error.message) : `${error.code} ${error.status}`;
      },
    );
  }
  return seen;
}

const ranges = (chunks: readonly Message[]) => chunks.map((chunk) => `${chunk.header('Byte-Range')}${chunk.flag}`);

/** A message of 1 MiB, its first 128 KiB or more written and nothing of them let go. */
async function underWay(options: SendOptions = {}, conversationOptions: ConversationOptions = {}) {
  const conversation = await converse(conversationOptions);
  const { session, peer } = conversation;
  peer.channel.hold();
  const message = session.send(octetsUpTo(1_048_576), options);
  await turn();
  peer.channel.drain(1000);
  const tid = /^MSRP (\S+) /.exec(peer.unfinished)?.[1] ?? '';
  /** Answers the chunk that is being written. */
  const answer = (status: number, comment = '') =>
    peer.write(
      `MSRP ${tid} ${status}${comment}\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n-------${tid}$\r\n`,
    );
  return { ...conversation, message, outcome: outcomes(message), answer };
}

describe('a message on the wire', () => {
  it('is one chunk, octet for octet (S-01, S-03, S-12)', async () => {
    const { session, peer } = await converse();
    const message = session.send('Grüße', { messageId: 'm-0417' });
    const { tid, text } = await peer.next();
    expect(text).toBe(
      `MSRP ${tid} SEND\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${session.uri}\r\nMessage-ID: m-0417\r\n` +
        'Byte-Range: 1-7/7\r\nSuccess-Report: yes\r\nFailure-Report: yes\r\n' +
        `Content-Type: text/plain;charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n-------${tid}$\r\n`,
    );
    expect(message.progress).toEqual({ sentOctets: 7, acceptedOctets: 0, reportedOctets: 0, totalOctets: 7 });
  });

  it('of more octets than a chunk may have is several chunks under one Message-ID (S-01, S-02, S-03, S-07)', async () => {
    const { session, peer } = await converse({ maxChunkOctets: 4000 });
    const octets = octetsUpTo(9000);
    const { messageId } = session.send(octets, { failureReport: 'partial' });
    const chunks = [await peer.next(), await peer.next(), await peer.next()];
    expect(chunks.map(({ lines, flag }) => [...lines.slice(2), flag])).toEqual(
      [
        ['1-*/9000', '+'],
        ['4001-*/9000', '+'],
        ['8001-9000/9000', '$'],
      ].map(([range, flag]) => [
        `Message-ID: ${messageId}`,
        `Byte-Range: ${range}`,
        'Success-Report: yes',
        'Failure-Report: partial',
        'Content-Type: application/octet-stream',
        flag,
      ]),
    );
    expect(Buffer.concat(chunks.map(({ body }) => body ?? Buffer.alloc(0)))).toEqual(Buffer.from(octets));
    expect(new Set(chunks.map(({ tid }) => tid)).size).toBe(3);
  });

  it.each(['', new Uint8Array(0), new Blob([])])(
    'without octets has an empty body (S-04, S-13): %j',
    async (content) => {
      const { session, peer } = await converse();
      const message = session.send(content, { messageId: 'm-01', contentType: 'text/plain', successReport: false });
      const chunk = await peer.next();
      expect(chunk.text).toBe(
        `MSRP ${chunk.tid} SEND\r\nTo-Path: ${PEER_URI}\r\nFrom-Path: ${session.uri}\r\nMessage-ID: m-01\r\n` +
          `Byte-Range: 1-0/0\r\nFailure-Report: yes\r\nContent-Type: text/plain\r\n\r\n\r\n-------${chunk.tid}$\r\n`,
      );
      peer.answer(chunk);
      await message.accepted;
    },
  );

  it('of a stream without octets is the same', async () => {
    const { session, peer } = await converse();
    session.send(new Blob([]).stream());
    expect(ranges([await peer.next()])).toEqual(['1-0/0$']);
  });

  it('has headers of its own before Content-Type, as UTF-8', async () => {
    const { session, peer } = await converse();
    session.send('x', { headers: { 'Content-Disposition': 'attachment; filename="ß"', 'X-Y': '1' } });
    expect((await peer.next()).lines.slice(-3)).toEqual([
      'Content-Disposition: attachment; filename="\xc3\x9f"',
      'X-Y: 1',
      'Content-Type: text/plain;charset=utf-8',
    ]);
  });

  it.each([
    { messageId: 'a\r\nb' },
    { messageId: 'a b c d' },
    { messageId: 'abc' },
    { contentType: 'text/plain\r\nX: y' },
    { contentType: '' },
    { headers: { 'X-Y': 'a\nb' } },
    { headers: { 'X\r\nY': 'a' } },
    { headers: { 'X Y': 'a' } },
    { headers: { 'X:': 'a' } },
    { headers: { 'Byte-Range': '1-5/5' } },
    { headers: { 'content-type': 'text/plain' } },
  ])('is not written with %j', async (options) => {
    const { session, peer } = await converse();
    expect(() => session.send('hello', options)).toThrow(expect.objectContaining({ code: 'MSRP_BAD_CONTENT' }));
    expect(await peer.rest()).toEqual([]);
  });

  it('has an id that no other has (S-01)', async () => {
    const { session } = await converse();
    const ids = Array.from({ length: 1000 }, () => session.send('', { failureReport: 'no', successReport: false }));
    expect(new Set(ids.map(({ messageId }) => messageId)).size).toBe(1000);
    for (const { messageId } of ids) expect(messageId).toMatch(/^[A-Za-z0-9]{12,32}$/);
    await turn();
  });

  it('cannot have the id of one that is still under way', async () => {
    const { session } = await converse();
    session.send('hello', { messageId: 'm-01' });
    expect(() => session.send('again', { messageId: 'm-01' })).toThrow(
      expect.objectContaining({ code: 'MSRP_BAD_CONTENT' }),
    );
    await turn();
  });
});

describe('a message that arrives', () => {
  it('is accepted when every chunk has its 200, in any order, and delivered when every octet is reported', async () => {
    const { session, peer } = await converse({ maxChunkOctets: 4000 });
    const message = session.send(octetsUpTo(9000));
    const seen = outcomes(message);
    const progress: SendProgress[] = [];
    const end = message.on('progress', (step) => progress.push(step));
    const [first, second, third] = [await peer.next(), await peer.next(), await peer.next()];
    peer.answer(third as Message);
    peer.answer(first as Message);
    await turn();
    expect(seen).toEqual({ accepted: 'open', delivered: 'open' });
    expect(message.progress).toEqual({ sentOctets: 9000, acceptedOctets: 5000, reportedOctets: 0, totalOctets: 9000 });
    peer.answer(second as Message);
    await turn();
    expect(seen).toEqual({ accepted: 'yes', delivered: 'open' });
    peer.reportOn(session, message.messageId, '1-9000/9000');
    await turn();
    expect(seen).toEqual({ accepted: 'yes', delivered: 'yes' });
    expect(progress.at(-1)).toEqual({
      sentOctets: 9000,
      acceptedOctets: 9000,
      reportedOctets: 9000,
      totalOctets: 9000,
    });
    end();
  });

  it.each([[['1-5/7', '6-7/7']], [['6-7/7', '1-5/7']], [['1-4/7', '2-7/7']], [['1-*/*']], [['1-7/*', '1-7/7']]])(
    'is reported by ranges that are not those of the chunks: %j (P-08, S-27)',
    async (list) => {
      const { session, peer } = await converse({ maxChunkOctets: 3 });
      const message = session.send('abcdefg');
      const seen = outcomes(message);
      for (const chunk of await peer.rest()) peer.answer(chunk);
      for (const range of list.slice(0, -1)) {
        peer.reportOn(session, message.messageId, range);
        await turn();
        if (range !== '1-7/*') expect(seen.delivered).toBe('open');
      }
      peer.reportOn(session, message.messageId, list.at(-1) ?? '');
      await turn();
      expect(seen.delivered).toBe('yes');
    },
  );

  it('is reported as a whole by a REPORT without Byte-Range', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    peer.answer(await peer.next());
    peer.report(session, `Message-ID: ${message.messageId}\r\nStatus: 000 200 OK\r\n`);
    await message.delivered;
    expect(message.progress.reportedOctets).toBe(5);
  });

  it('without octets is delivered when that is reported', async () => {
    const { session, peer } = await converse();
    const message = session.send('');
    const seen = outcomes(message);
    peer.answer(await peer.next());
    await turn();
    expect(seen).toEqual({ accepted: 'yes', delivered: 'open' });
    peer.reportOn(session, message.messageId, '1-0/0');
    await turn();
    expect(seen.delivered).toBe('yes');
  });

  it('with a report before the answers of its chunks waits for those', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    const seen = outcomes(message);
    const chunk = await peer.next();
    peer.reportOn(session, message.messageId, '1-5/5');
    await turn();
    expect(seen).toEqual({ accepted: 'open', delivered: 'yes' });
    peer.answer(chunk, 299, '');
    await turn();
    expect(seen.accepted).toBe('yes');
  });

  it.each([
    ['of another namespace (P-11)', 'Byte-Range: 1-5/5\r\nStatus: 001 200 OK\r\n'],
    ['that fails in another namespace (P-11)', 'Byte-Range: 1-5/5\r\nStatus: 001 408 gone\r\n'],
    ['of no octets', 'Byte-Range: 1-0/5\r\nStatus: 000 200 OK\r\n'],
    ['beyond the end', 'Byte-Range: 6-9007199254740991/9007199254740991\r\nStatus: 000 200 OK\r\n'],
    ['with a number that is too large', 'Byte-Range: 1-9007199254740993/5\r\nStatus: 000 200 OK\r\n'],
    ['that ends before it starts', 'Byte-Range: 5-1/5\r\nStatus: 000 200 OK\r\n'],
    ['from octet 0 on', 'Byte-Range: 0-5/5\r\nStatus: 000 200 OK\r\n'],
    ['without Status', 'Byte-Range: 1-5/5\r\n'],
    ['with a malformed Status', 'Byte-Range: 1-5/5\r\nStatus: 200 OK\r\n'],
    ['without Message-ID', ''],
  ])('is not delivered by a REPORT %s', async (_, lines) => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    const seen = outcomes(message);
    peer.answer(await peer.next());
    peer.report(session, lines === '' ? 'Status: 000 200\r\n' : `Message-ID: ${message.messageId}\r\n${lines}`);
    expect(await peer.rest()).toEqual([]);
    expect(seen).toEqual({ accepted: 'yes', delivered: 'open' });
    expect(session.isOpen).toBe(true);
  });

  it('is not delivered by a REPORT about another (P-09)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    const seen = outcomes(message);
    peer.answer(await peer.next());
    peer.reportOn(session, 'm-unknown', '1-5/5');
    peer.reportOn(session, 'm-unknown', '1-5/5', '000 408 gone');
    expect(await peer.rest()).toEqual([]);
    expect(seen.delivered).toBe('open');
    expect(session.isOpen).toBe(true);
  });

  it('has no more octets reported than were sent', async () => {
    const { peer, session, message } = await underWay();
    peer.reportOn(session, message.messageId, '1-*/1048576');
    expect(message.progress.reportedOctets).toBe(message.progress.sentOctets);
    expect(message.progress.sentOctets).toBeLessThan(1_048_576);
    peer.channel.release();
    await turn();
  });

  it('takes little memory for a million reports of single octets', async () => {
    const { peer, session, message } = await underWay();
    peer.channel.release();
    await turn();
    const lines = Array.from({ length: 20_000 }, (_, index) => {
      const tid = `tid${10_000 + index}`;
      const range = `Byte-Range: ${2 * index + 1}-${2 * index + 1}/1048576`;
      const head = `MSRP ${tid} REPORT\r\nTo-Path: ${session.uri}\r\nFrom-Path: ${PEER_URI}\r\n`;
      return `${head}Message-ID: ${message.messageId}\r\n${range}\r\nStatus: 000 200\r\n-------${tid}$\r\n`;
    }).join('');
    peer.write(lines);
    expect(message.progress.reportedOctets).toBeLessThan(5000);
    peer.reportOn(session, message.messageId, '1-1048576/1048576');
    await message.delivered;
  });

  it('with Failure-Report partial is accepted when it is written, and runs no time (T-18)', async () => {
    const { clock, session } = await converse();
    const message = session.send('hello', { failureReport: 'partial', successReport: false });
    await message.accepted;
    expect(message.progress.acceptedOctets).toBe(5);
    clock.advance(3_600_000);
    expect(session.isOpen).toBe(true);
    expect(clock.waitingCount).toBe(0);
  });

  it('with Failure-Report no is accepted when it is written; answers to it are not expected (T-07)', async () => {
    const { clock, session, peer } = await converse();
    const message = session.send('hello', { failureReport: 'no' });
    const seen = outcomes(message);
    await message.accepted;
    peer.answer(await peer.next(), 415);
    clock.advance(3_600_000);
    expect(clock.waitingCount).toBe(0);
    peer.reportOn(session, message.messageId, '1-5/5');
    await message.delivered;
    expect(seen).toEqual({ accepted: 'yes', delivered: 'yes' });
  });

  it('without Success-Report does not say so on the wire, and is never called delivered', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { successReport: false });
    const chunk = await peer.next();
    expect(chunk.text).not.toContain('Success-Report');
    peer.answer(chunk);
    await message.accepted;
    await expect(message.delivered).rejects.toMatchObject({ code: 'MSRP_UNCONFIRMED' });
    peer.reportOn(session, message.messageId, '1-5/5');
    expect(message.progress.reportedOctets).toBe(0);
  });
});

describe('a message that fails', () => {
  it('is missed after 30 s without answer (T-05)', async () => {
    const { clock, session, peer } = await converse();
    const seen = outcomes(session.send('hello'));
    await peer.next();
    clock.advance(30_000);
    await turn();
    expect(seen.accepted).toBe('open');
    clock.advance(2000);
    await turn();
    expect(seen).toEqual({ accepted: 'MSRP_TIMEOUT 408', delivered: 'MSRP_TIMEOUT 408' });
  });

  it('counts no time in which this side reads nothing', async () => {
    const { clock, session, peer } = await converse();
    session.on('message', () => undefined);
    const seen = outcomes(session.send('hello'));
    const chunk = await peer.next();
    for (let count = 0; count < 5; count += 1) peer.send(session, { body: new Uint8Array(65_536) });
    clock.advance(59_000);
    await turn();
    expect(seen.accepted).toBe('open');
    peer.answer(chunk);
    await turn();
    expect(seen.accepted).toBe('yes');
  });

  it('with a 408 is the same as one that was missed (T-14)', async () => {
    const { session, peer } = await converse();
    const seen = outcomes(session.send('hello'));
    peer.answer(await peer.next(), 408, 'Request Timeout');
    await turn();
    expect(seen).toEqual({ accepted: 'MSRP_TIMEOUT 408', delivered: 'MSRP_TIMEOUT 408' });
    expect(session.isOpen).toBe(true);
  });

  it('with a REPORT of 408 is the same as one that was missed (T-14)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    const seen = outcomes(message);
    peer.answer(await peer.next());
    peer.reportOn(session, message.messageId, '1-5/5', '000 408 gone');
    await turn();
    expect(seen).toEqual({ accepted: 'yes', delivered: 'MSRP_TIMEOUT 408' });
  });

  it.each([413, 415, 599])('with %i in the middle of a chunk ends it with # (S-21, S-22)', async (status) => {
    const { peer, session, outcome, answer } = await underWay();
    answer(status);
    await turn();
    expect(outcome).toEqual({ accepted: `MSRP_REFUSED ${status}`, delivered: `MSRP_REFUSED ${status}` });
    peer.channel.release();
    const [chunk] = await peer.rest();
    expect(chunk?.flag).toBe('#');
    expect(chunk?.body?.length).toBeLessThan(262_144);
    peer.answer(chunk as Message, 413);
    session.send('next');
    expect((await peer.rest()).map(({ body }) => body?.toString())).toEqual(['next']);
  });

  it.each([413, 415])(
    'with %i after a chunk, and before the next, tells the receiver that nothing more will come (S-21, S-22)',
    async (status) => {
      const { peer, session } = await converse();
      let give: (() => void) | undefined;
      const stream = async function* () {
        yield octetsUpTo(3000);
        await new Promise<void>((resolve) => {
          give = resolve;
        });
        yield octetsUpTo(3000);
      };
      const message = session.send(stream());
      await turn();
      peer.send(session, {});
      const [chunk] = await peer.rest();
      expect(chunk?.flag).toBe('+');
      peer.answer(chunk as Message, status);
      const rest = await peer.rest();
      expect(ranges(rest)).toEqual(['3001-3000/*#']);
      expect(rest[0]?.header('Message-ID')).toBe(message.messageId);
      expect(rest[0]?.body).toHaveLength(0);
      give?.();
      expect(await peer.rest()).toEqual([]);
    },
  );

  it.each([413, 415, 599])('with a REPORT of %i in the middle of a chunk ends it with # (S-22)', async (status) => {
    const { peer, session, message, outcome } = await underWay();
    peer.reportOn(session, message.messageId, '1-100/1048576', `000 ${status} no`);
    await turn();
    expect(outcome).toEqual({ accepted: `MSRP_REFUSED ${status}`, delivered: `MSRP_REFUSED ${status}` });
    peer.channel.release();
    const [chunk, ...more] = await peer.rest();
    expect(chunk?.flag).toBe('#');
    expect(more).toEqual([]);
    expect(session.isOpen).toBe(false);
  });

  it.each([481, 506])(
    'with %i fails the session, and all of its other messages; what is under way ends with #',
    async (status) => {
      const { peer, session, outcome, answer, another } = await underWay();
      const failures: string[] = [];
      session.on('failed', (error) => failures.push(`${error.code} ${error.status}`));
      const waiting = outcomes(session.send('waits'));
      answer(status);
      await turn();
      expect(outcome.accepted).toBe(`MSRP_REFUSED ${status}`);
      expect(failures).toEqual([`MSRP_SESSION_FAILED ${status}`]);
      expect(waiting).toEqual({
        accepted: `MSRP_SESSION_FAILED ${status}`,
        delivered: `MSRP_SESSION_FAILED ${status}`,
      });
      peer.channel.release();
      expect((await peer.rest()).map(({ flag, body }) => [flag, body?.toString() === 'waits'])).toEqual([['#', false]]);
      const other = await another();
      other.send('hello');
      expect((await peer.next()).body?.toString()).toBe('hello');
    },
  );

  it('with 415 fails each further one of its type at once (S-29)', async () => {
    const { session, peer } = await converse();
    const first = session.send('<p>', { contentType: 'text/html;charset=utf-8' });
    peer.answer(await peer.next(), 415, 'Media type not supported');
    await expect(first.accepted).rejects.toMatchObject({ status: 415 });
    expect(() => session.send('<p>', { contentType: 'Text/HTML' })).toThrow(
      expect.objectContaining({ code: 'MSRP_NOT_ACCEPTED' }),
    );
    session.send('hello');
    expect((await peer.rest()).map(({ body }) => body?.toString())).toEqual(['hello']);
  });

  it('with Failure-Report partial and an error hears of it, early and late (T-18)', async () => {
    const { session, peer, clock } = await converse();
    const message = session.send('hello', { failureReport: 'partial' });
    const seen = outcomes(message);
    const chunk = await peer.next();
    await turn();
    expect(seen).toEqual({ accepted: 'yes', delivered: 'open' });
    clock.advance(50_000);
    peer.answer(chunk, 413);
    await turn();
    expect(seen.delivered).toBe('MSRP_REFUSED 413');
  });

  it('with Failure-Report partial and without Success-Report hears of errors, too (T-18)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { failureReport: 'partial', successReport: false });
    const failures: unknown[] = [];
    message.on('failed', (error) => failures.push(error));
    await message.accepted;
    peer.answer(await peer.next(), 413);
    expect(failures).toEqual([expect.objectContaining({ code: 'MSRP_REFUSED', status: 413 })]);
  });

  it('with Failure-Report partial and a 200, which some relays send, is accepted all the same', async () => {
    const { session, peer, clock } = await converse();
    let end: (() => void) | undefined;
    const stream = async function* () {
      yield octetsUpTo(3000);
      await new Promise<void>((resolve) => {
        end = resolve;
      });
    };
    const message = session.send(stream(), { failureReport: 'partial' });
    await turn();
    clock.advance(200);
    peer.answer(await peer.next());
    end?.();
    await message.accepted;
    expect(message.progress.acceptedOctets).toBe(3000);
  });

  it('cannot fail any more when it was delivered', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { failureReport: 'partial' });
    message.on('failed', () => expect.unreachable());
    const chunk = await peer.next();
    peer.reportOn(session, message.messageId, '1-5/5');
    await message.delivered;
    peer.answer(chunk, 413);
    session.close();
    await message.delivered;
  });

  it.each([403, 404, 428])('with %i, as chat rooms answer, says so (MP-06)', async (status) => {
    const { session, peer } = await converse();
    const message = session.send('hello');
    peer.answer(await peer.next(), status, 'no');
    await expect(message.accepted).rejects.toMatchObject({ code: 'MSRP_REFUSED', status });
    expect(session.isOpen).toBe(true);
  });

  it('after it was accepted, without Success-Report, is a failed session (S-23, T-14)', async () => {
    const { session, peer } = await converse();
    const message = session.send('hello', { successReport: false });
    const failures: string[] = [];
    message.on('failed', (error) => failures.push((error as { code: string }).code));
    session.on('failed', (error) => failures.push(`${error.code} ${error.status}`));
    peer.answer(await peer.next());
    await message.accepted;
    peer.reportOn(session, message.messageId, '1-5/5', '000 408 Next hop unreachable');
    expect(failures).toEqual(['MSRP_TIMEOUT', 'MSRP_SESSION_FAILED 408']);
    expect(session.isOpen).toBe(false);
  });

  it('says so once, whatever else comes', async () => {
    const { session, message, answer } = await underWay();
    const failures: unknown[] = [];
    message.on('failed', (error) => failures.push(error));
    answer(413);
    answer(415);
    message.abort();
    session.close();
    expect(failures).toHaveLength(1);
  });
});

describe('a message that is given up', () => {
  const REASON = new Error('changed my mind');

  it('before it was sent is not sent', async () => {
    const { session, peer } = await converse();
    expect(() => session.send('hello', { signal: AbortSignal.abort(REASON) })).toThrow(REASON);
    const controller = new AbortController();
    const seen = outcomes(session.send('hello', { signal: controller.signal }));
    controller.abort(REASON);
    expect(await peer.rest()).toEqual([]);
    expect(seen).toEqual({ accepted: REASON.message, delivered: REASON.message });
  });

  it('in the middle of a chunk ends that with # (F-20)', async () => {
    const controller = new AbortController();
    const { peer, session, outcome } = await underWay({ signal: controller.signal });
    controller.abort(REASON);
    peer.channel.release();
    const [chunk, ...more] = await peer.rest();
    expect(chunk?.flag).toBe('#');
    expect(more).toEqual([]);
    expect(outcome).toEqual({ accepted: REASON.message, delivered: REASON.message });
    peer.answer(chunk as Message);
    session.send('next');
    expect(await peer.rest()).toHaveLength(1);
  });

  it('between two chunks sends an empty one with #, which claims nothing', async () => {
    const { session, peer, clock } = await converse();
    const stream = async function* () {
      yield octetsUpTo(3000);
      await new Promise(() => undefined);
    };
    const message = session.send(stream());
    const seen = outcomes(message);
    await turn();
    clock.advance(200);
    expect(ranges(await peer.rest())).toEqual(['1-*/*+']);
    message.abort();
    const rest = await peer.rest();
    expect(ranges(rest)).toEqual(['3001-3000/*#']);
    expect(rest[0]?.body).toHaveLength(0);
    expect(seen).toEqual({ accepted: 'MSRP_ABORTED', delivered: 'MSRP_ABORTED' });
    expect(message.progress).toMatchObject({ sentOctets: 3000, totalOctets: undefined });
    for (const chunk of peer.messages.slice(1)) peer.answer(chunk);
    clock.advance(2000);
    expect(clock.waitingCount).toBe(0);
  });

  it('after all was written is not given up any more', async () => {
    const controller = new AbortController();
    const { session, peer } = await converse();
    const message = session.send('hello', { signal: controller.signal });
    const chunk = await peer.next();
    message.abort();
    controller.abort(REASON);
    peer.answer(chunk);
    peer.reportOn(session, message.messageId, '1-5/5');
    await message.accepted;
    await message.delivered;
    expect(await peer.rest()).toEqual([]);
  });

  it('or has arrived lets go of the signal', async () => {
    const { signal } = new AbortController();
    const { session, peer } = await converse();
    const messages = ['one', 'two'].map((text) => session.send(text, { signal, successReport: false }));
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    messages[0]?.abort();
    peer.answer(await peer.next());
    await messages[1]?.accepted;
    expect(getEventListeners(signal, 'abort')).toHaveLength(0);
  });

  it('lets go of its content', async () => {
    const { session, peer } = await converse();
    peer.channel.hold();
    let isClosed = false;
    const stream = async function* () {
      try {
        for (;;) yield octetsUpTo(3000);
      } finally {
        isClosed = true;
      }
    };
    const message = session.send(stream());
    await turn();
    message.abort();
    await turn();
    expect(isClosed).toBe(true);
  });
});

describe('content that is not what was said', () => {
  it.each([
    ['short, of one chunk', 100, 50],
    ['long, of one chunk', 100, 150],
    ['short', 100_000, 50_000],
    ['long', 95_000, 100_000],
  ])('is too %s: the message is given up', async (_, totalOctets, octets) => {
    const { session, peer } = await converse();
    const stream = async function* () {
      for (let at = 0; at < octets; at += 10_000) yield octetsUpTo(octets).subarray(at, at + 10_000);
    };
    const message = session.send(stream(), { totalOctets });
    const seen = outcomes(message);
    const chunks = await peer.rest();
    expect(seen).toEqual({ accepted: 'MSRP_BAD_CONTENT', delivered: 'MSRP_BAD_CONTENT' });
    expect(chunks.every(({ flag }) => flag !== '$')).toBe(true);
    if (chunks.length > 0) expect(chunks.at(-1)?.flag).toBe('#');
    expect(peer.unfinished).toBe('');
    session.send('next');
    expect(await peer.rest()).toHaveLength(1);
  });

  it.each([0, 2000, 3000])('throws after %i octets: the message is given up, and its receiver told', async (octets) => {
    const { session, peer } = await converse();
    const error = new Error('disk on fire');
    const stream = async function* () {
      if (octets > 0) yield octetsUpTo(octets);
      await turn();
      throw error;
    };
    const message = session.send(stream());
    await expect(message.accepted).rejects.toBe(error);
    await expect(message.delivered).rejects.toBe(error);
    expect((await peer.rest()).map(({ flag }) => flag)).toEqual(octets > 2048 ? ['#'] : []);
    expect(peer.unfinished).toBe('');
  });

  it('throws between two chunks: its receiver is told', async () => {
    const { session, peer, clock } = await converse();
    let fail: ((error: Error) => void) | undefined;
    const stream = async function* () {
      yield octetsUpTo(3000);
      await new Promise((_, reject) => {
        fail = reject;
      });
    };
    const message = session.send(stream());
    await turn();
    clock.advance(200);
    fail?.(new Error('disk on fire'));
    await expect(message.accepted).rejects.toThrow('disk on fire');
    expect(ranges(await peer.rest())).toEqual(['1-*/*+', '3001-3000/*#']);
  });

  it('cannot be opened: the message fails, and the others go on', async () => {
    const { session, peer } = await converse();
    const read = () => {
      throw new Error('no such file');
    };
    const message = session.send({ octets: 5, read });
    session.send('next');
    await expect(message.accepted).rejects.toThrow('no such file');
    expect((await peer.rest()).map(({ body }) => body?.toString())).toEqual(['next']);
  });
});
