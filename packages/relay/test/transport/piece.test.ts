import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Piece } from '../../src/transport/piece.ts';
import { Stores } from '../../src/transport/stores.ts';

/** What a read brings: `octets` octets that are written over when the read is over. */
class Reads {
  readonly #buffer = new Uint8Array(65_536);
  #next = 0;

  /** A read of so many octets, each different from its neighbours. */
  bring(octets: number): Uint8Array {
    for (let at = 0; at < octets; at += 1) this.#buffer[at] = (this.#next + at) % 251;
    this.#next += octets;
    return this.#buffer.subarray(0, octets);
  }

  over(): void {
    this.#buffer.fill(255);
  }
}

function expected(octets: number, from = 0): Buffer {
  return Buffer.from(Array.from({ length: octets }, (_, at) => (from + at) % 251));
}

describe('Piece', () => {
  it('gives the views of one read as they are, side by side as one', () => {
    const piece = new Piece(new Stores());
    const view = new Reads().bring(300);
    piece.take(view.subarray(0, 100));
    piece.take(view.subarray(100, 300));
    const body = piece.give(300);
    expect(body.views).toHaveLength(1);
    expect(body.views[0]?.buffer).toBe(view.buffer);
    expect(body).toMatchObject({ octets: 300, stores: [] });
    expect(piece.octets).toBe(0);
  });

  it('copies a little that is cut once into memory of its own, and no more of it than that', () => {
    const piece = new Piece(new Stores());
    const reads = new Reads();
    piece.take(reads.bring(5000));
    piece.settle();
    reads.over();
    piece.take(reads.bring(3000));
    const { views, stores } = piece.give(8000);
    expect([stores, views.map(({ length }) => length)]).toEqual([[], [5000, 3000]]);
    expect(views[0]?.buffer.byteLength).toBe(5000);
    expect(Buffer.concat(views).equals(expected(8000))).toBe(true);
  });

  it('copies what comes drop by drop into memory of its own, twice as large as it has to be at most', () => {
    const piece = new Piece(new Stores());
    const reads = new Reads();
    for (let read = 0; read < 80; read += 1) {
      piece.take(reads.bring(100));
      piece.settle();
      reads.over();
    }
    const { views, stores } = piece.give(8000);
    expect(stores).toEqual([]);
    expect(views.map(({ length }) => length)).toEqual([8000]);
    expect(views[0]?.buffer.byteLength).toBeLessThan(2 * 8000);
    expect(Buffer.concat(views).equals(expected(8000))).toBe(true);
  });

  it('copies much into a store, one read behind the other, and goes on in the next when it is full', () => {
    const stores = new Stores();
    const piece = new Piece(stores);
    const reads = new Reads();
    for (let read = 0; read < 5; read += 1) {
      piece.take(reads.bring(16_384));
      piece.settle();
      reads.over();
    }
    const body = piece.give(81_920);
    expect(body.views.map(({ length }) => length)).toEqual([65_536, 16_384]);
    expect(body.views.map(({ buffer }) => buffer)).toEqual(body.stores.map(({ octets }) => octets.buffer));
    expect(Buffer.concat(body.views).equals(expected(81_920))).toBe(true);
  });

  it('begins the next piece somewhere else: what it gave away is not written over', () => {
    const stores = new Stores();
    const piece = new Piece(stores);
    const reads = new Reads();
    piece.take(reads.bring(20_000));
    piece.settle();
    const first = piece.give(20_000);
    piece.take(reads.bring(20_000));
    piece.settle();
    reads.over();
    const second = piece.give(20_000);
    expect(Buffer.concat(first.views).equals(expected(20_000))).toBe(true);
    expect(Buffer.concat(second.views).equals(expected(20_000, 20_000))).toBe(true);
    expect(first.stores).not.toContain(second.stores[0]);
  });

  it('keeps the last octet when that is to stay, with memory of its own', () => {
    const piece = new Piece(new Stores());
    const reads = new Reads();
    piece.take(reads.bring(30_000));
    piece.settle();
    const first = piece.give(29_999);
    first.stores[0]?.octets.fill(0);
    reads.over();
    const rest = piece.give(1);
    expect(first.octets).toBe(29_999);
    expect([...(rest.views[0] ?? [])]).toEqual([29_999 % 251]);
    expect(rest.views[0]?.buffer.byteLength).toBe(1);
  });

  it('gives every octet once and in order, whatever the reads, whatever stays, and whenever bodies are written', () => {
    const step = fc.record({
      octets: fc.integer({ min: 1, max: 40_000 }),
      gives: fc.constantFrom('nothing', 'all', 'all but one'),
      settles: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const stores = new Stores();
        const piece = new Piece(stores);
        const reads = new Reads();
        const out: Buffer[] = [];
        let octets = 0;
        const give = (left: number) => {
          const body = piece.give(piece.octets - left);
          out.push(Buffer.concat(body.views));
          for (const store of body.stores) stores.release(store);
        };
        for (const { octets: more, gives, settles } of steps) {
          piece.take(reads.bring(more));
          octets += more;
          if (settles) piece.settle();
          if (gives !== 'nothing') give(gives === 'all' ? 0 : 1);
          piece.settle();
          reads.over();
        }
        give(0);
        expect(Buffer.concat(out).equals(expected(octets))).toBe(true);
      }),
      { numRuns: 100 },
    );
  });
});
