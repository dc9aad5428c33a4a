/** Transaction, message and session ids: their grammar, and random ones. RFC 4975 §7.1, §9, §14.1. */

/** 32 symbols, five bits each; `l` and `o` are left out because people read ids aloud. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Random 16-bit words bought at a time: asking the system for each id costs more than the id. */
const POOL_WORDS = 4096;

/** Every string of three symbols, so that 15 random bits become characters in one look-up. */
const TRIPLES: readonly string[] = makeTriples();

const pool = new Uint16Array(POOL_WORDS);
let spentWords = POOL_WORDS;

/**
 * Whether `text` is an ident: a letter or digit, then letters, digits, `.` `-` `+` `%` `=`, four characters or more.
 *
 * @param maxLength - 32 by the grammar; readers pass more, since longer ids are common in the field.
 */
export function isIdent(text: string, maxLength = 32): boolean {
  if (text.length < 4 || text.length > maxLength || !isAlphanumeric(text.charCodeAt(0))) return false;
  for (let at = 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (!isAlphanumeric(code) && !isIdentMark(code)) return false;
  }
  return true;
}

/** A transaction or message id: 15 letters and digits that carry 75 random bits. */
export function makeIdent(): string {
  return triple() + triple() + triple() + triple() + triple();
}

/** A session-id nobody can guess: 27 letters and digits that carry 135 random bits. RFC 4975 §14.1, RFC 4976 §6.3. */
export function makeSessionId(): string {
  return makeIdent() + triple() + triple() + triple() + triple();
}

function triple(): string {
  if (spentWords === POOL_WORDS) {
    globalThis.crypto.getRandomValues(pool);
    spentWords = 0;
  }
  const word = pool[spentWords] ?? 0;
  spentWords += 1;
  return TRIPLES[word & 0x7fff] ?? '';
}

function makeTriples(): string[] {
  const symbols = Array.from(ALPHABET);
  return symbols.flatMap((first) => symbols.flatMap((second) => symbols.map((third) => first + second + third)));
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

/** `.` `-` `+` `%` `=` */
function isIdentMark(code: number): boolean {
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x25 || code === 0x3d;
}
