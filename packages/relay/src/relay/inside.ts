/** Whom a session URI was granted to, and where it therefore is valid (RFC 4976 §6.3, §6.4). */
import { type MsrpUri, nodeKey } from 'msrp/wire';
import { flat } from '../transport/flat.ts';
import type { Hop } from './hop.ts';

/** A client: the URI is bound to the connection of its AUTH, and dies with it. */
export interface ClientInside {
  readonly kind: 'client';
  readonly hop: Hop;
  /** Scheme, host, port and transport of the client, from the From-Path of its AUTH. */
  readonly node: string;
}

/** A relay in front of the client: the URI is bound to its proven name, on whatever connections. */
interface RelayInside {
  readonly kind: 'relay';
  /** A host name, lower case. */
  readonly name: string;
}

/** The inside hop of a session. */
export type Inside = ClientInside | RelayInside;

/** The inside hop for an AUTH that came straight from `client`. */
export function clientInside(hop: Hop, client: MsrpUri): ClientInside {
  return { kind: 'client', hop, node: flat(nodeKey(client)) };
}

/**
 * Whether a request came from the inside hop. What `previous` says of itself counts only as far as a certificate
 * of the connection proves it.
 *
 * @param previous - the first From-Path URI.
 */
export function isFromInside(inside: Inside, ingress: Hop, previous: MsrpUri): boolean {
  if (inside.kind === 'client') return ingress === inside.hop;
  return previous.host === inside.name && ingress.proves(inside.name);
}

/** Whether the next URI of a request from outside is the way back to the inside hop. Session-ids are the client's business. */
export function leadsInside(inside: Inside, next: MsrpUri): boolean {
  return inside.kind === 'client' ? nodeKey(next) === inside.node : next.host === inside.name;
}
