/** Which names users may have. */

const MAX_CHARACTERS = 256;

/**
 * What is wrong with a user name: empty, longer than 256 characters, a colon (the border
 * between name and realm in a digest, RFC 7616 §3.4.2), or something that cannot be seen.
 *
 * @returns undefined when nothing is; else the rest of a sentence that does not repeat the name.
 */
export function userNameFault(user: string): string | undefined {
  return user.includes(':') ? 'has a colon' : loginNameFault(user);
}

/** The same for a name that somebody logs in with: it may have a colon, as names that carry a time do. */
export function loginNameFault(user: string): string | undefined {
  if (user === '') return 'is empty';
  if (user.length > MAX_CHARACTERS) return `is longer than ${MAX_CHARACTERS} characters`;
  if (!user.isWellFormed() || /\p{Cc}/u.test(user)) return 'has control or broken characters';
  return undefined;
}
