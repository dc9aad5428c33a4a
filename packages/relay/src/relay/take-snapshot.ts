/** Copies what a relay counts, for whoever wants to show it. */
import type { Relay } from './relay.ts';
import type { RelaySnapshot } from './snapshot.ts';

/** A moment of `relay`. Cost: its number of connections. */
export function takeSnapshot(relay: Relay): Omit<RelaySnapshot, 'lookups'> {
  const { counters } = relay;
  const connections: Record<string, number> = { tls: 0, tcp: 0, wss: 0, ws: 0, 'dialled-tls': 0, 'dialled-tcp': 0 };
  let queuedOctets = 0;
  const octets = { in: counters.octetsIn, out: counters.octetsOut };
  for (const { connection, isStream } of relay.hops) {
    const { transport, direction } = connection.origin;
    const kind = isStream ? 'worker' : direction === 'accepted' ? transport : `dialled-${transport}`;
    connections[kind] = (connections[kind] ?? 0) + 1;
    queuedOctets += connection.heldOctets;
    if (isStream) continue;
    octets.in += connection.octetsIn;
    octets.out += connection.octetsOut;
  }
  const { memory, pauses, queueTimes } = relay.connections;
  return {
    connections,
    sessions: relay.sessions.count,
    transactions: relay.transactionCount,
    queuedOctets,
    memory: { heldOctets: memory.heldOctets, budgetOctets: memory.budgetOctets },
    pauses: {
      receiver: pauses.snapshot('receiver'),
      rate: pauses.snapshot('rate'),
      answers: pauses.snapshot('answers'),
    },
    responseTimes: relay.responseTimes.snapshot,
    queueTimes: queueTimes.snapshot,
    requests: counters.requests,
    responses: counters.responses,
    reports: Object.fromEntries(counters.reports),
    octets,
    refused: Object.fromEntries(counters.refused),
    auth: Object.fromEntries(counters.auth),
    oddities: Object.fromEntries(counters.oddities),
  };
}
