/** IP address literals as they stand in a URI's authority. RFC 3986 §3.2.2, RFC 5952. */

const GROUPS = 8;

/** Whether `host` is four decimal numbers up to 255, without leading zeros, separated by dots. */
export function isIpv4(host: string): boolean {
  return parseIpv4(host) !== undefined;
}

/**
 * Canonical text of an IPv6 address: lower case, the longest run of zero groups as `::`, never a dotted tail, so that
 * two texts of one address become one. `undefined` when `text` (without brackets) is no address or has a zone.
 */
export function canonicalIpv6(text: string): string | undefined {
  const groups = parseIpv6(text);
  return groups === undefined ? undefined : formatIpv6(groups);
}

/** The address as one number. */
function parseIpv4(text: string): number | undefined {
  if (text.length < 7 || text.length > 15) return undefined;
  const parts = text.split('.');
  if (parts.length !== 4) return undefined;
  let address = 0;
  for (const part of parts) {
    const value = decimalOctet(part);
    if (value === undefined) return undefined;
    address = address * 256 + value;
  }
  return address;
}

function decimalOctet(text: string): number | undefined {
  if (text.length === 0 || text.length > 3 || (text.length > 1 && text.charCodeAt(0) === 0x30)) return undefined;
  let value = 0;
  for (let at = 0; at < text.length; at += 1) {
    const digit = text.charCodeAt(at) - 0x30;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value <= 255 ? value : undefined;
}

/** The eight 16-bit groups. */
function parseIpv6(text: string): number[] | undefined {
  if (text.length < 2 || text.length > 45) return undefined; // 45: the longest form, with a dotted tail
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = readGroups(text, true);
    return groups?.length === GROUPS ? groups : undefined;
  }
  const head = readGroups(text.slice(0, gap), false);
  const tail = readGroups(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = GROUPS - head.length - tail.length;
  return missing < 1 ? undefined : [...head, ...new Array<number>(missing).fill(0), ...tail];
}

/** Groups of one side of the `::`; only the very end of an address may be dotted. */
function readGroups(text: string, mayEndDotted: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (mayEndDotted && index === parts.length - 1 && part.includes('.')) {
      const address = parseIpv4(part);
      if (address === undefined) return undefined;
      groups.push(Math.floor(address / 0x10000), address % 0x10000);
    } else {
      if (!/^[0-9a-f]{1,4}$/i.test(part)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

function formatIpv6(groups: readonly number[]): string {
  const zeros = longestZeroRun(groups);
  const text = (from: number, to: number) =>
    groups
      .slice(from, to)
      .map((group) => group.toString(16))
      .join(':');
  if (zeros.length < 2) return text(0, GROUPS);
  return `${text(0, zeros.at)}::${text(zeros.at + zeros.length, GROUPS)}`;
}

/** The first of the longest runs of zero groups. */
function longestZeroRun(groups: readonly number[]): { at: number; length: number } {
  let longest = { at: 0, length: 0 };
  let at = 0;
  for (const [index, group] of groups.entries()) {
    if (group !== 0) at = index + 1;
    else if (index + 1 - at > longest.length) longest = { at, length: index + 1 - at };
  }
  return longest;
}
