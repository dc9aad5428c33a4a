/** Transaction, message and session ids: their grammar, and random ones. RFC 4975 §7.1, §9, §14.1. */
import { latin1, octetsOf } from './octets.ts';

const SYMBOLS = octetsOf('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789');

const IDENT_LENGTH = 12;

/** Random octets bought at a time: asking the system for each id costs more than the id. */
const POOL_OCTETS = 8192;

/** Octets from here on are thrown away, so that all symbols are equally likely. */
const FAIR_OCTETS = 256 - (256 % SYMBOLS.length);

/** Random symbols, and how many of them have been given. */
let pool = '';
let spent = 0;

/**
 * Whether `text` is an ident: a letter or digit, then letters, digits, `.` `-` `+` `%` `=`, four characters or more.
 *
 * @param maxLength - 32 by the grammar; readers pass more, since longer ids are common in the field.
 */
export function isIdent(text: string, maxLength = 32): boolean {
  return isIdentAt(text, 0, text.length, maxLength);
}

/** Whether what stands from `from` to `end` is one: to look at it there is cheaper than through a view. */
export function isIdentAt(text: string, from: number, end: number, maxLength: number): boolean {
  const length = end - from;
  if (length < 4 || length > maxLength || !isAlphanumeric(text.charCodeAt(from))) return false;
  for (let at = from + 1; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (!isAlphanumeric(code) && !isIdentMark(code)) return false;
  }
  return true;
}

/**
 * A transaction or message id: 12 letters and digits that carry 71 random bits. A string this
 * short is a copy, where a longer one would be a view on all that were made with it.
 *
 * @param length - how many instead of 12; 11 still carry the 64 bits that RFC 4975 §7.1 wants, when something is to follow them.
 */
export function makeIdent(length = IDENT_LENGTH): string {
  if (spent + length > pool.length) fill();
  spent += length;
  return pool.slice(spent - length, spent);
}

/** A session-id nobody can guess: 24 letters and digits that carry 142 random bits. RFC 4975 §14.1, RFC 4976 §6.3. */
export function makeSessionId(): string {
  return makeIdent() + makeIdent();
}

function fill(): void {
  const octets = globalThis.crypto.getRandomValues(new Uint8Array(POOL_OCTETS));
  let length = 0;
  for (let at = 0; at < POOL_OCTETS; at += 1) {
    const octet = octets[at] ?? FAIR_OCTETS;
    if (octet >= FAIR_OCTETS) continue;
    octets[length] = SYMBOLS[octet % SYMBOLS.length] ?? 0;
    length += 1;
  }
  pool = latin1(octets, 0, length);
  spent = 0;
}

function isAlphanumeric(code: number): boolean {
  return (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a) || (code >= 0x30 && code <= 0x39);
}

/** `.` `-` `+` `%` `=` */
function isIdentMark(code: number): boolean {
  return code === 0x2e || code === 0x2d || code === 0x2b || code === 0x25 || code === 0x3d;
}
