/** haproxy as a forwarder of octets, in C, that knows nothing of MSRP: the floor. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Certificate } from './certificate.ts';
import { type Ports, startNative } from './native-program.ts';
import { type Contender, PEER_PORT } from './subject.ts';

/** The package that it needs. */
export const HAPROXY_PACKAGES = ['haproxy'] as const;

/** @param folder - one that may be made; the configuration goes there. */
export function haproxy(folder: string, certificate: Certificate): Contender {
  mkdirSync(folder, { recursive: true });
  return {
    name: 'haproxy',
    notes: ['haproxy forwards octets, in one thread, and copies them; it cannot answer AUTH.'],
    unable: ({ mode }) => (['idle', 'conn', 'mixed'].includes(mode) ? 'no AUTH' : undefined),
    start: () => {
      const file = path.join(folder, 'haproxy.cfg');
      return startNative((ports) => {
        writeFileSync(file, configuration(ports, certificate));
        return ['haproxy', '-db', '-q', '-f', file];
      }, 'forwarder');
    },
  };
}

function configuration({ tcp, tls }: Ports, { both }: Certificate): string {
  return `\
global
  nbthread 1
  maxconn 6000
defaults
  mode tcp
  timeout connect 5s
  timeout client 300s
  timeout server 300s
listen tcp
  bind 127.0.0.1:${tcp}
  server peer 127.0.0.1:${PEER_PORT}
listen tls
  bind 127.0.0.1:${tls} ssl crt ${both}
  server peer 127.0.0.1:${PEER_PORT} ssl verify none
`;
}
