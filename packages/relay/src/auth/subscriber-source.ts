/** Users of a SIP server: what its table `subscriber` says, whatever database it is in. */
import type { DigestAlgorithm } from 'msrp/digest';
import type { Credential } from './credential-store.ts';
import type { CredentialSource } from './remote-store.ts';
import { ha1Of, type SubscriberRow, type SubscriberTable, subscriberName } from './subscriber-table.ts';
import { userNameFault } from './user-name.ts';

/** A database that one question is put to, again and again: that of `subscriberQuery`. */
export interface SubscriberDatabase {
  /**
   * The rows that were found.
   *
   * @param parameters - of the query, in its order.
   * @param signal - when it is aborted, the connection that waits for the answer is given up.
   */
  rows(parameters: readonly string[], signal: AbortSignal): Promise<readonly SubscriberRow[]>;

  close(): Promise<void>;
}

/** Looks users up in such a table. Keeps nothing. */
export class SubscriberSource implements CredentialSource {
  readonly name = 'subscriber';
  readonly #table: SubscriberTable;
  readonly #database: SubscriberDatabase;

  constructor(table: SubscriberTable, database: SubscriberDatabase) {
    this.#table = table;
    this.#database = database;
  }

  async ask(user: string, realm: string, algorithm: DigestAlgorithm, signal: AbortSignal) {
    // Nobody has such a name, and some databases fail over it: they are asked for nobody instead.
    const name = userNameFault(user) === undefined ? user : '';
    const { user: wanted, domain } = subscriberName(this.#table, name, realm);
    const rows = await this.#database.rows(this.#table.usesDomain ? [wanted, domain] : [wanted], signal);
    const ha1 = name === '' ? undefined : ha1Of(this.#table, rows, name, realm, algorithm);
    return ha1 === undefined ? undefined : ({ ha1, mayUse: true } satisfies Credential);
  }

  async close(): Promise<void> {
    await this.#database.close();
  }
}
