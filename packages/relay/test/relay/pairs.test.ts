/** Many WebSocket clients and many on TCP and TLS write to each other at once: every message, response and REPORT is counted. */
import { describe, expect, it } from 'vitest';
import { PASSWORDS, startRelay } from './harness.ts';
import { exchange, type Pair, webParty } from './pairs.ts';
import { Party } from './party.ts';

const PAIRS = 50;
const MESSAGES = 10;

describe('Fifty clients on WebSockets', () => {
  it.each(['ws', 'wss'])(
    'over %s and fifty on TCP lose nothing, in either direction (WS-12, WS-13)',
    async (scheme) => {
      const listen = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', `${scheme}://127.0.0.1:0`];
      const relay = await startRelay({ listen });
      try {
        const url = relay.relay.listening[2]?.replace('127.0.0.1', 'localhost') ?? '';
        const pairs: Pair[] = [];
        for (let count = 0; count < PAIRS; count += 1) {
          const tcp = await relay.connect({ secure: false });
          const target = `msrp://localhost:${relay.tcpPort};tcp`;
          const other = new Party(tcp, await tcp.auth({ user: 'bob', password: PASSWORDS.bob, target }));
          pairs.push([await webParty(url, 'alice', PASSWORDS.alice), other]);
        }
        const all = 2 * PAIRS * MESSAGES;
        const tally = await exchange(pairs, MESSAGES);
        expect(tally).toEqual({ sent: all, delivered: all, answered: all, reported: all, wrong: [] });
        expect(relay.relay.snapshot()).toMatchObject({ transactions: 0, queuedOctets: 0, reports: {}, refused: {} });
      } finally {
        await relay.close();
      }
    },
  );
});
