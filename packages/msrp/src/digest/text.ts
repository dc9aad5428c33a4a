/**
 * Between texts and the wire. A text is what people write: any Unicode string. A wire
 * string carries one character per octet, so that octets which are not UTF-8 survive.
 */
import { latin1, octetsOf } from '../wire/octets.ts';

/** Such a text is its own normal form, and its own UTF-8. */
const ASCII = /^[\0-\x7f]*$/;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** A text as it goes on the wire: UTF-8 of its normal form C (RFC 7616 §4), one character an octet. */
export function toWire(text: string): string {
  if (ASCII.test(text)) return text;
  const octets = encoder.encode(text.normalize('NFC'));
  return latin1(octets, 0, octets.length);
}

/**
 * The text that came on the wire, a fresh string that holds on to no other. It is not
 * normalised: it says what the octets say.
 *
 * @returns undefined when the octets are not UTF-8.
 */
export function fromWire(wire: string): string | undefined {
  try {
    return decoder.decode(octetsOf(wire));
  } catch {
    return undefined;
  }
}
