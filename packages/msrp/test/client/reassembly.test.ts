import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Reassembly } from '../../src/client/reassembly.ts';
import { octetsUpTo } from './peer.ts';

const BOUND = 1_048_576;

function text(octets: Uint8Array | undefined): string | undefined {
  return octets === undefined ? undefined : Buffer.from(octets).toString('latin1');
}

function taken(reassembly: Reassembly): string {
  let all = '';
  for (let piece = reassembly.take(); piece !== undefined; piece = reassembly.take()) {
    expect(piece.length).toBeGreaterThan(0);
    all += text(piece);
  }
  return all;
}

const octets = (content: string) => new Uint8Array(Buffer.from(content, 'latin1'));

describe('octets that come in order', () => {
  it('are taken as they come', () => {
    const reassembly = new Reassembly(BOUND);
    expect(reassembly.take()).toBeUndefined();
    expect(reassembly.store(1, octets('hello'))).toBe(true);
    expect(reassembly).toMatchObject({ contiguousOctets: 5, waitingOctets: 5 });
    expect(text(reassembly.take())).toBe('hello');
    expect(reassembly).toMatchObject({ contiguousOctets: 5, waitingOctets: 0 });
    expect(reassembly.store(6, octets(' world'))).toBe(true);
    expect(taken(reassembly)).toBe(' world');
  });

  it('are kept in few pieces, however small they came', () => {
    const reassembly = new Reassembly(BOUND);
    for (let at = 0; at < 100_000; at += 1) reassembly.store(at + 1, Uint8Array.of(at % 251));
    let pieces = 0;
    let count = 0;
    for (let piece = reassembly.take(); piece !== undefined; piece = reassembly.take()) {
      for (const octet of piece) {
        expect(octet).toBe(count % 251);
        count += 1;
      }
      pieces += 1;
    }
    expect(count).toBe(100_000);
    expect(pieces).toBeLessThan(100);
  });
});

describe('octets ahead of their turn (S-16)', () => {
  it('wait until what lies before them has come', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(7, octets('world'));
    expect(reassembly).toMatchObject({ contiguousOctets: 0, waitingOctets: 0 });
    expect(reassembly.take()).toBeUndefined();
    reassembly.store(1, octets('hello '));
    expect(reassembly.contiguousOctets).toBe(11);
    expect(taken(reassembly)).toBe('hello world');
  });

  it('fill several gaps', () => {
    const reassembly = new Reassembly(BOUND);
    for (const [start, content] of [
      [9, 'iJ'],
      [5, 'eF'],
      [3, 'cD'],
      [7, 'gH'],
    ] as const)
      reassembly.store(start, octets(content));
    expect(reassembly.contiguousOctets).toBe(0);
    reassembly.store(1, octets('aB'));
    expect(taken(reassembly)).toBe('aBcDeFgHiJ');
  });

  it('are not kept beyond the bound, and then nothing of them is', () => {
    const reassembly = new Reassembly(266);
    expect(reassembly.store(100, octets('0123456789'))).toBe(true);
    expect(reassembly.store(50, octets('x'))).toBe(false);
    expect(reassembly.store(100, octets('ABCDEFGHIJ'))).toBe(true);
    expect(reassembly.store(105, octets('abcdef'))).toBe(false);
    reassembly.store(1, octetsUpTo(99));
    expect(taken(reassembly).slice(99)).toBe('ABCDEFGHIJ');
  });

  it('take no memory by their numbers alone (S-18)', () => {
    const reassembly = new Reassembly(BOUND);
    expect(reassembly.store(Number.MAX_SAFE_INTEGER - 10, octets('x'))).toBe(true);
    expect(reassembly.store(999_999_999, octets('y'))).toBe(true);
    expect(reassembly).toMatchObject({ contiguousOctets: 0, waitingOctets: 0 });
  });

  it('cannot come in a million crumbs that cost more than they hold', () => {
    const reassembly = new Reassembly(BOUND);
    let kept = 0;
    while (kept < 50_000 && reassembly.store(2 * kept + 3, Uint8Array.of(1))) kept += 1;
    expect(kept).toBeGreaterThan(1000);
    expect(kept).toBeLessThan(20_000);
  });
});

describe('octets that come again (S-16)', () => {
  it('win over those that wait', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(1, octets('hello'));
    reassembly.store(6, octets(' world'));
    reassembly.store(4, octets('LO W'));
    expect(taken(reassembly)).toBe('helLO World');
  });

  it('win over those that are ahead', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(3, octets('cdefgh'));
    reassembly.store(5, octets('EF'));
    reassembly.store(8, octets('HI'));
    reassembly.store(1, octets('ab'));
    expect(taken(reassembly)).toBe('abcdEFgHI');
  });

  it('win when they fill the gap and reach beyond', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(3, octets('cdef'));
    reassembly.store(1, octets('ABCD'));
    expect(taken(reassembly)).toBe('ABCDef');
  });

  it('win over all of a fragment that they cover, of which nothing is left', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(5, octets('late'));
    reassembly.store(1, octetsUpTo(20_000));
    expect(taken(reassembly)).toBe(text(octetsUpTo(20_000)));
  });

  it('come too late for those that were taken', () => {
    const reassembly = new Reassembly(BOUND);
    reassembly.store(1, octets('hello'));
    expect(taken(reassembly)).toBe('hello');
    reassembly.store(1, octets('HELLO world'));
    expect(taken(reassembly)).toBe(' world');
    reassembly.store(1, octets('HELLO'));
    expect(reassembly.take()).toBeUndefined();
    expect(reassembly.contiguousOctets).toBe(11);
  });
});

/** A write at a time, on octets counted from 0: the plainest model of what must come out. */
interface Write {
  readonly start: number;
  readonly octets: Uint8Array;
  readonly takesFirst: boolean;
}

const writes = fc.array(
  fc.record<Write>({
    start: fc.integer({ min: 0, max: 40 }),
    octets: fc.uint8Array({ maxLength: 12 }),
    takesFirst: fc.boolean(),
  }),
  { maxLength: 30 },
);

describe('any octets in any order', () => {
  it('come out as the last arrival of each, from the first up to the first gap', () => {
    fc.assert(
      fc.property(writes, (list) => {
        const reassembly = new Reassembly(BOUND);
        const model: (number | undefined)[] = [];
        const got: number[] = [];
        for (const { start, octets: content, takesFirst } of list) {
          if (takesFirst) got.push(...(reassembly.take() ?? []));
          for (const [index, octet] of content.entries()) {
            if (start + index >= got.length) model[start + index] = octet;
          }
          expect(reassembly.store(start + 1, content.slice())).toBe(true);
          const gap = Array.from({ length: 60 }, (_, at) => model[at]).indexOf(undefined);
          expect(reassembly.contiguousOctets).toBe(gap);
          expect(reassembly.waitingOctets).toBe(gap - got.length);
        }
        for (let piece = reassembly.take(); piece !== undefined; piece = reassembly.take()) got.push(...piece);
        const gap = Array.from({ length: 60 }, (_, at) => model[at]).indexOf(undefined);
        expect(got).toEqual(model.slice(0, gap));
      }),
      { numRuns: 2000 },
    );
  });

  it('give a message back, cut anyhow, in any order, with any repetition (S-16, S-27)', () => {
    const whole = octetsUpTo(300);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 299 }), { maxLength: 20 });
    const again = fc.array(fc.tuple(fc.nat(299), fc.nat(80)), { maxLength: 10 });
    fc.assert(
      fc.property(cuts, again, fc.infiniteStream(fc.nat()), (places, repetitions, random) => {
        const borders = [0, ...places.sort((a, b) => a - b), 300];
        const chunks = borders.slice(1).map((end, index) => [borders[index] ?? 0, end] as const);
        for (const [start, length] of repetitions) chunks.push([start, Math.min(300, start + length)]);
        const shuffled = chunks
          .map((chunk) => ({ chunk, rank: random.next().value }))
          .sort((a, b) => a.rank - b.rank)
          .map(({ chunk }) => chunk);
        const reassembly = new Reassembly(BOUND);
        for (const [start, end] of shuffled) expect(reassembly.store(start + 1, whole.slice(start, end))).toBe(true);
        expect(reassembly.contiguousOctets).toBe(300);
        expect(taken(reassembly)).toBe(text(whole));
      }),
    );
  });
});
