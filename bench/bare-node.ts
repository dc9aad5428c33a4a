/** A bare program on Node: what the runtime itself costs, with nothing of MSRP in it. */
import path from 'node:path';
import type { Certificate } from './certificate.ts';
import { startNode } from './node-process.ts';
import { type Contender, PEER_PORT } from './subject.ts';

const PROGRAM = path.join(import.meta.dirname, 'bare-node-program.ts');

export function bareNode({ cert, key }: Certificate): Contender {
  return {
    name: 'bare Node',
    notes: [
      'The bare Node program pipes each connection to one that it dials. For `idle` and `conn` it answers AUTH with two fixed texts and checks nothing.',
    ],
    unable: ({ mode }) => (mode === 'mixed' ? 'no session' : undefined),
    start: ({ mode }) => {
      const isServer = mode === 'idle' || mode === 'conn';
      const args = isServer ? ['answer', cert, key] : ['pipe', cert, key, String(PEER_PORT)];
      return startNode([PROGRAM, ...args], isServer ? 'relay' : 'forwarder');
    },
  };
}
