/** Users that stand in the configuration. */
import type { DigestAlgorithm } from 'msrp/digest';
import type { Credential, CredentialStore } from './credential-store.ts';
import { type Ha1s, ha1sOf } from './ha1s.ts';

/** A fixed set of users, all of whom may use the relay. Keeps no password, only what is made from it. */
export class StaticStore implements CredentialStore {
  readonly name = 'static';
  readonly #realm: string;
  readonly #ha1s: ReadonlyMap<string, Ha1s>;

  /**
   * @param realm - the one realm these users belong to.
   * @param users - passwords by user name.
   * @throws CredentialsError BAD_USER_NAME, BAD_PASSWORD.
   */
  constructor(realm: string, users: Readonly<Record<string, string>>) {
    this.#realm = realm.normalize('NFC');
    this.#ha1s = new Map(
      Object.entries(users).map(([user, password]) => [user.normalize('NFC'), ha1sOf(user, realm, password)]),
    );
  }

  async find(user: string, realm: string, algorithm: DigestAlgorithm): Promise<Credential | undefined> {
    const ha1s = realm === this.#realm ? this.#ha1s.get(user) : undefined;
    return ha1s && { ha1: ha1s[algorithm], mayUse: true };
  }

  async close(): Promise<void> {}
}
