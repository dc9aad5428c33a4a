/** Who connects to whom once offer and answer are there. RFC 4975 §5.4, §8.5; RFC 6135 §4.2, §4.5; RFC 4976 §5.1. */
import type { MsrpMedia } from './media.ts';

/** What of a description the plan depends on. */
export type SessionSide = Pick<MsrpMedia, 'setup' | 'path'>;

/** What one side of a session does. */
export interface ConnectionPlan {
  /**
   * The active side sends the first SEND at once, a bodiless one if it has nothing to say; between peers it also opens
   * the connection and is the TLS client.
   */
  readonly role: 'active' | 'passive';
  /**
   * The URI of the node to be connected to: one's own relay, if there is one, whatever the role, and the connection is
   * the one that AUTH went over; otherwise the first node of the peer's path. undefined: wait for the peer.
   */
  readonly connectTo: string | undefined;
  /** The To-Path of what is sent: one's own relays, the nearest first, and the peer's path. */
  readonly toPath: readonly string[];
}

/**
 * Plans the connection of an accepted stream.
 *
 * @param own - what this side said.
 * @param peer - what the other side said.
 * @param offerer - which of the two made the offer of this exchange, be it a later one: RFC 4975 §8.4.
 */
export function planConnection(own: SessionSide, peer: SessionSide, offerer: 'own' | 'peer'): ConnectionPlan {
  const offererIsActive = offerer === 'own' ? isOffererActive(own, peer) : isOffererActive(peer, own);
  const role = offererIsActive === (offerer === 'own') ? 'active' : 'passive';
  const relays = own.path.slice(0, -1).reverse();
  const connectTo = relays[0] ?? (role === 'active' ? peer.path[0] : undefined);
  return { role, connectTo, toPath: [...relays, ...peer.path] };
}

/** Unless both sides speak of it and agree on the contrary, the offerer connects. */
function isOffererActive(offer: SessionSide, answer: SessionSide): boolean {
  return !(answer.setup === 'active' && (offer.setup === 'actpass' || offer.setup === 'passive'));
}
