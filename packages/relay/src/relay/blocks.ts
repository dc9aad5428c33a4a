/** Whom an operator has shut out while the relay runs: users and addresses. In memory only: a restart forgets all of them. */
import { isIP } from 'node:net';
import { Networks } from '../transport/networks.ts';

/** Users and addresses together. */
export const MAX_BLOCKS = 10_000;

/** One entry. */
export interface Block {
  readonly kind: 'user' | 'address';
  /** A user name, an address, or a network such as `192.0.2.0/24`. */
  readonly value: string;
  readonly sinceMs: number;
}

/** The list. It is asked for every connection that comes or is opened, and for every AUTH. */
export class Blocks {
  readonly #entries = new Map<string, Block>();
  readonly #users = new Set<string>();
  #addresses = new Networks();

  get all(): readonly Block[] {
    return [...this.#entries.values()];
  }

  /** Adds an entry and gives it back; undefined when the list is full. One that is there already stays as it is. */
  add(block: Block): Block | undefined {
    const key = keyOf(block);
    const known = this.#entries.get(key);
    if (known !== undefined) return known;
    if (this.#entries.size >= MAX_BLOCKS) return undefined;
    this.#entries.set(key, block);
    if (block.kind === 'user') this.#users.add(block.value);
    else this.#addresses.add(block.value);
    return block;
  }

  /** Takes an entry out; false when there is none. */
  remove(block: Pick<Block, 'kind' | 'value'>): boolean {
    if (!this.#entries.delete(keyOf(block))) return false;
    if (block.kind === 'user') {
      this.#users.delete(block.value);
      return true;
    }
    const kept = [...this.#entries.values()].filter(({ kind }) => kind === 'address');
    this.#addresses = new Networks(kept.map(({ value }) => value));
    return true;
  }

  hasUser(user: string): boolean {
    return this.#users.has(user);
  }

  /** Whether an IP address, as a socket has it, is one that is blocked or lies in such a network. */
  hasAddress(address: string): boolean {
    return this.#addresses.has(address);
  }
}

/** An address or network as it is kept; undefined when `text` is none. */
export function networkOf(text: string): string | undefined {
  const [address = '', prefix, ...rest] = text.toLowerCase().split('/');
  const family = isIP(address);
  if (family === 0 || address.includes('%') || rest.length > 0) return undefined;
  if (prefix === undefined) return address;
  const isPrefix = /^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32);
  return isPrefix ? `${address}/${Number(prefix)}` : undefined;
}

function keyOf({ kind, value }: Pick<Block, 'kind' | 'value'>): string {
  return `${kind} ${value}`;
}
