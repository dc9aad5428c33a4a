/** One name for a user among those of all realms. */

/** A user of a realm. */
export interface Account {
  readonly user: string;
  readonly realm: string;
}

/**
 * `alice` in the relay's own realm, `example.org\alice` in another. No realm has a backslash; a user name that has one gets
 * another in front, so that nobody is taken for somebody else.
 */
export function formatAccount({ user, realm }: Account, ownRealm: string): string {
  if (realm !== ownRealm) return `${realm}\\${user}`;
  return user.includes('\\') ? `\\${user}` : user;
}

/** Reads what `formatAccount` wrote. */
export function parseAccount(account: string, ownRealm: string): Account {
  const at = account.indexOf('\\');
  return { user: account.slice(at + 1), realm: at > 0 ? account.slice(0, at) : ownRealm };
}
