/** Does a certificate speak for the host of a URI? RFC 4975 §5.4, RFC 4976 §9.2. */
import { isIP } from 'node:net';
import type { PeerCertificate } from 'node:tls';
import { MsrpError } from '../base/errors.ts';

/** What a DNS name in a certificate may be made of; anything else is no name that a URI could have. */
const PLAIN_NAME = /^[a-z0-9._*-]+$/;

/**
 * For tls's `checkServerIdentity`: only the certificate's dNSNames count, whole or with `*` as their whole first label.
 * The common name and IP addresses do not; so an address literal matches nothing.
 *
 * @param host - host of the URI, never a name or an address that DNS gave for it.
 * @returns `undefined` when the certificate names `host`, else an `MsrpError` with code `MSRP_BAD_PEER_NAME`.
 */
export function checkPeerName(
  host: string,
  certificate: Pick<PeerCertificate, 'subjectaltname'>,
): MsrpError | undefined {
  if (namesCover(dnsNamesOf(certificate.subjectaltname), host)) return undefined;
  return new MsrpError('MSRP_BAD_PEER_NAME', `the certificate of the peer is not one for ${host}`);
}

/**
 * Whether one of a certificate's dNSNames is `host`, whole or with `*` as its whole first label. Never true of an address.
 *
 * @param names - as `dnsNamesOf` gives them.
 */
export function namesCover(names: readonly string[], host: string): boolean {
  const name = withoutFinalDot(host.toLowerCase());
  const isName = !name.startsWith('[') && isIP(name) === 0;
  return isName && names.some((pattern) => covers(pattern, name));
}

/**
 * The dNSNames, in lower case and without a final dot, of a subjectAltName as Node prints it (`DNS:a, IP Address:b`).
 * Names that Node had to quote are left out: what they hold is no host name, but could be made to look like an entry.
 */
export function dnsNamesOf(subjectAltName: string | undefined): string[] {
  return entriesOf(subjectAltName ?? '')
    .filter((entry) => entry.startsWith('DNS:'))
    .map((entry) => withoutFinalDot(entry.slice('DNS:'.length).toLowerCase()))
    .filter((name) => PLAIN_NAME.test(name));
}

/** Splits at `, ` outside of double quotes; a quote that is never closed spoils the whole text. */
function entriesOf(text: string): string[] {
  const entries: string[] = [];
  let quoted = false;
  let entryAt = 0;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (quoted && character === '\\') at += 1;
    else if (character === '"') quoted = !quoted;
    else if (!quoted && text.startsWith(', ', at)) {
      entries.push(text.slice(entryAt, at));
      entryAt = at + 2;
    }
  }
  return quoted ? [] : [...entries, text.slice(entryAt)];
}

/** A wildcard stands for exactly one label, and only above a name of at least two. */
function covers(pattern: string, name: string): boolean {
  if (!pattern.includes('*')) return pattern === name;
  const parent = pattern.slice('*.'.length);
  if (!pattern.startsWith('*.') || parent.includes('*') || !parent.includes('.')) return false;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot + 1) === parent;
}

function withoutFinalDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name;
}
