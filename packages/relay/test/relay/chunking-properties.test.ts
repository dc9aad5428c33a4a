/** Whatever is sent, however it is cut on the way in, and whatever size may leave: it arrives as it was. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Message, responseTo } from '../endpoint.ts';
import { text } from './dialogue.ts';
import { openScene, type Scene, until } from './scene.ts';

const MAX_OCTETS = [2048, 2049, 5000, 65_536];
const scenes = new Map<number, Scene>();

beforeAll(async () => {
  for (const [index, maxOctets] of MAX_OCTETS.entries()) {
    const direction = index % 2 === 0 ? 'client to peer' : 'peer to client';
    // All of a chunk leaves before its receiver answers any of it.
    const overrides = { chunk: { maxOctets }, flow: { windowOctets: 16 * 1_048_576 } };
    scenes.set(maxOctets, await openScene({ direction, secure: false, overrides }));
  }
});

afterAll(async () => {
  for (const scene of scenes.values()) await scene.close();
});

/** Bodies full of what could be taken for the end of one. */
const bodies = fc
  .tuple(
    fc.array(fc.oneof(fc.constantFrom('\r\n', '-------', '$', '+', '\r', 'MSRP '), fc.string()), { maxLength: 40 }),
    fc.oneof(fc.nat(300), fc.nat(15_000), fc.nat(140_000)),
  )
  .map(([parts, octets]) => {
    const seed = Buffer.from(parts.join(''), 'utf8');
    return seed.length === 0 ? Buffer.alloc(octets, 'x') : Buffer.alloc(octets, seed);
  });

const cases = fc.record({
  maxOctets: fc.constantFrom(...MAX_OCTETS),
  body: bodies,
  start: fc.oneof(
    fc.constant(1),
    fc.nat(100_000).map((octets) => octets + 1),
  ),
  isTotalKnown: fc.boolean(),
  hasRange: fc.boolean(),
  flag: fc.constantFrom('$' as const, '+' as const, '#' as const),
  cuts: fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.boolean()), { maxLength: 6 }),
});

type Case = typeof cases extends fc.Arbitrary<infer T> ? T : never;

/** Sends the case, cut as it says; where a cut is marked, the linger time passes. */
async function play(scene: Scene, sent: Buffer, cuts: Case['cuts']): Promise<Message[]> {
  const ends = cuts
    .map(([share, lingers]) => ({ end: Math.floor(share * sent.length), lingers }))
    .toSorted((a, b) => a.end - b.end);
  let at = 0;
  for (const { end, lingers } of [...ends, { end: sent.length, lingers: false }]) {
    const before = scene.relay.relay.snapshot().octets.in;
    if (end > at) void scene.sender.send(sent.subarray(at, end));
    await until(() => scene.relay.relay.snapshot().octets.in >= before + end - at);
    at = end;
    if (lingers) scene.clock.advance(25);
  }
  expect(text(await scene.sender.next())).toBe(scene.answer(sent, '200 OK'));
  const received: Message[] = [];
  const out = (scene.relay.relay.snapshot().requests.out.SEND ?? 0) - (seen.get(scene) ?? 1);
  while (received.length < out) received.push(await scene.receiver.next());
  seen.set(scene, (seen.get(scene) ?? 1) + out);
  for (const chunk of received) void scene.receiver.send(responseTo(chunk, 200));
  return received;
}

/** How many SENDs have been seen to leave. */
const seen = new Map<Scene, number>();

function expectRight(
  { maxOctets, body, start, isTotalKnown, hasRange, flag }: Case,
  received: readonly Message[],
): void {
  const first = hasRange ? start : 1;
  const last = first + body.length - 1;
  let next = first;
  for (const [index, chunk] of received.entries()) {
    const octets = chunk.body?.length ?? -1;
    const isLast = index === received.length - 1;
    const known = hasRange && isTotalKnown ? String(start + body.length + 99) : '*';
    const total = isLast && flag === '$' ? String(last) : known;
    const end = octets > 2048 ? '*' : String(next + octets - 1);
    expect(chunk.header('Byte-Range')).toBe(`${next}-${end}/${total}`);
    expect(chunk.flag).toBe(isLast ? flag : '+');
    expect(octets).toBeLessThanOrEqual(maxOctets);
    if (!isLast) expect(octets).toBeGreaterThanOrEqual(2048);
    if (isLast && body.length > 0) expect(octets).toBeGreaterThan(0);
    next += octets;
  }
  expect(next).toBe(last + 1);
  expect(Buffer.concat(received.map((chunk) => chunk.body ?? Buffer.alloc(0))).equals(body)).toBe(true);
}

describe('Any chunk', () => {
  it('arrives as it was, without gap or overlap, in pieces that are as large as they may be and none empty (CH-09, CH-10, CH-11, CH-12, CH-13, CH-14, CH-19, CH-23, CH-27, F-32, FW-16, P-19)', async () => {
    await fc.assert(
      fc.asyncProperty(cases, async (one) => {
        const scene = scenes.get(one.maxOctets);
        if (scene === undefined) throw new Error('no such scene');
        const total = one.isTotalKnown ? one.start + one.body.length + 99 : '*';
        const range = one.hasRange ? { byteRange: `${one.start}-*/${total}` } : {};
        const sent = scene.send({ ...range, body: one.body, flag: one.flag });
        expectRight(one, await play(scene, sent, one.cuts));
      }),
      { numRuns: 120 },
    );
  });
});
