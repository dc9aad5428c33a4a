/** Finding and decoding octets: Node's fast ways where they exist, plain ones in a browser. */

/** What Node's Buffer can do with any Uint8Array as `this`; a browser has none of it. */
interface FastOctets {
  indexOf(this: Uint8Array, needle: Uint8Array, from: number): number;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}

const fast = (globalThis as { Buffer?: { prototype: FastOctets } }).Buffer?.prototype;

/** Decodes octets `start` to `end` (not included), one character an octet: nothing is lost on the way back. */
export function latin1(octets: Uint8Array, start: number, end: number): string {
  if (fast !== undefined) return fast.latin1Slice.call(octets, start, end);
  let text = '';
  for (let at = start; at < end; at += 8192) {
    // Spreading the octets would take eight times as long.
    text += Reflect.apply(String.fromCharCode, undefined, octets.subarray(at, Math.min(end, at + 8192)));
  }
  return text;
}

/** Where `needle` first stands in `octets` at or after `from`; -1 when it does not. Its first octet decides the speed. */
export function indexOf(octets: Uint8Array, needle: Uint8Array, from: number): number {
  if (fast !== undefined) return fast.indexOf.call(octets, needle, from);
  const first = needle[0] ?? 0;
  for (let at = octets.indexOf(first, from); at >= 0; at = octets.indexOf(first, at + 1)) {
    let matched = 1;
    while (matched < needle.length && octets[at + matched] === needle[matched]) matched += 1;
    if (matched === needle.length) return at;
  }
  return -1;
}

/** Joins two runs of octets into a fresh one. */
export function concat(first: Uint8Array, second: Uint8Array): Uint8Array {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}

/** The octets of a text that carries one octet a character. */
export function octetsOf(text: string): Uint8Array {
  const octets = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) octets[at] = text.charCodeAt(at);
  return octets;
}

/** The same text, one octet a character, that is no view on a longer one: who keeps it keeps nothing else. */
export function copyOf(text: string): string {
  const octets = octetsOf(text);
  return latin1(octets, 0, octets.length);
}
