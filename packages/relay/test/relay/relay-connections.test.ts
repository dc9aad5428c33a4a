/** Connections between relays: what a certificate proves, what is used for what, what survives. */
import type tls from 'node:tls';
import { provenNames } from 'msrp/node';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { connect, createAuthority, type Endpoint, request, responseTo, sendRequest } from '../endpoint.ts';
import {
  authOnBehalf,
  type ChainRelay,
  certificateFor,
  chainRelay,
  clientThrough,
  closeChain,
  connectedRelay,
  listeningRelay,
} from './chain.ts';
import { acceptedCount, dialledCount, fence } from './dialogue.ts';
import { authority, type Overrides } from './harness.ts';

const OWN = 'relay.example.org';
const OTHER = 'other.example.net';
const CLIENT = 'msrps://client.example.net:41207/c1;tcp';

let relay: ChainRelay;

beforeEach(async () => {
  relay = await chainRelay(OWN);
});

afterEach(closeChain);

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  relay = await chainRelay(OWN, overrides);
}

function uriOf(name: string, port: number | string = 2855): string {
  return `msrps://${name}:${port}/s1;tcp`;
}

function send(toPath: string, fromPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath, body: 'hello', byteRange: '1-5/5', ...more });
}

/** A relay that has connected, and written to the client of `sdpPath` as the node `uri`. */
async function writing(sdpPath: string, uri: string, certificate = certificateFor(OTHER)): Promise<Endpoint> {
  const endpoint = await connectedRelay(relay, await certificate);
  expect((await endpoint.ask(send(sdpPath, `${uri} ${CLIENT}`))).status).toBe(200);
  return endpoint;
}

function isSend({ method }: { readonly method: string | undefined }): boolean {
  return method === 'SEND';
}

describe('A connection that another relay opened', () => {
  it('carries what is for that relay, whatever port it came from, and nothing is dialled (CN-22, A-38, CN-01)', async () => {
    const { endpoint, usePath, sdpPath } = await clientThrough([relay]);
    const other = await writing(sdpPath, uriOf(OTHER));
    for (const next of [uriOf(OTHER), `msrps://OTHER.example.net:2855/another;tcp`]) {
      expect((await endpoint.ask(send(`${usePath} ${next} ${CLIENT}`, endpoint.uri))).status).toBe(200);
      expect((await other.next(isSend)).header('To-Path')).toBe(`${next} ${CLIENT}`);
    }
    expect(dialledCount(relay)).toBe(0);
  });

  it('is not taken for another port than the relay names as its own, nor for another host (CN-22, CN-01)', async () => {
    const { endpoint, usePath, sdpPath } = await clientThrough([relay]);
    const elsewhere = await listeningRelay(OTHER);
    const other = await writing(sdpPath, uriOf(OTHER));
    expect((await endpoint.ask(send(`${usePath} ${elsewhere.uri} ${CLIENT}`, endpoint.uri))).status).toBe(200);
    expect((await (await elsewhere.accept()).next()).header('To-Path')).toBe(`${elsewhere.uri} ${CLIENT}`);
    await other.expectSilence(fence(relay, other));
  });

  it('carries nothing for a relay whose name it has not proved (CN-22, CN-32, SE-05)', async () => {
    const { endpoint, usePath, sdpPath } = await clientThrough([relay]);
    const listening = await listeningRelay(OTHER);
    const impostors = [certificateFor('evil.example.com'), (await createAuthority()).issue({ dnsNames: [OTHER] })];
    const first = await writing(sdpPath, listening.uri, impostors[0]);
    expect((await endpoint.ask(send(`${usePath} ${listening.uri} ${CLIENT}`, endpoint.uri))).status).toBe(200);
    expect((await (await listening.accept()).next()).header('To-Path')).toBe(`${listening.uri} ${CLIENT}`);
    await first.expectSilence(fence(relay, first));
    // Unproved, it is an outside peer like any other: one connection has the session.
    const second = await connectedRelay(relay, await impostors[1]);
    expect((await second.ask(send(sdpPath, `${listening.uri} ${CLIENT}`))).status).toBe(506);
  });

  it('is one of several that it may use for one session, also while a peer is bound to it (A-10, CN-21)', async () => {
    const { endpoint, sdpPath } = await clientThrough([relay]);
    const peer = await relay.connect();
    expect((await peer.ask(send(sdpPath, peer.uri))).status).toBe(200);
    for (let index = 0; index < 3; index += 1) await writing(sdpPath, uriOf(OTHER));
    for (let index = 0; index < 4; index += 1) expect((await endpoint.next(isSend)).body?.toString()).toBe('hello');
    const stranger = await relay.connect();
    expect((await stranger.ask(send(sdpPath, stranger.uri))).status).toBe(506);
  });

  it('and one that was dialled to it live side by side, and either is heard (CN-22, CN-27, CN-18)', async () => {
    const { endpoint, usePath, sdpPath } = await clientThrough([relay]);
    const listening = await listeningRelay(OTHER);
    const toPath = `${usePath} ${listening.uri} ${CLIENT}`;
    expect((await endpoint.ask(send(toPath, endpoint.uri))).status).toBe(200);
    const dialled = await listening.accept();
    void dialled.send(responseTo(await dialled.next(), 200));
    const opened = await writing(sdpPath, listening.uri);
    expect((await dialled.ask(send(sdpPath, `${listening.uri} ${CLIENT}`))).status).toBe(200);
    // What goes there stays where it was, so that its order does.
    expect((await endpoint.ask(send(toPath, endpoint.uri))).status).toBe(200);
    void dialled.send(responseTo(await dialled.next(isSend), 200));
    relay.clock.advance(20_000);
    await opened.expectSilence(fence(relay, opened));
    // When that one goes, the other serves at once.
    await dialled.close();
    await expect.poll(() => dialledCount(relay)).toBe(0);
    expect((await endpoint.ask(send(toPath, endpoint.uri))).status).toBe(200);
    expect((await opened.next(isSend)).header('To-Path')).toBe(`${listening.uri} ${CLIENT}`);
    expect(listening.acceptedCount()).toBe(1);
  });

  it('survives requests that are not for this relay, up to a few; a stranger’s does not (CN-15, A-07)', async () => {
    const { sdpPath } = await clientThrough([relay]);
    const other = await writing(sdpPath, uriOf(OTHER));
    const astray = () => other.ask(send(`${uriOf('elsewhere.example.org')} ${CLIENT}`, `${uriOf(OTHER)} ${CLIENT}`));
    for (let index = 0; index < 4; index += 1) expect((await astray()).status).toBe(481);
    expect((await other.ask(send(sdpPath, `${uriOf(OTHER)} ${CLIENT}`))).status).toBe(200);
    expect((await astray()).status).toBe(481);
    await other.closed;
    const stranger = await connectedRelay(relay, await certificateFor('evil.example.com'));
    await stranger.ask(send(`${uriOf('elsewhere.example.org')} ${CLIENT}`, `${uriOf(OTHER)} ${CLIENT}`));
    await stranger.closed;
  });

  it('is closed when nothing has passed for over an hour, and opened anew when it is needed (CN-20)', async () => {
    await restart({ flow: { stallTimeoutMs: 86_400_000 } });
    const { endpoint, usePath, sdpPath } = await clientThrough([relay]);
    const listening = await listeningRelay(OTHER);
    const other = await writing(sdpPath, listening.uri);
    void endpoint.send(responseTo(await endpoint.next(isSend), 200));
    await expect.poll(() => relay.relay.snapshot().transactions).toBe(0);
    relay.clock.advance(3_590_000);
    expect(acceptedCount(relay)).toBe(2);
    relay.clock.advance(20_000);
    await other.closed;
    expect((await endpoint.ask(send(`${usePath} ${listening.uri} ${CLIENT}`, endpoint.uri))).status).toBe(200);
    expect((await (await listening.accept()).next()).body?.toString()).toBe('hello');
  });
});

describe('A REPORT to a relay whose connection is gone', () => {
  /** A SEND of that relay waits for its response, and its connection has ended. */
  async function orphaned(uri: string, certificate = certificateFor(OTHER)) {
    const { endpoint, sdpPath } = await clientThrough([relay]);
    const other = await writing(sdpPath, uri, certificate);
    const waiting = await endpoint.next(isSend);
    await other.close();
    await expect.poll(() => acceptedCount(relay)).toBe(1);
    return { endpoint, sdpPath, fail: () => endpoint.send(responseTo(waiting, 415)) };
  }

  it('goes over another one that it has opened since (X-12)', async () => {
    const { sdpPath, endpoint, fail } = await orphaned(uriOf(OTHER));
    const again = await writing(sdpPath, uriOf(OTHER));
    await endpoint.next(isSend);
    void fail();
    const report = await again.next(({ method }) => method === 'REPORT');
    expect(report.header('To-Path')).toBe(`${uriOf(OTHER)} ${CLIENT}`);
    expect(report.header('Status')).toMatch(/^000 415/);
    expect(dialledCount(relay)).toBe(0);
  });

  it('goes over a new one when there is none (X-12)', async () => {
    const listening = await listeningRelay(OTHER);
    const { fail } = await orphaned(listening.uri);
    void fail();
    const report = await (await listening.accept()).next();
    expect([report.method, report.header('To-Path')]).toEqual(['REPORT', `${listening.uri} ${CLIENT}`]);
  });

  it('goes nowhere when the name was never proved (X-12, X-13, SE-05)', async () => {
    const listening = await listeningRelay(OTHER);
    const { endpoint, fail } = await orphaned(listening.uri, certificateFor('evil.example.com'));
    void fail();
    await endpoint.expectSilence(fence(relay, endpoint));
    expect([dialledCount(relay), listening.acceptedCount()]).toEqual([0, 0]);
  });

  it('goes nowhere once the relay itself is closed (X-12, P-13)', async () => {
    const listening = await listeningRelay(OTHER);
    await orphaned(listening.uri);
    await relay.close();
    expect(listening.acceptedCount()).toBe(0);
  });
});

describe('A request that claims to come from a relay', () => {
  const expired = new Date(Date.now() - 3_600_000);

  it.each([
    ['no certificate', async () => undefined, 403],
    ['a certificate for another name', () => certificateFor('evil.example.com'), 403],
    ['an expired one', () => authority.issue({ dnsNames: [OTHER], notAfter: expired }), 403],
    ['the right one', () => certificateFor(OTHER), 200],
  ])(
    'with %s, where certificates are required, is answered as told (CN-32, A-45)',
    async (_what, certificate, status) => {
      await restart({ relays: { requireCertificate: true } });
      const { endpoint, sdpPath } = await clientThrough([relay]);
      const claiming = await connectedRelay(relay, await certificate());
      expect((await claiming.ask(send(sdpPath, `${uriOf(OTHER)} ${CLIENT}`))).status).toBe(status);
      // A peer that speaks for itself alone needs none.
      const peer = await relay.connect();
      expect((await peer.ask(send(sdpPath, peer.uri))).status).toBe(200);
      expect((await endpoint.next(isSend)).body?.toString()).toBe('hello');
    },
  );

  it('needs no certificate by default (CN-32, A-45)', async () => {
    const { sdpPath } = await clientThrough([relay]);
    const claiming = await relay.connect();
    expect((await claiming.ask(send(sdpPath, `${uriOf(OTHER)} ${CLIENT}`))).status).toBe(200);
  });
});

describe('A resumed TLS session', () => {
  const versions = ['TLSv1.2', 'TLSv1.3'] as const;

  async function twice(version: (typeof versions)[number], certificate: { cert: string; key: string } | undefined) {
    const options = { port: relay.tlsPort, ca: authority.ca, servername: OWN, ...(certificate && { certificate }) };
    const only = { minVersion: version, maxVersion: version };
    const first = await connect({ ...options, tls: only });
    let session: Buffer | undefined;
    first.socket.on('session', (ticket: Buffer) => {
      session = ticket;
    });
    // Tickets come with the first octets, or before.
    await first.ask(fence(relay, first));
    session ??= (first.socket as tls.TLSSocket).getSession();
    const second = await connect({ ...options, tls: { ...only, ...(session && { session }) } });
    expect((second.socket as tls.TLSSocket).isSessionReused()).toBe(true);
    return second;
  }

  it.each(versions)('keeps the name that a certificate proved (%s) (CN-09, CN-11, AU-48)', async (version) => {
    const resumed = await twice(version, await certificateFor(OTHER));
    const wish = { target: relay.target, fromPath: `${uriOf(OTHER)} ${CLIENT}` };
    expect((await authOnBehalf(resumed, wish)).status).toBe(200);
    const lie = { ...wish, fromPath: `${uriOf('evil.example.com')} ${CLIENT}` };
    expect((await authOnBehalf(resumed, lie)).status).toBe(403);
  });

  it.each(versions)(
    'proves nothing when there was no certificate, or a bad one (%s) (CN-09, SE-05)',
    async (version) => {
      const stranger = (await createAuthority('Another authority')).issue({ dnsNames: [OTHER] });
      for (const certificate of [undefined, await stranger]) {
        const resumed = await twice(version, certificate);
        const fromPath = `${uriOf(OTHER)} ${CLIENT}`;
        expect((await authOnBehalf(resumed, { target: relay.target, fromPath })).status).toBe(403);
      }
    },
  );
});

describe('The certificate of a listener’s peer', () => {
  it('is asked for and never demanded; what it proves is told by its names alone (CN-08, CN-09, A-33)', async () => {
    const certificates = [
      undefined,
      await authority.issue({ dnsNames: [], commonName: OTHER }),
      await authority.issue({ dnsNames: [], addresses: ['127.0.0.1'] }),
      await (await createAuthority()).issue({ dnsNames: [OTHER] }),
    ];
    for (const certificate of certificates) {
      const peer = await connectedRelay(relay, certificate);
      // More than once: nothing that the check left behind may end the connection later.
      for (let index = 0; index < 3; index += 1) expect((await peer.ask(fence(relay, peer))).status).toBe(401);
    }
  });

  it('proves names for as long as it is in date, on the connecting side too (CN-09, CN-07)', async () => {
    const { socket } = await connectedRelay(relay, await certificateFor(OTHER));
    expect(provenNames(socket, Date.now())).toEqual([OWN]);
    expect(provenNames(socket, Date.now() + 10 * 86_400_000)).toEqual([]);
  });
});

describe('Authorities of their own for relays', () => {
  it('are what relays are checked with on both sides, and endpoints are not (SE-08, CN-07, CN-11)', async () => {
    const federation = await createAuthority('Federation');
    const member = await federation.issue({ dnsNames: [OTHER] });
    await restart({ relays: { ca: federation.ca } });
    const { endpoint, usePath } = await clientThrough([relay]);
    const wish = { target: relay.target, fromPath: `${uriOf(OTHER)} ${CLIENT}` };
    expect((await authOnBehalf(await connectedRelay(relay, member), wish)).status).toBe(200);
    const outsider = await connectedRelay(relay, await certificateFor(OTHER));
    expect((await authOnBehalf(outsider, wish)).status).toBe(403);

    const byFederation = await listeningRelay(OTHER, member);
    const byOthers = await listeningRelay('third.example.com');
    const statusOf = async (path: string) => {
      void endpoint.send(send(`${usePath} ${path}`, endpoint.uri, { failureReport: 'partial' }));
      const got = await endpoint.next(({ method }) => method === 'REPORT');
      return got.header('Status');
    };
    // A relay of the federation is not an endpoint that the others vouch for, nor the other way round.
    expect(await statusOf(byFederation.uri)).toMatch(/^000 408/);
    expect(await statusOf(`${byOthers.uri} ${CLIENT}`)).toMatch(/^000 408/);
    expect((await endpoint.ask(send(`${usePath} ${byOthers.uri}`, endpoint.uri))).status).toBe(200);
    const third = await byOthers.accept();
    await third.next();
    const asked = request('AUTH', { toPath: `${usePath} ${byFederation.uri}`, fromPath: endpoint.uri });
    void endpoint.send(asked);
    expect((await (await byFederation.accept()).next()).method).toBe('AUTH');
  });
});
