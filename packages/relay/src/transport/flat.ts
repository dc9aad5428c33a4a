/** Texts that are kept for longer than a turn. */

/** A copy of `text`, one character an octet, that is no view on a longer text: who keeps it keeps nothing else. */
export function flat(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}
