/** Which realm an authentication is for: the host that was addressed picks it. */

/** The relay's own realm, and others by the name of their host. In normal form C. */
export class Realms {
  readonly own: string;
  readonly #byHost: ReadonlyMap<string, string>;

  /** @param others - by host, in lower case. */
  constructor(own: string, others: Readonly<Record<string, string>> = {}) {
    this.own = own.normalize('NFC');
    this.#byHost = new Map(Object.entries(others).map(([host, realm]) => [host, realm.normalize('NFC')]));
  }

  of(host: string): string {
    return this.#byHost.get(host) ?? this.own;
  }
}
