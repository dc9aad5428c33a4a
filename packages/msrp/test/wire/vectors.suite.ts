/** Runs every wire vector over one kind of parser. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'vitest';
import type { Parser, ParserEvents, ParserLimits } from '../../src/wire/index.ts';
import { octetByOctet, transcript } from '../transcript.ts';
import { DEFAULT_LIMITS, readVectors, type Vector } from '../vectors.ts';

const FILES = [
  'examples.md',
  'body-end.md',
  'start-line.md',
  'headers.md',
  'responses.md',
  'between-messages.md',
  'head-limits.md',
] as const;

/**
 * @param makeParser - makes the parser that is looked at.
 * @param makeOctets - copies octets into memory of the kind that this parser is fed with.
 */
export function describeVectors(
  makeParser: () => (events: ParserEvents, limits: ParserLimits) => Parser,
  makeOctets: (octets: Uint8Array) => Uint8Array,
): void {
  const told = (pieces: Iterable<Uint8Array>, limits: ParserLimits) =>
    transcript(pieces, limits, makeParser(), makeOctets);

  describe.each(FILES)('%s', (file) => {
    for (const { name, octets, events, limits } of readVectors(file)) {
      it(name, () => assert.deepEqual(told([octets], limits), events));

      it(`${name}, octet by octet`, () => assert.deepEqual(told(octetByOctet(octets), limits), events));

      it(`${name}, cut in two at every offset`, () => {
        for (let cut = 1; cut < octets.length; cut += 1) {
          const pieces = [octets.subarray(0, cut), octets.subarray(cut)];
          assert.deepEqual(told(pieces, limits), events, `cut at ${cut}`);
        }
      });
    }
  });

  describe('examples.md as one stream', () => {
    const vectors = readVectors('examples.md');
    const stream = Buffer.concat(vectors.map(({ octets }) => octets));
    const events = vectors.flatMap((vector) => vector.events);

    it('gives the same events when all messages come in one read (F-32)', () => {
      assert.deepEqual(told([stream], DEFAULT_LIMITS), events);
    });

    it.each([2, 3, 7, 64, 1000, 1460, 4095, 4096, 4097, 16_384])(
      'gives the same in reads of %i octets (F-32)',
      (size) => {
        const count = Math.ceil(stream.length / size);
        const pieces = Array.from({ length: count }, (_, index) => stream.subarray(index * size, (index + 1) * size));
        assert.deepEqual(told(pieces, DEFAULT_LIMITS), events);
      },
    );
  });
}

/** The octet count and the hash that stand in the names of worked examples. */
export function describeAnnouncements(): void {
  it.each(readVectors('examples.md').map((vector) => [vector.name, vector] as const))('%s', (name, vector) => {
    const [, count, hash] = /\((\d+) octets, sha256 ([0-9a-f]{16})\)$/.exec(name) ?? [];
    assert.deepEqual(announcement(vector), { count, hash });
  });
}

function announcement({ octets }: Vector): { count: string; hash: string } {
  const hash = createHash('sha256').update(octets).digest('hex').slice(0, 16);
  return { count: String(octets.length), hash };
}
