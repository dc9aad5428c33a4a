/** The character sets that the parts of an MSRP URI are made of. RFC 3986 §2, RFC 4975 §9. */

/** Letters and digits: what a transport is made of. */
export const ALPHANUMERIC = 1;
/** RFC 3986's unreserved characters. */
export const UNRESERVED = 2;
/** What a name in an authority is made of, apart from escapes: unreserved and sub-delims without `;`. */
export const NAME = 4;
/** What a userinfo is made of, apart from escapes: unreserved, sub-delims and `:`. */
export const USERINFO = 8;
/** What a session-id is made of: unreserved, `+`, `=` and `/`. */
export const SESSION_ID = 16;
/** RFC 4975's token, of which names and values of parameters are made. */
export const TOKEN = 32;

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** For each ASCII code the sets it belongs to. */
const SETS = makeSets();

/** Whether the character `code` belongs to `set`; outside ASCII none does. */
export function isIn(code: number, set: number): boolean {
  return code < 128 && ((SETS[code] ?? 0) & set) !== 0;
}

/** Offset of the first character at or after `at` that is not in `set`. */
export function scan(text: string, at: number, set: number): number {
  let end = at;
  while (end < text.length && isIn(text.charCodeAt(end), set)) end += 1;
  return end;
}

function makeSets(): Uint8Array {
  const sets = new Uint8Array(128);
  const add = (characters: string, set: number) => {
    for (const character of characters) {
      const code = character.charCodeAt(0);
      sets[code] = (sets[code] ?? 0) | set;
    }
  };
  add(LETTERS_AND_DIGITS, ALPHANUMERIC | TOKEN);
  add(`${LETTERS_AND_DIGITS}-._~`, UNRESERVED | NAME | USERINFO | SESSION_ID);
  add("!$&'()*+,=", NAME | USERINFO);
  add(';:', USERINFO);
  add('+=/', SESSION_ID);
  add("!#$%&'*+-.^_`{|}~", TOKEN);
  return sets;
}
