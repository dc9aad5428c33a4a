import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Transaction, TransactionBudget, TransactionTable } from '../../src/relay/transactions.ts';

class Waiting extends Transaction {
  override readonly method = 'other';
  override readonly answeredAt = 'msrps://relay.example:2855/s;tcp';
  override answer(): void {}
  override expire(): void {}
}

function table(max = 1_000_000): { table: TransactionTable; budget: TransactionBudget } {
  const budget = new TransactionBudget({ transactions: max });
  return { table: new TransactionTable(budget), budget };
}

function opened(open: TransactionTable): Waiting {
  const transaction = new Waiting();
  open.open(transaction);
  return transaction;
}

describe('TransactionTable', () => {
  it('gives every open transaction an id of its own, within the grammar and with at least 64 random bits (F-05, T-01)', () => {
    const { table: open } = table();
    const all = Array.from({ length: 100_000 }, () => opened(open));
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[A-Za-z0-9][A-Za-z0-9.+%=-]{3,31}$/.test(id))).toBe(true);
    // The random part alone differs; what follows it is the place in the table. 11 symbols of base62 are 65 bits.
    expect(new Set(all.map(({ random }) => random)).size).toBe(ids.length);
    expect(all.every(({ random }) => /^[A-Za-z0-9]{11,}$/.test(random))).toBe(true);
  });

  it('finds each of a hundred thousand again, and none that was closed (T-13, T-16)', () => {
    const { table: open, budget } = table();
    const all = Array.from({ length: 100_000 }, () => opened(open));
    const ids = all.map(({ id }) => id);
    const found = () => ids.map((id) => open.find(id));
    expect([open.openCount, budget.open]).toEqual([100_000, 100_000]);
    expect(found().every((transaction, index) => transaction === all[index])).toBe(true);
    for (const [index, transaction] of all.entries()) if (index % 2 === 0) open.close(transaction);
    expect(found().every((transaction, index) => transaction === (index % 2 === 0 ? undefined : all[index]))).toBe(
      true,
    );
    for (const transaction of all) open.close(transaction);
    expect([open.openCount, budget.open]).toEqual([0, 0]);
    expect(found().every((transaction) => transaction === undefined)).toBe(true);
  });

  it('does not find the id of the one that had the place before (T-16)', () => {
    const { table: open } = table();
    const first = opened(open);
    const firstId = first.id;
    open.close(first);
    const second = opened(open);
    expect(second.slot).toBe(0);
    expect([open.find(firstId), open.find(second.id)]).toEqual([undefined, second]);
  });

  it('closes once, however often it is asked (T-17)', () => {
    const { table: open, budget } = table();
    const [first, second] = [opened(open), opened(open)];
    open.close(first);
    open.close(first);
    expect([open.openCount, budget.open]).toEqual([1, 1]);
    const third = opened(open);
    open.close(first);
    expect([open.find(second.id), open.find(third.id), open.openCount]).toEqual([second, third, 2]);
  });

  it('closes all at once and returns them in the order of their places', () => {
    const { table: open, budget } = table();
    const all = Array.from({ length: 1000 }, () => opened(open));
    open.close(all[500]!);
    expect(open.clear()).toEqual(all.filter((_, index) => index !== 500));
    expect([open.openCount, budget.open, open.clear()]).toEqual([0, 0, []]);
    const next = opened(open);
    expect(open.find(next.id)).toBe(next);
  });

  it('finds nothing for an id that it has not made, whatever it looks like (T-13)', () => {
    const { table: open } = table();
    const all = Array.from({ length: 100 }, () => opened(open));
    const [first, second, third] = all;
    const forged = [
      '',
      'a1b2',
      first!.random,
      `${first!.id}a`,
      `${'a'.repeat(first!.random.length)}b`,
      `${first!.random}__proto__`,
      `${first!.random}${'7'.repeat(50)}`,
      third!.id.toUpperCase(),
      first!.random + second!.id.slice(second!.random.length),
    ];
    for (const id of forged) expect(open.find(id)).toBeUndefined();
    fc.assert(fc.property(fc.string({ maxLength: 64 }), (id) => open.find(id) === undefined));
  });

  it('stands any order of opening and closing', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat()), { maxLength: 400 }), (steps) => {
        const { table: open, budget } = table();
        const live: Waiting[] = [];
        for (const [isOpening, at] of steps) {
          if (isOpening || live.length === 0) live.push(opened(open));
          else open.close(live.splice(at % live.length, 1)[0]!);
          expect([open.openCount, budget.open]).toEqual([live.length, live.length]);
        }
        for (const transaction of live) expect(open.find(transaction.id)).toBe(transaction);
        expect(new Set(live.map(({ slot }) => slot)).size).toBe(live.length);
      }),
    );
  });

  it('knows when the transactions of all tables together are as many as there may be (FC-08)', () => {
    const budget = new TransactionBudget({ transactions: 3 });
    const tables = [new TransactionTable(budget), new TransactionTable(budget)];
    const [first] = [opened(tables[0]!), opened(tables[1]!)];
    expect(budget.isSpent).toBe(false);
    opened(tables[1]!);
    expect(budget.isSpent).toBe(true);
    tables[0]!.close(first!);
    expect(budget.isSpent).toBe(false);
  });
});
