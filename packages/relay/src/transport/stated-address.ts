/** IP addresses as proxies state them, in the one form that limits and rules compare. */
import { isIP, SocketAddress } from 'node:net';

/** IPv4 that came as IPv6 (RFC 4291 §2.5.5.2). */
const MAPPED = '::ffff:';

/** IPv6 in its shortest form, IPv4 in IPv6 as IPv4; undefined when `text` is no address, or has a zone. */
export function statedAddress(text: string): string | undefined {
  if (isIP(text) === 4) return text;
  if (isIP(text) === 0 || text.includes('%')) return undefined;
  const { address } = new SocketAddress({ family: 'ipv6', address: text });
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}
