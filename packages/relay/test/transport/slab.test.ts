import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { OutgoingChunk } from '../../src/transport/outgoing-chunk.ts';
import { Slab } from '../../src/transport/slab.ts';

function chunk(head: string, body: readonly Uint8Array[], tail: string): OutgoingChunk {
  const octets = body.reduce((sum, view) => sum + view.length, 0);
  return new OutgoingChunk(head, body, octets, tail, undefined);
}

describe('Slab', () => {
  it('lays short texts and bodies side by side in one run, urgent ones first', () => {
    const runs = new Slab().encode({
      urgent: ['one\r\n', 'two\r\n'],
      chunks: [chunk('head ', [Buffer.from('body'), Buffer.from(' more')], ' tail')],
    });
    expect(runs).toHaveLength(1);
    expect(Buffer.concat(runs).toString('latin1')).toBe('one\r\ntwo\r\nhead body more tail');
  });

  it('passes a large body on as it is, without a copy', () => {
    const body = Buffer.alloc(65_536, 7);
    const runs = new Slab().encode({ urgent: [], chunks: [chunk('head', [body], 'tail')] });
    expect(runs.map(({ length }) => length)).toEqual([4, 65_536, 4]);
    expect(runs[1]).toBe(body);
  });

  it('writes one character as one octet', () => {
    const text = String.fromCharCode(...Array.from({ length: 256 }, (_, code) => code));
    const runs = new Slab().encode({ urgent: [text], chunks: [] });
    expect([...Buffer.concat(runs)]).toEqual(Array.from({ length: 256 }, (_, code) => code));
  });

  it('takes a text that is longer than a slab', () => {
    const text = 'x'.repeat(1_000_000);
    expect(Buffer.concat(new Slab().encode({ urgent: [text], chunks: [] })).toString()).toBe(text);
  });

  it('has nothing for an empty batch', () => {
    expect(new Slab().encode({ urgent: [], chunks: [] })).toEqual([]);
  });

  it('gives the octets of each batch in order and never writes over what it has handed out', () => {
    const body = fc.array(fc.tuple(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: 0, max: 255 })), {
      maxLength: 4,
    });
    const batch = fc.record({
      urgent: fc.array(fc.integer({ min: 0, max: 40_000 }), { maxLength: 3 }),
      chunks: fc.array(fc.record({ head: fc.integer({ min: 1, max: 900 }), body }), { maxLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(batch, { maxLength: 25 }), (batches) => {
        const slab = new Slab();
        const kept: { runs: Uint8Array[]; octets: Buffer }[] = [];
        for (const { urgent, chunks } of batches) {
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
          const runs = slab.encode({ urgent: texts, chunks: outgoing });
          kept.push({ runs, octets });
        }
        for (const { runs, octets } of kept) expect(Buffer.concat(runs).equals(octets)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });
});
