/** Transaction, message and session ids: their grammar, and random ones. RFC 4975 §7.1, §9, §14.1. */

const SYMBOLS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';

/** Every string of two symbols, so that one look-up makes two characters. */
const PAIRS: readonly string[] = makePairs();

/** Random 16-bit words bought at a time: asking the system for each id costs more than the id. */
const POOL_WORDS = 4096;

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

/**
 * A transaction or message id: 12 letters and digits that carry 71 random bits. A string this
 * short is kept as one piece, where a longer one would be remembered as the pieces it was made of.
 */
export function makeIdent(): string {
  return pair() + pair() + pair() + pair() + pair() + pair();
}

/** A session-id nobody can guess: 24 letters and digits that carry 142 random bits. RFC 4975 §14.1, RFC 4976 §6.3. */
export function makeSessionId(): string {
  return makeIdent() + makeIdent();
}

function pair(): string {
  for (;;) {
    if (spentWords === POOL_WORDS) {
      globalThis.crypto.getRandomValues(pool);
      spentWords = 0;
    }
    // 12 of the bits; what lies beyond the last pair is thrown away, so that all pairs are equally likely.
    const made = PAIRS[(pool[spentWords] ?? 0) & 0xfff];
    spentWords += 1;
    if (made !== undefined) return made;
  }
}

function makePairs(): string[] {
  const symbols = Array.from(SYMBOLS);
  return symbols.flatMap((first) => symbols.map((second) => first + second));
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

/** `.` `-` `+` `%` `=` */
function isIdentMark(code: number): boolean {
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x25 || code === 0x3d;
}
