/** A list of host names in a rule: whole names, and `*.suffix` for everything below a name. */

/** Names as the configuration has them, without a final dot. */
export class NameList {
  readonly #names = new Set<string>();
  readonly #suffixes: string[] = [];

  constructor(entries: readonly string[]) {
    for (const entry of entries) {
      if (entry.startsWith('*.')) this.#suffixes.push(entry.slice(1).toLowerCase());
      else this.#names.add(entry.toLowerCase());
    }
  }

  /** @param host - lower case; with a final dot it is the same host, as it is in DNS and in certificates. */
  has(host: string): boolean {
    const name = host.endsWith('.') ? host.slice(0, -1) : host;
    return this.#names.has(name) || this.#suffixes.some((suffix) => name.endsWith(suffix));
  }
}
