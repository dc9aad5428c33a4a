/** A relay that is given another certificate while it works: nobody who is there notices, everybody who comes sees the new one. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { systemClock } from 'msrp/base';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Certificate, createAuthority } from '../../../msrp/test/certificates.ts';
import { buildRelay } from '../../src/app/build.ts';
import { startService } from '../../src/app/serve.ts';
import { connect, type Endpoint } from '../endpoint.ts';
import { type LoneClient, Traffic } from '../round-trip.ts';
import { ROOMY } from './machines.ts';
import { temporaryFolder } from './temporary-folder.ts';

const CLIENTS = 20;
const SWAPS = 10;
const TOKEN = 'operator-token-0123456789';

const authority = await createAuthority();
const certificates = [await issue(), await issue()] as const;

function issue(): Promise<Certificate> {
  return authority.issue({ dnsNames: ['localhost'] });
}

/** A service whose certificate is in files, and what writes others there and lets it read them. */
async function start() {
  const folder = temporaryFolder();
  const write = ({ cert, key }: Certificate) => {
    writeFileSync(join(folder, 'cert.pem'), cert);
    writeFileSync(join(folder, 'key.pem'), key);
  };
  write(certificates[0]);
  const file = join(folder, 'relay.yaml');
  writeFileSync(
    file,
    `hostname: localhost
listen: [tls://127.0.0.1:0]
tls: { cert: cert.pem, key: key.pem }
credentials: [{ type: static, users: { alice: secret } }]
admin: { listen: "http://127.0.0.1:0", token: ${TOKEN} }
`,
  );
  const listening = Promise.withResolvers<number>();
  let log = '';
  const service = await startService({
    ...{ configFile: file, environment: {}, machine: ROOMY, clock: systemClock, buildRelay },
    lostLogLines: () => 0,
    logger: pino({}, { write: (line: string) => (log += line) }),
    out: (line) => listening.resolve(Number(line.slice(line.lastIndexOf(':') + 1))),
  });
  onTestFinished(() => service.close());
  const swap = async (certificate: Certificate) => {
    write(certificate);
    const admin = /"admin":"([^"]+)"/.exec(log)?.[1];
    const headers = { Authorization: `Bearer ${TOKEN}` };
    const answer = await fetch(`${admin}/v1/reload`, { method: 'POST', headers });
    expect([answer.status, await answer.json()]).toEqual([200, { needsRestart: [] }]);
  };
  return { port: await listening.promise, swap };
}

function open(port: number): Promise<Endpoint> {
  return connect({ port, ca: authority.ca });
}

/** The certificate that the relay showed, in PEM without line ends. */
function shownTo({ socket }: Endpoint): string {
  return (socket as TLSSocket).getPeerCertificate().raw.toString('base64');
}

function bodyOf({ cert }: Certificate): string {
  return cert.replace(/-----[A-Z ]+-----|\s/g, '');
}

async function client(port: number): Promise<LoneClient> {
  const endpoint = await open(port);
  onTestFinished(() => void endpoint.socket.destroy());
  const target = `msrps://localhost:${port};tcp`;
  return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: 'secret', target }) };
}

describe('Another certificate', () => {
  it('under load loses no connection and no message, and is what new connections see', async () => {
    const { port, swap } = await start();
    const clients = await Promise.all(Array.from({ length: CLIENTS }, () => client(port)));
    const traffic = new Traffic(clients);
    let newcomers = 0;
    let isSwapping = true;
    // Some handshakes are always under way while the certificate changes.
    const coming = (async () => {
      while (isSwapping) {
        const endpoint = await open(port);
        expect(certificates.map(bodyOf)).toContain(shownTo(endpoint));
        endpoint.socket.destroy();
        newcomers += 1;
      }
    })();
    for (let turn = 1; turn <= SWAPS; turn += 1) {
      const certificate = certificates[turn % 2] ?? certificates[0];
      await swap(certificate);
      const endpoint = await open(port);
      expect(shownTo(endpoint)).toBe(bodyOf(certificate));
      endpoint.socket.destroy();
    }
    isSwapping = false;
    await coming;
    const counts = await traffic.stop();
    expect(clients.filter(({ endpoint }) => endpoint.socket.destroyed)).toEqual([]);
    expect(Math.min(...counts)).toBeGreaterThan(SWAPS);
    expect(newcomers).toBeGreaterThan(0);
  });

  it('that is wrong changes nothing for new connections either', async () => {
    const { port, swap } = await start();
    const stranger = await authority.issue({ dnsNames: ['elsewhere.example.org'] });
    await expect(swap(stranger)).rejects.toThrow();
    const endpoint = await open(port);
    onTestFinished(() => void endpoint.socket.destroy());
    expect(shownTo(endpoint)).toBe(bodyOf(certificates[0]));
  });
});
