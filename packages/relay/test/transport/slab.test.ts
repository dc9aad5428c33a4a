import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { type Encoded, Slab } from '../../src/transport/slab.ts';
import { Stores } from '../../src/transport/stores.ts';
import { bodyOf } from './body-of.ts';

function chunk(head: string, body: readonly Uint8Array[], tail: string): OutgoingChunk {
  return new OutgoingChunk(head, bodyOf(...body), tail, undefined);
}

function slabOf(stores = new Stores()): Slab {
  return new Slab(stores);
}

describe('Slab', () => {
  it('lays short texts and bodies side by side in one run, urgent ones first', () => {
    const { runs } = slabOf().encode({
      urgent: ['one\r\n', 'two\r\n'],
      chunks: [chunk('head ', [Buffer.from('body'), Buffer.from(' more')], ' tail')],
    });
    expect(runs).toHaveLength(1);
    expect(Buffer.concat(runs).toString('latin1')).toBe('one\r\ntwo\r\nhead body more tail');
  });

  it('passes a large body on as it is, without a copy', () => {
    const body = Buffer.alloc(65_536, 7);
    const { runs } = slabOf().encode({ urgent: [], chunks: [chunk('head', [body], 'tail')] });
    expect(runs.map(({ length }) => length)).toEqual([4, 65_536, 4]);
    expect(runs[1]).toBe(body);
  });

  it('writes one character as one octet', () => {
    const text = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    const { runs } = slabOf().encode({ urgent: [text], chunks: [] });
    expect([...Buffer.concat(runs)]).toEqual(Array.from({ length: 256 }, (_, code) => code));
  });

  it('takes a text that is longer than a store', () => {
    const text = 'x'.repeat(1_000_000);
    expect(Buffer.concat(slabOf().encode({ urgent: [text], chunks: [] }).runs).toString()).toBe(text);
  });

  it('writes over what is released, so that no new memory is needed', () => {
    const stores = new Stores();
    const slab = new Slab(stores);
    const seen = new Set<ArrayBufferLike>();
    for (let batch = 0; batch < 1000; batch += 1) {
      const encoded = slab.encode({ urgent: ['x'.repeat(40_000)], chunks: [] });
      for (const run of encoded.runs) seen.add(run.buffer);
      for (const store of encoded.stores) stores.release(store);
    }
    expect(seen.size).toBe(1);
  });

  it('has nothing for an empty batch', () => {
    expect(slabOf().encode({ urgent: [], chunks: [] })).toEqual({ runs: [], stores: [] });
  });

  it('gives the octets of each batch in order and writes over nothing that was not released', () => {
    const body = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    });
    const batch = fc.record({
      urgent: fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 3 }),
      chunks: fc.array(fc.record({ head: fc.integer({ min: 1, max: 900 }), body }), { maxLength: 4 }),
      /** How many of the batches before it are written when it comes. */
      written: fc.integer({ min: 0, max: 3 }),
    });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 25 }), (batches) => {
        const stores = new Stores();
        const slab = new Slab(stores);
        const kept: (Encoded & { octets: Buffer })[] = [];
        for (const { urgent, chunks, written } of batches) {
          const texts = urgent.map((octets, index) => String.fromCharCode(97 + index).repeat(octets));
          const outgoing = chunks.map(({ head, body: bodies }) =>
            chunk(
              'h'.repeat(head),
              bodies.map(([octets, value]) => Buffer.alloc(octets, value)),
              'end',
            ),
          );
          const parts = outgoing.flatMap(({ head, body: views, tail }) => [
            Buffer.from(head),
            ...views,
            Buffer.from(tail),
          ]);
          const octets = Buffer.concat([Buffer.from(texts.join('')), ...parts]);
          for (const batchWritten of kept.splice(0, written)) {
            expect(Buffer.concat(batchWritten.runs).equals(batchWritten.octets)).toBe(true);
            for (const store of batchWritten.stores) stores.release(store);
          }
          kept.push({ ...slab.encode({ urgent: texts, chunks: outgoing }), octets });
        }
        for (const { runs, octets } of kept) expect(Buffer.concat(runs).equals(octets)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
