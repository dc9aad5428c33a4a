/** Requests of ours that wait for their response, by connection (RFC 4976 §6.4). */
import { type Head, makeIdent } from 'msrp/wire';
import type { CountedMethod, Trigger } from './counted.ts';
import { Timed } from './timer-wheel.ts';

/** How a request that was not answered ended. */
export interface Loss {
  readonly status: number;
  readonly comment: string;
  /** For the counters: what happened, in one word. */
  readonly trigger: Trigger;
}

/** One request on its way to an adjacent node. Its table gives it its id. */
export abstract class Transaction extends Timed {
  /** Random part of its id, and its place in its table; -1 while it is in none. */
  random = '';
  slot = -1;

  /** The transaction id on the wire; of the relay's own making, never the ingress one. Made anew each time. */
  get id(): string {
    return this.random + digitsOf(this.slot);
  }

  /** Of its request, as it is counted. */
  abstract readonly method: CountedMethod;
  /** The own URI that its response has to be addressed to (RFC 4976 §6.4.3). */
  abstract readonly answeredAt: string;
  /** Another worker has it in hand: it is open only for the case that this one dies. */
  get isTakenOver(): boolean {
    return false;
  }

  /** Whether a response of this status is the last that is heard of it. */
  isSettledBy(_status: number): boolean {
    return true;
  }

  /** A response of any code came; the transaction is already closed if that settles it. */
  abstract answer(head: Head): void;
}

const SLOT_DIGITS = 'abcdefghijklmnopqrstuvwxyz234567';
const SLOT_BITS = 5;

/** Letters and digits of the random part, which carry 65 bits. With the digit of a low slot an id is a text of its own, not a view nor two joined ones. */
const RANDOM_LENGTH = 11;

/** A table that was longer than this gives its memory back when it is empty. */
const SLOTS_WORTH_KEEPING = 256;

/** How many transactions all tables of a relay hold together. */
export class TransactionBudget {
  open = 0;
  readonly #limits: { readonly transactions: number };

  /** @param limits - may change. */
  constructor(limits: { readonly transactions: number }) {
    this.#limits = limits;
  }

  get isSpent(): boolean {
    return this.open >= this.#limits.transactions;
  }
}

/**
 * The open transactions of one connection. The place of each is carried in its id, behind the random part, so that
 * a response finds it without a hash table: one that grows to a million entries stands still while it rehashes.
 */
export class TransactionTable {
  readonly #budget: TransactionBudget;
  #slots: (Transaction | undefined)[] = [];
  #free: number[] = [];
  #openCount = 0;

  constructor(budget: TransactionBudget) {
    this.#budget = budget;
  }

  get openCount(): number {
    return this.#openCount;
  }

  /** Takes `transaction` in and gives it its id: 65 random bits, different from every open one. */
  open(transaction: Transaction): void {
    const slot = this.#free.pop() ?? this.#slots.length;
    this.#slots[slot] = transaction;
    this.#openCount += 1;
    this.#budget.open += 1;
    transaction.slot = slot;
    transaction.random = makeIdent(RANDOM_LENGTH);
  }

  /** The transaction with `id`, left as it is. */
  find(id: string): Transaction | undefined {
    const slot = slotOf(id);
    const transaction = this.#slots[slot];
    if (transaction === undefined || !id.startsWith(transaction.random)) return undefined;
    return id.length === RANDOM_LENGTH + digitsOf(slot).length ? transaction : undefined;
  }

  /** Forgets `transaction`; a second call does nothing. */
  close(transaction: Transaction): void {
    const { slot } = transaction;
    if (slot < 0 || this.#slots[slot] !== transaction) return;
    this.#slots[slot] = undefined;
    this.#openCount -= 1;
    this.#budget.open -= 1;
    transaction.slot = -1;
    if (this.#openCount === 0 && this.#slots.length > SLOTS_WORTH_KEEPING) {
      this.#slots = [];
      this.#free = [];
    } else {
      this.#free.push(slot);
    }
  }

  /** Whether any is open that no other worker has taken over. */
  get isAwaiting(): boolean {
    return this.#slots.some((transaction) => transaction?.isTakenOver === false);
  }

  /** Closes all that are meant and returns them. */
  clear(isMeant: (transaction: Transaction) => boolean = () => true): Transaction[] {
    const open = this.#slots.filter((transaction) => transaction !== undefined).filter(isMeant);
    for (const transaction of open) this.close(transaction);
    return open;
  }
}

/** The digits of low slots, which are all there are most of the time. */
const LOW_SLOTS = Array.from({ length: 1024 }, (_, slot) => makeDigits(slot));

function digitsOf(slot: number): string {
  return LOW_SLOTS[slot] ?? makeDigits(slot);
}

function makeDigits(slot: number): string {
  let digits = '';
  for (let rest = slot; rest > 0 || digits === ''; rest >>>= SLOT_BITS) digits += SLOT_DIGITS.charAt(rest & 31);
  return digits;
}

/** -1 when `id` cannot be one of ours. */
function slotOf(id: string): number {
  let slot = 0;
  for (let at = id.length - 1; at >= RANDOM_LENGTH; at -= 1) {
    const code = id.charCodeAt(at);
    const digit = code >= 97 && code <= 122 ? code - 97 : code >= 50 && code <= 55 ? code - 24 : -1;
    if (digit < 0) return -1;
    slot = slot * 32 + digit;
  }
  return slot;
}
