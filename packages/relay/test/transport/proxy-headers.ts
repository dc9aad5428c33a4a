/** Headers of the PROXY protocol for tests, made as its specification writes them and not as the relay reads them. */

/** Version 1. */
export function textHeader(source = '192.0.2.1', destination = '198.51.100.7'): Buffer {
  const family = source.includes(':') ? 'TCP6' : 'TCP4';
  return Buffer.from(`PROXY ${family} ${source} ${destination} 56324 2855\r\n`, 'latin1');
}

/** What may be different about a header of version 2. */
export interface BinaryWish {
  /** 0x21 is PROXY, 0x20 LOCAL. */
  readonly versionAndCommand?: number;
  /** 0x11 is TCP over IPv4, 0x21 over IPv6. */
  readonly familyAndTransport?: number;
  /** Addresses and ports, in octets. */
  readonly addresses?: readonly number[];
  /** What follows the addresses: type-length-value. */
  readonly additions?: readonly number[];
  /** The length as written, when it is not the true one. */
  readonly length?: number;
}

/** 192.0.2.1:56324 to 198.51.100.7:2855. */
const IPV4 = [192, 0, 2, 1, 198, 51, 100, 7, 0xdc, 0x04, 0x0b, 0x27] as const;
/** 2001:db8::1 to 2001:db8::2. */
export const IPV6 = [
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  ...[0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2],
  ...[0xdc, 0x04, 0x0b, 0x27],
] as const;

/** Version 2. */
export function binaryHeader(wish: BinaryWish = {}): Buffer {
  const { versionAndCommand = 0x21, familyAndTransport = 0x11, addresses = IPV4, additions = [] } = wish;
  const length = wish.length ?? addresses.length + additions.length;
  const signature = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
  const fixed = [versionAndCommand, familyAndTransport, length >> 8, length & 255];
  return Buffer.from([...signature, ...fixed, ...addresses, ...additions]);
}
