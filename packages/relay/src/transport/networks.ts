/** Sets of IP addresses, as rules name them: addresses, and networks in CIDR notation. */
import { BlockList, isIP } from 'node:net';

/** One set. It can only grow. */
export class Networks {
  readonly #list = new BlockList();
  #isEmpty = true;

  /** @param entries - such as `192.0.2.1` and `2001:db8::/32`; well formed. */
  constructor(entries: Iterable<string> = []) {
    for (const entry of entries) this.add(entry);
  }

  add(entry: string): void {
    this.#isEmpty = false;
    const [address = '', prefix] = entry.split('/');
    if (prefix === undefined) this.#list.addAddress(address, familyOf(address));
    else this.#list.addSubnet(address, Number(prefix), familyOf(address));
  }

  /** Whether `address`, as a socket has it, lies in the set; never true of what is no address. */
  has(address: string): boolean {
    // Asked for every connection, and mostly there is nothing in it.
    if (this.#isEmpty) return false;
    return isIP(address) !== 0 && this.#list.check(address, familyOf(address));
  }
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}
