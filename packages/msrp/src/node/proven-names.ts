/** Which names the other end of a connection has proved with a certificate. RFC 4976 §6.3, §9.2. */
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { dnsNamesOf } from './peer-name.ts';

/** Shared, as most connections prove nothing. */
const NONE: readonly string[] = [];

/**
 * The dNSNames of a certificate that was checked, on either side of a handshake; none where there is no TLS, no
 * certificate, or one that did not verify. A resumed handshake counts as authorized in TLS 1.3 even if there never was a
 * certificate, and it checks no dates: so both are looked at here.
 *
 * @param socket - whose handshake has just ended: to be called in the event that says so.
 */
export function provenNames(socket: Socket, nowMs: number): readonly string[] {
  if (!(socket instanceof TLSSocket)) return NONE;
  // Of no certificate at all Node makes an empty object. Reading it comes first, also when it is of no use: a signature
  // that does not hold leaves an error behind in OpenSSL, which would end the connection at its next turn.
  const { subjectaltname, valid_from: from, valid_to: to } = socket.getPeerCertificate();
  if (!socket.authorized || !(Date.parse(from) <= nowMs && nowMs <= Date.parse(to))) return NONE;
  return dnsNamesOf(subjectaltname);
}
