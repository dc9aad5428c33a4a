import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import type { ContentSource } from '../../src/client/content.ts';
import type { Session } from '../../src/client/session.ts';
import { makeIdent } from '../../src/wire/ident.ts';
import { type Conversation, converse, type Message, octetsUpTo, type Peer, turn } from './peer.ts';

const MIB = 1_048_576;

/** What is written is let go in steps, until all has left. */
async function drain({ channel }: Peer, step = 65_536): Promise<void> {
  await turn();
  while (channel.waitingOctets > 0) {
    channel.drain(step);
    await turn();
  }
}

/** The content of all chunks of one message, put where their Byte-Range says. */
function assembled(chunks: readonly Message[]): Buffer {
  let next = 1;
  for (const chunk of chunks) {
    const range = chunk.header('Byte-Range') ?? '';
    expect(Number.parseInt(range, 10)).toBe(next);
    next += chunk.body?.length ?? 0;
  }
  return Buffer.concat(chunks.map(({ body }) => body ?? Buffer.alloc(0)));
}

const ranges = (chunks: readonly Message[]) => chunks.map((chunk) => `${chunk.header('Byte-Range')}${chunk.flag}`);
const of = (messages: readonly Message[], messageId: string) =>
  messages.filter((message) => message.header('Message-ID') === messageId);

const ID_LENGTH = makeIdent().length;

/** Ids repeat while `use` runs: it is given the next one and the one after that. */
async function withForeseenIds(use: (next: string, afterNext: string) => Promise<void>): Promise<void> {
  const spendPool = () => {
    for (let count = 0; count < 700; count += 1) makeIdent();
  };
  const spy = vi.spyOn(globalThis.crypto, 'getRandomValues').mockImplementation((octets) => {
    for (let at = 0; at < octets.length; at += 1) octets[at] = Math.floor(at / ID_LENGTH) % 2;
    return octets;
  });
  spendPool();
  const [, next = '', afterNext = ''] = [makeIdent(), makeIdent(), makeIdent()];
  try {
    await use(next, afterNext);
  } finally {
    spy.mockRestore();
    spendPool();
  }
}

/** A stream that gives what the test gives it. */
function tap() {
  const pieces: (Uint8Array | 'end' | Error)[] = [];
  let wake: (() => void) | undefined;
  const read = async function* () {
    for (;;) {
      const piece = pieces.shift();
      if (piece === 'end') return;
      if (piece instanceof Error) throw piece;
      if (piece !== undefined) yield piece;
      else await new Promise<void>((resolve) => (wake = resolve));
    }
  };
  const give = async (piece: Uint8Array | 'end' | Error) => {
    pieces.push(piece);
    wake?.();
    await turn();
  };
  return { stream: read(), give };
}

describe('a long message alone', () => {
  it('is one chunk of 1 MiB (S-08)', async () => {
    const { session, peer } = await converse();
    session.send(octetsUpTo(MIB));
    const chunk = await peer.next();
    expect(ranges([chunk])).toEqual([`1-*/${MIB}$`]);
    expect(chunk.body?.equals(octetsUpTo(MIB))).toBe(true);
  });

  it('is read no faster than it leaves (FC-09)', async () => {
    const { session, peer } = await converse();
    let readOctets = 0;
    const stream = async function* () {
      for (let index = 0; index < 250; index += 1) {
        readOctets += 65_536;
        yield new Uint8Array(65_536);
      }
    };
    peer.channel.hold();
    session.send(stream());
    await turn();
    expect(readOctets).toBeLessThan(400_000);
    expect(peer.channel.waitingOctets).toBeLessThan(200_000);
    await drain(peer);
    const chunks = await peer.rest();
    expect(chunks.reduce((sum, { body }) => sum + (body?.length ?? 0), 0)).toBe(16_384_000);
  });

  it('of 5000 octets in small chunks is 2048, 2048 and 904 (S-05, CH-02, CH-03)', async () => {
    const { session, peer } = await converse({ maxChunkOctets: 2048 });
    session.send(octetsUpTo(5000));
    expect(ranges(await peer.rest())).toEqual(['1-2048/5000+', '2049-4096/5000+', '4097-5000/5000$']);
  });

  it.each([
    [2048, '1-2048/2048$'],
    [2049, '1-*/2049$'],
  ])('of %i octets says %s (S-05)', async (octets, range) => {
    const { session, peer } = await converse();
    session.send(octetsUpTo(octets));
    expect(ranges([await peer.next()])).toEqual([range]);
  });
});

describe('a long message that is interrupted', () => {
  /** A message of 1 MiB of which more than 2048 octets are on their way. */
  async function underWay(octets = MIB) {
    const conversation = await converse();
    conversation.session.on('message', (message) => void message.bytes());
    conversation.peer.channel.hold();
    const { messageId } = conversation.session.send(octetsUpTo(octets));
    await turn();
    return { ...conversation, messageId };
  }

  it('lets a response pass at once, and goes on with the first octet that was not sent (S-09, FC-01, CH-04)', async () => {
    const { session, peer, messageId } = await underWay();
    const tid = peer.send(session, { body: 'hello' });
    await drain(peer);
    const messages = await peer.rest();
    expect(messages.map(({ method, status }) => method || status)).toEqual(['SEND', 200, 'SEND']);
    expect(messages[1]?.tid).toBe(tid);
    const chunks = of(messages, messageId);
    expect(chunks[0]?.flag).toBe('+');
    expect(chunks[0]?.body?.length).toBeGreaterThanOrEqual(2048);
    expect(chunks[0]?.body?.length).toBeLessThanOrEqual(262_144);
    expect(ranges(chunks)[1]).toBe(`${(chunks[0]?.body?.length ?? 0) + 1}-*/${MIB}$`);
    expect(assembled(chunks).equals(octetsUpTo(MIB))).toBe(true);
  });

  it('lets a success REPORT pass (FC-01)', async () => {
    const { session, peer } = await underWay();
    peer.send(session, { failureReport: 'no', successReport: 'yes', body: 'hello' });
    await drain(peer);
    expect((await peer.rest()).map(({ method }) => method)).toEqual(['SEND', 'REPORT', 'SEND']);
  });

  it('lets a second message of its session pass', async () => {
    const { session, peer, messageId } = await underWay();
    const second = session.send('hello');
    await drain(peer);
    const messages = await peer.rest();
    expect(messages.map((message) => message.header('Message-ID'))).toEqual([messageId, second.messageId, messageId]);
    expect(assembled(of(messages, messageId)).equals(octetsUpTo(MIB))).toBe(true);
  });

  it('is not interrupted when nobody waits', async () => {
    const { peer } = await underWay();
    await drain(peer, 1000);
    expect(await peer.rest()).toHaveLength(1);
  });

  it('never waits for answers: all chunks leave to a peer that is mute (T-10)', async () => {
    const { session, peer } = await converse({ maxChunkOctets: 2048 });
    session.send(octetsUpTo(20_480));
    session.send('one more');
    expect(await peer.rest()).toHaveLength(11);
  });
});

describe('sessions on one connection', () => {
  /** How many octets of each session's content have left. */
  const shares = (messages: readonly Message[], sessions: readonly Session[]) =>
    sessions.map(({ uri }) =>
      messages
        .filter((message) => message.header('From-Path') === uri)
        .reduce((sum, { body }) => sum + (body?.length ?? 0), 0),
    );

  /** Lets go 64 KiB at a time; looks at what each session has got, after a first MiB, each time that 3 MiB have left. */
  async function expectFairness({ peer }: Conversation, sessions: readonly Session[], looks: number) {
    await turn();
    const all: Message[] = [];
    const after = async (octets: number) => {
      for (let left = 0; left < octets; left += 65_536) {
        peer.channel.drain(65_536);
        await turn();
      }
      all.push(...(await peer.rest()));
      return shares(all, sessions);
    };
    const first = await after(MIB);
    for (let look = 1; look <= looks; look += 1) {
      const gained = (await after(3 * MIB)).map((octets, index) => octets - (first[index] ?? 0));
      expect(Math.min(...gained) / Math.max(...gained)).toBeGreaterThan(0.9);
    }
  }

  it('take turns: two of 10 MiB each stay within 10 % of each other (CH-05, FC-02)', async () => {
    const conversation = await converse();
    const other = await conversation.another();
    conversation.peer.channel.hold();
    conversation.session.send(octetsUpTo(10 * MIB));
    other.send(octetsUpTo(10 * MIB));
    await expectFairness(conversation, [conversation.session, other], 5);
  });

  it('take turns by octets: one message does not get less than many (FC-02)', async () => {
    const conversation = await converse();
    const sessions = [conversation.session, await conversation.another(), await conversation.another()];
    conversation.peer.channel.hold();
    const [first, second, third] = sessions;
    for (let count = 0; count < 10; count += 1) first?.send(octetsUpTo(MIB));
    second?.send(octetsUpTo(10 * MIB));
    for (let count = 0; count < 1024; count += 1) third?.send(octetsUpTo(10_000));
    await expectFairness(conversation, sessions, 7);
  });

  it('let a short message of one pass a file of the other', async () => {
    const conversation = await converse();
    const { session, peer } = conversation;
    const other = await conversation.another();
    peer.channel.hold();
    session.send(octetsUpTo(10 * MIB));
    await turn();
    other.send('hello');
    await turn();
    for (let octets = 0; octets < 262_144; octets += 65_536) {
      peer.channel.drain(65_536);
      await turn();
    }
    expect((await peer.rest()).some(({ body }) => body?.toString() === 'hello')).toBe(true);
    await drain(peer, MIB);
  });
});

describe('content that comes slowly', () => {
  it('is not begun before there are 2048 octets, or all of it (CH-03)', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(2000));
    expect(peer.unfinished).toBe('');
    await give(octetsUpTo(48));
    expect(peer.unfinished).toContain('Byte-Range: 1-*/*\r\n');
    await give('end');
    expect(ranges(await peer.rest())).toEqual(['1-*/*$']);
  });

  it('says its length when it has ended in time (S-06)', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(2000));
    await give('end');
    expect(ranges(await peer.rest())).toEqual(['1-2000/2000$']);
  });

  it('says the length that its sender knows (S-06)', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream, { totalOctets: 4000 });
    await give(octetsUpTo(2048));
    expect(peer.unfinished).toContain('Byte-Range: 1-*/4000\r\n');
    await give(octetsUpTo(1952));
    expect(ranges(await peer.rest())).toEqual(['1-*/4000$']);
  });

  it('ends its chunk after 200 ms in which nothing comes', async () => {
    const { clock, session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    clock.advance(199);
    expect(peer.messages).toHaveLength(1);
    clock.advance(1);
    expect(ranges(await peer.rest())).toEqual(['1-*/*+']);
    await give(octetsUpTo(2000));
    clock.advance(1000);
    expect(peer.unfinished).toBe('');
    await give('end');
    expect(ranges(await peer.rest())).toEqual(['3001-5000/5000$']);
    for (const message of peer.messages.slice(1)) peer.answer(message);
    clock.advance(2000);
    expect(clock.waitingCount).toBe(0);
  });

  it('ends its chunk at once when somebody waits', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    const tid = peer.send(session, { failureReport: 'yes' });
    const messages = await peer.rest();
    expect(ranges(messages.slice(0, 1))).toEqual(['1-*/*+']);
    expect(messages[1]).toMatchObject({ tid, status: 200 });
    session.send('hello');
    expect(await peer.rest()).toHaveLength(1);
    await give(new Error('enough'));
  });

  it('ends its chunk at once when another session waits', async () => {
    const { session, another, peer } = await converse();
    const other = await another();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    other.send('hello');
    expect((await peer.rest()).map(({ flag, body }) => [flag, body?.length])).toEqual([
      ['+', 3000],
      ['$', 5],
    ]);
    await give('end');
  });

  it('ends its last chunk without octets when only then it has ended', async () => {
    const { clock, session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    clock.advance(200);
    await give('end');
    expect(ranges(await peer.rest())).toEqual(['1-*/*+', '3001-3000/3000$']);
  });

  it('holds up nothing else of its session', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    session.send('hello');
    expect((await peer.rest()).map(({ body }) => body?.toString())).toEqual(['hello']);
    await give(new Error('enough'));
  });
});

describe('the own end-line in a body (F-19)', () => {
  it('ends the chunk before it is complete, and the message goes on under another id', async () => {
    const { session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    const tid = /^MSRP (\S+) /.exec(peer.unfinished)?.[1];
    const planted = `\r\n-------${tid}$\r\nMSRP evil SEND\r\n`;
    await give(Buffer.from(planted.slice(0, 12)));
    await give(Buffer.from(planted.slice(12)));
    await give('end');
    const chunks = await peer.rest();
    expect(chunks).toHaveLength(2);
    expect(chunks[0]).toMatchObject({ tid, flag: '+' });
    expect(assembled(chunks).subarray(3000).toString()).toBe(planted);
  });

  it('is avoided from the start in a chunk that says where it ends', async () => {
    const { session, peer } = await converse();
    await withForeseenIds(async (next, afterNext) => {
      const evil = `\r\n-------${next}$\r\n`;
      session.send(evil, { messageId: 'm-01' });
      const chunk = await peer.next();
      expect(chunk.tid).toBe(afterNext);
      expect(ranges([chunk])).toEqual([`1-${evil.length}/${evil.length}$`]);
      expect(chunk.body?.toString()).toBe(evil);
    });
  });
});

describe('a channel of whole chunks', () => {
  it('gets each chunk and each short request in one write, and no chunk over 64 KiB', async () => {
    const { session, peer } = await converse({ traits: { writesWholeChunks: true } });
    session.on('message', (message) => void message.bytes());
    const written = peer.channel.writes.length;
    peer.channel.hold();
    session.send(octetsUpTo(200_000));
    session.send('hello');
    peer.send(session, { successReport: 'yes', body: 'one' });
    peer.send(session, { body: 'two' });
    await drain(peer);
    for (const write of peer.channel.writes.slice(written)) {
      const [, tid] = /^MSRP (\S+) /.exec(write.toString('latin1', 0, 80)) ?? [];
      expect(write.toString('latin1').split(`-------${tid}`)).toHaveLength(2);
      expect(write.toString('latin1', write.length - 3)).toMatch(/^[$+#]\r\n$/);
      expect(write.length).toBeLessThan(66_500);
    }
    const messages = await peer.rest();
    expect(messages).toHaveLength(peer.channel.writes.length - written);
    const long = messages.filter((message) => message.header('Byte-Range')?.endsWith('/200000'));
    for (const { body } of long) expect(body?.length).toBeLessThanOrEqual(65_536);
    expect(assembled(long).equals(octetsUpTo(200_000))).toBe(true);
  });
});

describe('a channel of whole chunks, and content in pieces', () => {
  it('gets nothing of a chunk before it is complete, and no chunk over 64 KiB', async () => {
    const { clock, session, peer } = await converse({ traits: { writesWholeChunks: true } });
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    expect(peer.unfinished).toBe('');
    clock.advance(200);
    expect(ranges(await peer.rest())).toEqual(['1-*/*+']);
    for (let count = 0; count < 10; count += 1) await give(octetsUpTo(10_000));
    await give('end');
    const chunks = await peer.rest();
    expect(chunks.map(({ body }) => body?.length)).toEqual([65_536, 34_464]);
    expect(peer.unfinished).toBe('');
  });
});

describe('writing', () => {
  it('puts what one turn brings into one write', async () => {
    const { session, peer } = await converse();
    const written = peer.channel.writes.length;
    for (let count = 0; count < 5; count += 1) peer.send(session, {});
    await turn();
    expect(peer.channel.writes).toHaveLength(written + 1);
    expect(await peer.rest()).toHaveLength(5);
  });

  it('gives up a peer that sends and sends, and takes none of the answers', async () => {
    const { session, peer } = await converse();
    const failures: string[] = [];
    session.on('failed', ({ code }) => failures.push(code));
    peer.channel.hold();
    session.send(octetsUpTo(MIB));
    await turn();
    for (let count = 0; count < 10_000 && session.isOpen; count += 1) peer.send(session, {});
    expect(failures).toEqual(['MSRP_CONNECTION_LOST']);
    expect(peer.channel.ending).toBe('destroy');
  });

  it('goes on for as long as the peer takes the answers', async () => {
    const { session, peer } = await converse();
    for (let count = 0; count < 10; count += 1) {
      for (let request = 0; request < 1000; request += 1) peer.send(session, {});
      expect(await peer.rest()).toHaveLength(1000);
    }
    expect(session.isOpen).toBe(true);
  });

  it('tells what is given up between two chunks although much still waits to leave', async () => {
    const { clock, endpoint, session, another, peer } = await converse();
    const other = await another();
    const { stream, give } = tap();
    const { messageId } = session.send(stream);
    await give(octetsUpTo(3000));
    clock.advance(200);
    await peer.rest();
    peer.channel.hold();
    other.send(octetsUpTo(MIB));
    await turn();
    endpoint.close();
    peer.channel.release();
    const chunks = await peer.rest();
    expect(chunks.map(({ flag }) => flag)).toEqual(['#', '#']);
    expect(ranges(of(chunks, messageId))).toEqual(['3001-3000/*#']);
    await give('end');
  });

  it('ends the open chunk when the connection is closed in order', async () => {
    const { endpoint, session, peer } = await converse();
    const { stream, give } = tap();
    session.send(stream);
    await give(octetsUpTo(3000));
    endpoint.close();
    expect(ranges(await peer.rest())).toEqual(['1-*/*#']);
    expect(peer.unfinished).toBe('');
    expect(peer.channel.ending).toBe('end');
  });

  it('ends the open chunk also when much still waits to leave', async () => {
    const { endpoint, session, peer } = await converse();
    peer.channel.hold();
    session.send(octetsUpTo(MIB));
    await turn();
    peer.send(session, {});
    endpoint.close();
    peer.channel.release();
    const [chunk, answer] = await peer.rest();
    expect(chunk?.flag).toBe('#');
    expect(answer?.status).toBe(200);
    expect(peer.unfinished).toBe('');
  });
});

describe('any messages at once', () => {
  const message = fc.record({
    session: fc.nat(2),
    octets: fc.oneof(fc.nat(5000), fc.nat(200_000)),
    pieceOctets: fc.integer({ min: 100, max: 50_000 }),
    isTotalKnown: fc.boolean(),
  });
  const plan = fc.record({
    maxChunkOctets: fc.constantFrom(500, 2048, 10_000, 4_194_304),
    writesWholeChunks: fc.boolean(),
    messages: fc.array(message, { minLength: 1, maxLength: 8 }),
    steps: fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 20 }),
    requestsEach: fc.integer({ min: 1, max: 5 }),
  });

  it('arrive whole, in order, in well formed chunks, beside all responses (S-07, S-28)', async () => {
    await fc.assert(
      fc.asyncProperty(plan, async ({ maxChunkOctets, writesWholeChunks, messages, steps, requestsEach }) => {
        const { session, another, peer } = await converse({ maxChunkOctets, traits: { writesWholeChunks } });
        const sessions = [session, await another({ maxChunkOctets }), await another({ maxChunkOctets })];
        peer.channel.hold();
        const sent = messages.map(({ session: index, octets, pieceOctets, isTotalKnown }) => {
          const sender = sessions[index] ?? session;
          const content = octetsUpTo(octets);
          const source: ContentSource = {
            octets: isTotalKnown ? octets : undefined,
            async *read() {
              for (let at = 0; at < octets; at += pieceOctets) yield content.subarray(at, at + pieceOctets);
            },
          };
          return { uri: sender.uri, octets, messageId: sender.send(source).messageId };
        });
        let requests = 0;
        await turn();
        for (let at = 0; peer.channel.waitingOctets > 0; at += 1) {
          peer.channel.drain(steps[at % steps.length] ?? 1000);
          if (at % requestsEach === 0 && requests < 20) {
            peer.send(session, {});
            requests += 1;
          }
          await turn();
        }
        const all = await peer.rest();
        expect(all.filter(({ status }) => status === 200)).toHaveLength(requests);
        for (const { uri, octets, messageId } of sent) {
          const chunks = of(all, messageId);
          expect(assembled(chunks).equals(octetsUpTo(octets))).toBe(true);
          expect(chunks.map(({ flag }) => flag).join('')).toMatch(/^\+*\$$/);
          expect(new Set(chunks.map((chunk) => chunk.header('From-Path')))).toEqual(new Set([uri]));
          for (const { body } of chunks) expect(body?.length).toBeLessThanOrEqual(maxChunkOctets);
        }
      }),
      { numRuns: 40 },
    );
  });
});
