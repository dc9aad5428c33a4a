/** docs/beside-a-sip-server.md as it stands: Kamailio for SIP, this relay for MSRP, one table of users that kamctl has filled. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from 'msrp/base';
import { pino } from 'pino';
import { describe, expect, it, onTestFailed, onTestFinished } from 'vitest';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { buildRelay } from '../../src/app/build.ts';
import { loadConfig } from '../../src/app/config.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { Kamctl } from '../auth/kamctl.ts';
import { connect, responseTo, sendRequest } from '../endpoint.ts';
import { documentedFile } from './documented.ts';
import { type Kamailio, startKamailio } from './kamailio.ts';
import { SipPhone } from './sip-phone.ts';

const PAGE = 'beside-a-sip-server.md';
const DOMAIN = 'example.org';
const PASSWORD = 'wonderland';
const DATABASE = 'postgres://kamailioro@db.example.org/kamailio';

const authority = await createAuthority();
const forSip = await authority.issue({ dnsNames: ['sip.example.org'] });
const forMsrp = await authority.issue({ dnsNames: ['msrp.example.org', DOMAIN] });

/** A database with two users, by Kamailio's tools. */
async function usersInDatabase(): Promise<string> {
  const path = join(temporaryFolder(), 'kamailio.sqlite');
  const settings = {
    SIP_DOMAIN: DOMAIN,
    DBENGINE: 'SQLITE',
    DB_PATH: path,
    STANDARD_MODULES: 'standard alias_db auth_db usrloc',
  };
  const kamctl = await Kamctl.createDatabase(path, settings);
  for (const user of ['alice', 'bob']) await kamctl.run('add', user, PASSWORD);
  return path;
}

async function sipServer(database: string): Promise<Kamailio> {
  const kamailio = await startKamailio(({ tlsPort, tcpPort, folder }) => ({
    'kamailio.cfg': documentedFile(
      'beside.cfg',
      {
        '192.0.2.20:5061': `127.0.0.1:${tlsPort}`,
        '192.0.2.20:5060': `127.0.0.1:${tcpPort}`,
        '/etc/kamailio': folder,
        'db_postgres.so': 'db_sqlite.so',
        [DATABASE.replace('@', ':SECRET@')]: `sqlite:///${database}`,
      },
      PAGE,
    ),
    'tls.cfg': documentedFile('tls.cfg', { '/etc/kamailio': folder }),
    'cert.pem': forSip.cert,
    'key.pem': forSip.key,
    'ca.pem': authority.ca,
  }));
  onTestFailed(() => void process.stderr.write(kamailio.log()));
  onTestFinished(() => kamailio.stop());
  return kamailio;
}

/** The port of a relay with the documented configuration. */
async function relayWith(name: string, replacements: Readonly<Record<string, string>>): Promise<number> {
  const folder = temporaryFolder({ 'fullchain.pem': forMsrp.cert, 'privkey.pem': forMsrp.key });
  const file = join(folder, name);
  const here = { '0.0.0.0:2855': '127.0.0.1:0', '/etc/msrp-relay': folder };
  writeFileSync(file, documentedFile(name, { ...here, ...replacements }, PAGE));
  const relay = await buildRelay(loadConfig(file, {}, systemClock), {
    clock: systemClock,
    logger: pino({ level: 'silent' }),
  });
  onTestFinished(() => relay.close());
  return Number(relay.listening[0]?.split(':').at(-1));
}

/** Somebody with an account for both: registered at the SIP server, authenticated at the relay. */
async function subscriber(user: string, sip: Kamailio, msrpPort: number) {
  const phone = await SipPhone.connect(sip.tcpPort, user, DOMAIN, PASSWORD);
  onTestFinished(() => phone.close());
  expect(await phone.register()).toBe(200);
  const endpoint = await connect({ port: msrpPort, ca: authority.ca, servername: DOMAIN });
  onTestFinished(() => void endpoint.socket.destroy());
  // By the domain, as after a look at the SRV records.
  const usePath = await endpoint.auth({ user, password: PASSWORD, target: `msrps://${DOMAIN};tcp` });
  const path = `${usePath} ${endpoint.uri}`;
  const sdp = `v=0\r\no=${user} 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=message 2855 TCP/TLS/MSRP *\r\na=accept-types:text/plain\r\na=path:${path}\r\n`;
  return { phone, endpoint, usePath, sdp };
}

describe('docs/beside-a-sip-server.md', () => {
  it('one account registers at Kamailio and authenticates here; SDP passes as it is, and messages take its paths', async () => {
    const database = await usersInDatabase();
    const [sip, port] = await Promise.all([
      sipServer(database),
      relayWith('beside-kamailio.yaml', { [DATABASE]: `sqlite:${database}` }),
    ]);
    const alice = await subscriber('alice', sip, port);
    const bob = await subscriber('bob', sip, port);
    const [offer, answer] = await Promise.all([bob.phone.takeCall(bob.sdp), alice.phone.call('bob', alice.sdp)]);
    expect([offer, answer]).toEqual([alice.sdp, bob.sdp]);

    const pathToBob = /^a=path:(.*)$/m.exec(answer)?.[1]?.trim();
    const toPath = `${alice.usePath} ${pathToBob}`;
    const answered = alice.endpoint.ask(sendRequest({ toPath, fromPath: alice.endpoint.uri, body: 'hello' }));
    const got = await bob.endpoint.next(({ method }) => method === 'SEND');
    void bob.endpoint.send(responseTo(got, 200));
    expect([(await answered).status, got.body?.toString()]).toEqual([200, 'hello']);
  });

  it('a wrong password does not register', async () => {
    const database = await usersInDatabase();
    const sip = await sipServer(database);
    const phone = await SipPhone.connect(sip.tcpPort, 'alice', DOMAIN, 'looking-glass');
    onTestFinished(() => phone.close());
    expect(await phone.register()).toBe(401);
  });

  it('the relay beside OpenSIPS starts with what is shown, with or without its database', async () => {
    expect(await relayWith('beside-opensips.yaml', {})).toBeGreaterThan(0);
  });
});
