import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect as connectTcp, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { sendRequest } from '../../../relay/test/message.ts';
import { ManualClock } from '../../src/base/index.ts';
import { Endpoint, type EndpointOptions, type IncomingMessage, type Session } from '../../src/client/index.ts';
import {
  fileContent,
  type Listener,
  type ListenOptions,
  listen,
  type NetworkOptions,
  nameQueries,
  nodeNetwork,
  Resolver,
} from '../../src/node/index.ts';
import { type Certificate, createAuthority, selfSigned } from '../certificates.ts';
import { startNameServer, type Zone } from './name-server.ts';
import { type Listening, listenTcp, listenTls } from './servers.ts';

const MIB = 1_048_576;
const authority = await createAuthority();
const NADIA = { user: 'nadia', password: 'canary-password' };
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  vi.restoreAllMocks();
});

describe.each(['TCP', 'TLS'])('two endpoints over %s', (transport) => {
  const isSecure = transport === 'TLS';

  it('talk both ways', async () => {
    const { alice, bob } = await talking(isSecure);
    const heard = [texts(alice), texts(bob)];
    const sent = [alice.send('hello bob'), bob.send('hello Zoë')];
    for (const { accepted, delivered } of sent) {
      await accepted;
      await delivered;
    }
    expect(heard).toEqual([['hello Zoë'], ['hello bob']]);
    expect([alice.isHopSecure, bob.isHopSecure]).toEqual([isSecure, isSecure]);
  });

  it('send files both ways at the same time, whole', async () => {
    const { alice, bob } = await talking(isSecure);
    const files = [randomBytes(5 * MIB + 1), randomBytes(3 * MIB)] as const;
    const got = [alice, bob].map(hashOfNext);
    const sent = [alice.send(await fileContent(fileOf(files[0]))), bob.send(await fileContent(fileOf(files[1])))];
    await Promise.all(sent.map(({ delivered }) => delivered));
    expect(await Promise.all(got)).toEqual([sha256(files[1]), sha256(files[0])]);
    expect(sent.map(({ progress }) => progress.reportedOctets)).toEqual(files.map(({ length }) => length));
  });

  it('have several sessions on one connection, which do not wait for each other (CN-28)', async () => {
    const { alice, bob, aliceEnd, bobEnd, listener } = await talking(isSecure);
    const more = [1, 2, 3].map(() => [aliceEnd.createSession(), listener.createSession()] as const);
    await Promise.all(more.map(([here, there]) => here.open(there.path)));
    const content = randomBytes(20 * MIB);
    const big = hashOfNext(bob);
    const file = alice.send(content);
    const heard = more.map(([, there]) => texts(there));
    const small = more.map(([here], index) => here.send(`to ${index}`));
    await Promise.all(small.map(({ delivered }) => delivered));
    expect(heard).toEqual([['to 0'], ['to 1'], ['to 2']]);
    expect(file.progress.sentOctets).toBeLessThan(content.length);
    await file.delivered;
    expect(await big).toBe(sha256(content));
    expect(new Set([alice, ...more.map(([here]) => here)].map(({ connection }) => connection)).size).toBe(1);
    expect(new Set([bob, ...more.map(([, there]) => there)].map(({ connection }) => connection)).size).toBe(1);
    bobEnd.close();
    await expect.poll(() => [alice, ...more.map(([here]) => here)].some(({ isOpen }) => isOpen)).toBe(false);
  });

  it('are told when the other one dies in the middle of a file (CN-17)', async () => {
    const { alice, bob, aliceEnd } = await talking(isSecure);
    const failures = [alice, bob].map((session) => new Promise((resolve) => session.on('failed', resolve)));
    const incoming = new Promise<IncomingMessage>((resolve) => bob.on('message', resolve));
    const endless = alice.send(zeros(Number.POSITIVE_INFINITY));
    const reading = (async () => {
      let octets = 0;
      for await (const piece of await incoming) {
        octets += piece.length;
        if (octets > 3 * MIB && alice.isOpen) bob.connection?.channel.destroy();
      }
    })();
    for (const failure of failures) await expect(failure).resolves.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    // Another session might have gone on with it.
    bob.close();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    await expect(endless.accepted).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    await expect(endless.delivered).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    expect(() => alice.send('too late')).toThrow(expect.objectContaining({ code: 'MSRP_SESSION_FAILED' }));
    aliceEnd.close();
  });

  it('stream 200 MB in the memory that they had', { timeout: 120_000 }, async () => {
    const { alice, bob } = await talking(isSecure);
    const totalOctets = 200 * MIB;
    let mostOctets = 0;
    let octets = 0;
    const hash = createHash('sha256');
    const incoming = new Promise<IncomingMessage>((resolve) => bob.on('message', resolve));
    const startOctets = process.memoryUsage.rss();
    const sent = alice.send(zeros(totalOctets), { totalOctets });
    for await (const piece of await incoming) {
      octets += piece.length;
      hash.update(piece);
      mostOctets = Math.max(mostOctets, process.memoryUsage.rss());
    }
    await sent.delivered;
    expect(octets).toBe(totalOctets);
    const expected = createHash('sha256');
    for await (const piece of zeros(totalOctets)) expected.update(piece);
    expect(hash.digest('hex')).toBe(expected.digest('hex'));
    expect(mostOctets - startOctets).toBeLessThan(80 * MIB);
  });

  it('slow the one that sends down to the one that reads', async () => {
    const { alice, bob } = await talking(isSecure);
    const incoming = new Promise<IncomingMessage>((resolve) => bob.on('message', resolve));
    let madeOctets = 0;
    const source = async function* () {
      for await (const piece of zeros(300 * MIB)) {
        madeOctets += piece.length;
        yield piece;
      }
    };
    const sent = alice.send(source());
    const message = await incoming;
    // Nobody reads: what the systems between them hold, some MB, and no more is made.
    let before = -1;
    await expect
      .poll(
        () => {
          const isStill = madeOctets === before;
          before = madeOctets;
          return isStill;
        },
        { interval: 300 },
      )
      .toBe(true);
    expect(madeOctets).toBeLessThan(40 * MIB);
    let octets = 0;
    for await (const piece of message) octets += piece.length;
    await sent.delivered;
    expect(octets).toBe(300 * MIB);
  });
});

describe('certificates', () => {
  it('prove the name in the URI (CN-07)', async () => {
    const { bobEnd, aliceEnd } = await ends(true);
    const other = await listening(bobEnd, { tls: await authority.issue({ dnsNames: ['elsewhere.example.org'] }) });
    const opening = aliceEnd.createSession().open(other.createSession().path);
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
  });

  it('of nobody’s authority are refused where SDP announces no fingerprint (CN-07, CN-24)', async () => {
    const { bobEnd, aliceEnd } = await ends(true);
    const listener = await listening(bobEnd, { tls: await selfSigned({ dnsNames: ['localhost'] }) });
    const opening = aliceEnd.createSession().open(listener.createSession().path);
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it('of nobody’s authority are taken when SDP announces their fingerprint, on both sides (CN-24)', async () => {
    const [alices, bobs] = [await selfSigned(), await selfSigned()];
    const [aliceEnd, bobEnd] = [endpoint({ tls: alices }), endpoint({})];
    const listener = await listening(bobEnd, { tls: bobs, publicHost: '127.0.0.1' });
    const [alice, bob] = [aliceEnd.createSession(), listener.createSession()];
    const heard = texts(bob);
    await bob.open({ path: alice.path, fingerprint: fingerprintOf(alices) }, 'passive');
    await alice.open({ path: bob.path, fingerprint: fingerprintOf(bobs) });
    await alice.send('hello').delivered;
    expect(heard).toEqual(['hello']);
  });

  it('that SDP did not announce end the connection before a word is said (CN-24)', async () => {
    const [shown, announced] = [await selfSigned(), await selfSigned()];
    const { listening: server, heard } = await eavesdropping(shown);
    const opening = endpoint({})
      .createSession()
      .open({ path: `msrps://127.0.0.1:${server.port}/b1;tcp`, fingerprint: fingerprintOf(announced) });
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_BAD_FINGERPRINT' });
    await server.gone();
    expect(heard.join('')).toBe('');
  });

  it.each(['another one', 'none'])(
    'of the side that connects are compared, too: it has shown %s (CN-24)',
    async (what) => {
      const [alices, bobs] = [await selfSigned(), await selfSigned()];
      const [aliceEnd, bobEnd] = [endpoint(what === 'none' ? {} : { tls: await selfSigned() }), endpoint({})];
      const listener = await listening(bobEnd, { tls: bobs });
      const [alice, bob] = [aliceEnd.createSession(), listener.createSession()];
      await bob.open({ path: alice.path, fingerprint: fingerprintOf(alices) }, 'passive');
      const failed = new Promise((resolve) => alice.on('failed', resolve));
      await alice.open({ path: bob.path, fingerprint: fingerprintOf(bobs) });
      await expect(failed).resolves.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
      expect([bob.isOpen, bob.connection]).toEqual([true, undefined]);
    },
  );

  it('are not shown to whoever asks, unless the application has given one (CN-10)', async () => {
    const certificate = await authority.issue({ dnsNames: ['localhost'] });
    const own = await selfSigned({ commonName: 'nadia' });
    const shown: unknown[] = [];
    const options = { ...certificate, requestCert: true, rejectUnauthorized: false };
    const server = await listenTls(options, (socket) => shown.push(socket.getPeerCertificate().subject?.CN));
    cleanUps.push(() => server.stop());
    for (const tls of [{}, own]) {
      const session = endpoint({ tls: { ca: authority.ca, ...tls } }).createSession();
      await session.open(`msrps://localhost:${server.port}/b1;tcp`);
    }
    await expect.poll(() => shown).toEqual([undefined, 'nadia']);
  });
});

describe('listen', () => {
  it('accepts nobody once it is closed; connections that stand go on', async () => {
    const { alice, bob, listener, aliceEnd } = await talking(true);
    const another = listener.createSession();
    listener.close();
    const opening = endpoint({ tls: { ca: authority.ca } })
      .createSession()
      .open(another.path);
    await expect(opening).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    const heard = texts(bob);
    await alice.send('still here').delivered;
    expect(heard).toEqual(['still here']);
    // On the connection that stands the other session may still be reached.
    await aliceEnd.createSession().open(another.path);
    listener.close();
  });

  it('says when the address cannot be had', async () => {
    const { listener, bobEnd } = await ends(false);
    const again = listen(bobEnd, { host: '127.0.0.1', port: listener.address.port });
    await expect(again).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });

  it('notices peers that vanish without a word (CN-29)', async () => {
    const { bobEnd } = await ends(false);
    const listener = await listening(bobEnd, {});
    const socket = connectTcp({ port: listener.address.port, host: '127.0.0.1' });
    cleanUps.push(() => socket.destroy());
    await once(socket, 'connect');
    const server = () => timersOf(listener.address.port, socket.localPort ?? 0);
    // 02: the timer that asks after an idle peer runs.
    await expect.poll(server).toBe('02');
  });

  it.each(['in the clear', 'over TLS'])('ends connections %s whose owner names no session for 30 s', async (how) => {
    const clock = new ManualClock();
    const certificate = await authority.issue({ dnsNames: ['localhost'] });
    const bobEnd = endpoint({}, { clock });
    const listener = await listening(bobEnd, how === 'over TLS' ? { tls: certificate } : {});
    const { port } = listener.address;
    const socket = how === 'over TLS' ? connectTls({ port, rejectUnauthorized: false }) : connectTcp({ port });
    cleanUps.push(() => socket.destroy());
    await once(socket, how === 'over TLS' ? 'secureConnect' : 'connect');
    const ended = once(socket, 'end');
    socket.write(sendRequest({ toPath: `msrp://localhost:${port}/x;tcp`, fromPath: 'msrp://a.invalid:1/a;tcp' }));
    expect(String((await once(socket, 'data'))[0])).toMatch(/^MSRP \S+ 481 /);
    clock.advance(30_000);
    await ended;
  });

  it('survives peers that fail in their handshake, and those that speak something else', async () => {
    const { bobEnd, aliceEnd, listener } = await ends(true);
    for (const octets of ['GET / HTTP/1.1\r\n\r\n', '\u0016\u0003\u0001\u0001', '\u0016']) {
      const socket = connectTcp({ port: listener.address.port });
      socket.on('error', () => undefined);
      socket.write(octets, () => socket.resetAndDestroy());
      await once(socket.resume(), 'close');
    }
    const odd: TLSSocket = connectTls({ port: listener.address.port, rejectUnauthorized: false });
    odd.on('error', () => undefined);
    odd.write('GET / HTTP/1.1\r\n\r\n');
    await once(odd.resume(), 'close');
    await expect(aliceEnd.createSession().open(listener.createSession().path)).resolves.toMatchObject({ isOpen: true });
    bobEnd.close();
  });
});

describe('a relay', () => {
  it.each([
    ['for another name', () => authority.issue({ dnsNames: ['other.example.org'] }), 'MSRP_BAD_PEER_NAME'],
    ['with the name in its CN only', () => authority.issue({ commonName: 'localhost' }), 'MSRP_BAD_PEER_NAME'],
    [
      'of an authority that nobody trusts',
      async () => (await createAuthority()).issue({ dnsNames: ['localhost'] }),
      'MSRP_DIAL_FAILED',
    ],
    ['that vouches for itself', () => selfSigned({ dnsNames: ['localhost'] }), 'MSRP_DIAL_FAILED'],
    [
      'out of date',
      () => authority.issue({ dnsNames: ['localhost'], notAfter: new Date(Date.now() - 1000) }),
      'MSRP_DIAL_FAILED',
    ],
  ])('that shows a certificate %s hears no AUTH (AU-59, CN-07)', async (_, make, code) => {
    const { listening: server, heard } = await eavesdropping(await make());
    const connecting = endpoint({ tls: { ca: authority.ca } }).connectRelay({
      uri: `msrps://localhost:${server.port};tcp`,
      ...NADIA,
    });
    await expect(connecting).rejects.toMatchObject({ code });
    await server.gone();
    expect(heard.join('')).toBe('');
  });

  it('in the clear is not even dialled, nor one of a transport that this network has not (AU-59, U-03)', async () => {
    const server = await listenTcp();
    cleanUps.push(() => server.stop());
    const own = endpoint({ tls: { ca: authority.ca } });
    for (const [uri, code] of [
      [`msrp://localhost:${server.port};tcp`, 'MSRP_INSECURE'],
      [`msrps://localhost:${server.port};ws`, 'MSRP_DIAL_FAILED'],
    ] as const) {
      await expect(own.connectRelay({ uri, ...NADIA })).rejects.toMatchObject({ code });
    }
    await expect(own.createSession().open(`msrp://localhost:${server.port}/s;dc`)).rejects.toMatchObject({
      code: 'MSRP_DIAL_FAILED',
    });
    expect(server.connections).toHaveLength(0);
  });

  it('of a domain is found by SRV, and has to be that domain (AU-59, DN-03, DN-07)', async () => {
    const right = await eavesdropping(await authority.issue({ dnsNames: ['example.org'] }));
    const impostor = await eavesdropping(await authority.issue({ dnsNames: ['relay1.example.net'] }));
    for (const { listening: server, heard } of [right, impostor]) {
      const target = { port: server.port, target: 'relay1.example.net' };
      const own = endpoint({
        tls: { ca: authority.ca },
        resolver: await resolverOf({
          '_msrps._tcp.example.org': { SRV: [target] },
          'relay1.example.net': { A: ['127.0.0.1'] },
        }),
      });
      const connecting = own.connectRelay({ uri: 'msrps://nadia@example.org;tcp', ...NADIA });
      if (server === right.listening) {
        void (await connecting).createSession().catch(() => undefined);
        await expect.poll(() => heard.join('')).toMatch(/ AUTH\r\nTo-Path: msrps:\/\/nadia@example\.org;tcp\r\n/);
      } else await expect(connecting).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
    }
    expect(impostor.heard.join('')).toBe('');
  });

  it.each(['the caller', 'the end of the endpoint'])('that does not answer is left by %s', async (who) => {
    const server = await listenTcp();
    cleanUps.push(() => server.stop());
    const own = endpoint({ tls: { ca: authority.ca } });
    const caller = new AbortController();
    const accepted = server.next();
    const connecting = own.connectRelay({ uri: `msrps://localhost:${server.port};tcp`, ...NADIA }, caller);
    const refused = expect(connecting).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    await accepted;
    if (who === 'the caller') caller.abort();
    else own.close();
    await refused;
    await server.gone();
  });
});

function endpoint(network: NetworkOptions, more: Partial<EndpointOptions> = {}): Endpoint {
  const made = new Endpoint({ network: nodeNetwork(network), ...more });
  cleanUps.push(() => made.close());
  return made;
}

async function listening(own: Endpoint, options: Partial<ListenOptions>): Promise<Listener> {
  const listener = await listen(own, { host: '127.0.0.1', publicHost: 'localhost', ...options });
  cleanUps.push(() => listener.close());
  return listener;
}

/** Two endpoints, one of which listens. */
async function ends(isSecure: boolean) {
  const aliceEnd = endpoint({ tls: { ca: authority.ca } });
  const bobEnd = endpoint({});
  const tls = isSecure ? { tls: await authority.issue({ dnsNames: ['localhost'] }) } : {};
  return { aliceEnd, bobEnd, listener: await listening(bobEnd, tls) };
}

/** Two endpoints with a session between them, that both know. */
async function talking(isSecure: boolean) {
  const made = await ends(isSecure);
  const [alice, bob] = [made.aliceEnd.createSession(), made.listener.createSession()];
  await bob.open(alice.path, 'passive');
  await alice.open(bob.path);
  await expect.poll(() => bob.connection).toBeDefined();
  return { ...made, alice, bob };
}

/** A TLS server that keeps what it hears on each connection, and says nothing. */
async function eavesdropping(certificate: Certificate): Promise<{ listening: Listening; heard: string[] }> {
  const heard: string[] = [];
  const server = await listenTls(certificate, (socket: Socket) => {
    const at = heard.push('') - 1;
    socket.on('data', (octets) => (heard[at] += String(octets)));
  });
  cleanUps.push(() => server.stop());
  return { listening: server, heard };
}

async function resolverOf(zone: Zone): Promise<Resolver> {
  const server = await startNameServer(zone);
  cleanUps.push(() => server.stop());
  return new Resolver({ queries: nameQueries([server.address]) });
}

function texts(session: Session): string[] {
  const heard: string[] = [];
  session.on('message', async (message) => heard.push(await message.text()));
  return heard;
}

/** SHA-256 of the next message of a session. */
async function hashOfNext(session: Session): Promise<string> {
  const message = await new Promise<IncomingMessage>((resolve) => session.on('message', resolve));
  const hash = createHash('sha256');
  for await (const piece of message) hash.update(piece);
  return hash.digest('hex');
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** As in `a=fingerprint`. */
function fingerprintOf({ cert }: Certificate): string {
  return `sha-256 ${new X509Certificate(cert).fingerprint256}`;
}

function fileOf(octets: Uint8Array): string {
  const folder = mkdtempSync(path.join(tmpdir(), 'msrp-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(path.join(folder, 'content'), octets);
  return path.join(folder, 'content');
}

async function* zeros(octets: number): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(65_536);
  for (let left = octets; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece;
}

/** What the kernel of Linux says of the timers of a connection between two ports of this machine; undefined when it is not there. */
function timersOf(localPort: number, remotePort: number): string | undefined {
  const port = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
  const ports = new RegExp(`^\\s*\\d+: \\w+:${port(localPort)} \\w+:${port(remotePort)} \\w+ \\S+ (\\w\\w):`, 'm');
  return ports.exec(tcpTable())?.[1];
}

function tcpTable(): string {
  return readFileSync('/proc/net/tcp', 'latin1');
}
