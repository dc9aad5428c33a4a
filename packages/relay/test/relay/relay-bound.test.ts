/** This relay as the outer one: sessions of clients behind other relays, and everybody who would like to have them. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAuthority, type Endpoint, listen, request, responseTo, sendRequest } from '../endpoint.ts';
import {
  authOnBehalf,
  type ChainRelay,
  certificateFor,
  chainRelay,
  closeChain,
  connectedRelay,
  listeningRelay,
} from './chain.ts';
import { acceptedCount, authenticate, dialledCount, fence } from './dialogue.ts';
import { authority, configOf, type Overrides } from './harness.ts';

const INNER = 'inner.example.org';
const OUTER = 'outer.example.net';
const CLIENT = 'msrps://client.example.org:41207/c1;tcp';

let outer: ChainRelay;

beforeEach(async () => {
  outer = await chainRelay(OUTER);
});

afterEach(closeChain);

async function restart(overrides: Overrides): Promise<void> {
  await outer.close();
  outer = await chainRelay(OUTER, overrides);
}

/** A relay with a certificate of its own, and the session URI by which it passes on what its client sends. */
async function innerRelay(name = INNER, port = 2855): Promise<{ endpoint: Endpoint; uri: string; fromPath: string }> {
  const endpoint = await connectedRelay(outer, await certificateFor(name));
  const uri = `msrps://${name}:${port}/s1;tcp`;
  return { endpoint, uri, fromPath: `${uri} ${CLIENT}` };
}

/** Such a relay whose client has got a session here. */
async function withSession(name = INNER, port = 2855) {
  const relay = await innerRelay(name, port);
  const granted = await authOnBehalf(relay.endpoint, { target: outer.target, fromPath: relay.fromPath });
  const usePath = granted.header('Use-Path') ?? '';
  return { ...relay, granted, sessionUri: usePath.split(' ').at(-1) ?? '' };
}

function send(toPath: string, fromPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath, body: 'hello', byteRange: '1-5/5', ...more });
}

describe('An AUTH through another relay', () => {
  it('is challenged, and grants a Use-Path that begins with the relays between, reversed (AU-36, AU-50, R-04)', async () => {
    const { endpoint } = await innerRelay();
    const fromPath = `msrps://${INNER}:2855/r2;tcp msrps://first.example.org:2855/r1;tcp ${CLIENT}`;
    const challenge = await endpoint.ask(request('AUTH', { toPath: outer.target, fromPath }));
    expect([challenge.status, challenge.header('To-Path')]).toEqual([401, fromPath]);
    const granted = await authOnBehalf(endpoint, { target: outer.target, fromPath });
    expect(granted.header('To-Path')).toBe(fromPath);
    const [first, second, own, ...none] = (granted.header('Use-Path') ?? '').split(' ');
    expect([first, second, none]).toEqual([
      'msrps://first.example.org:2855/r1;tcp',
      `msrps://${INNER}:2855/r2;tcp`,
      [],
    ]);
    expect(own).toMatch(new RegExp(`^msrps://outer\\.example\\.net:${outer.tlsPort}/`));
  });

  it('fails without costing the relay its connection, and a client that does the same loses it (AU-47, AU-45, CN-13)', async () => {
    await restart({ auth: { userFailures: 0 } });
    const { endpoint, fromPath } = await innerRelay();
    for (let failures = 0; failures < 30; failures += 1) {
      const wrong = await authOnBehalf(endpoint, { target: outer.target, fromPath, password: 'wrong' });
      expect(wrong.status).toBe(401);
    }
    outer.clock.advance(40_000);
    expect((await authOnBehalf(endpoint, { target: outer.target, fromPath })).status).toBe(200);
    const client = await outer.connect();
    for (let failures = 0; failures < 5; failures += 1) {
      await authOnBehalf(client, { target: outer.target, fromPath: client.uri, password: 'wrong' });
    }
    await client.closed;
  });

  it('is granted to a client as a client, whatever certificate it shows (AU-48, AU-38)', async () => {
    const client = await connectedRelay(outer, await certificateFor(INNER));
    const fromPath = `msrps://${INNER}:2855/c;tcp`;
    const granted = await authOnBehalf(client, { target: outer.target, fromPath });
    const usePath = granted.header('Use-Path') ?? '';
    const other = await innerRelay();
    expect((await other.endpoint.ask(send(`${usePath} ${CLIENT}`, other.uri))).status).toBe(403);
    await client.close();
    expect((await other.endpoint.ask(send(`${usePath} ${fromPath}`, other.uri))).status).toBe(481);
  });

  it('may renew a session, from the same relay only (AU-44, A-22)', async () => {
    const { endpoint, fromPath, sessionUri } = await withSession();
    const again = await authOnBehalf(endpoint, { target: sessionUri, fromPath });
    expect(again.header('Use-Path')?.split(' ').at(-1)).toBe(sessionUri);
    const stranger = await innerRelay('stranger.example.org');
    const refused = await authOnBehalf(stranger.endpoint, { target: sessionUri, fromPath: stranger.fromPath });
    expect(refused.status).toBe(481);
    expect(outer.relay.snapshot().sessions).toBe(1);
  });

  it('with more URIs than a path may have is refused (SE-06, FW-19)', async () => {
    const { endpoint, uri } = await innerRelay();
    const fromPath = [...Array.from({ length: 16 }, () => uri), CLIENT].join(' ');
    expect((await endpoint.ask(request('AUTH', { toPath: outer.target, fromPath }))).status).toBe(400);
  });
});

describe('An impostor that sends AUTH as another relay', () => {
  const yesterday = new Date(Date.now() - 3_600_000);

  it.each([
    ['no certificate', async () => undefined],
    ['a certificate for another name', () => certificateFor('other.example.org')],
    ['a certificate for the name below', () => certificateFor(`relay.${INNER}`)],
    [
      'a certificate with the name as common name',
      () => authority.issue({ commonName: INNER, dnsNames: ['x.example.org'] }),
    ],
    ['an expired certificate', () => authority.issue({ dnsNames: [INNER], notAfter: yesterday })],
    ['a certificate of another authority', async () => (await createAuthority()).issue({ dnsNames: [INNER] })],
  ])('with %s gets 403, and may be a client still (AU-48, CN-09, CN-08, A-20)', async (_what, certificate) => {
    const impostor = await connectedRelay(outer, await certificate());
    const fromPath = `msrps://${INNER}:2855/s1;tcp ${CLIENT}`;
    expect((await authOnBehalf(impostor, { target: outer.target, fromPath })).status).toBe(403);
    expect((await authenticate(outer, impostor)).status).toBe(200);
    expect(outer.relay.snapshot().auth).toMatchObject({ 'relay unproven': 1 });
  });

  it('with the right certificate gets 403 for another name in From-Path (AU-48, SE-05)', async () => {
    const { endpoint } = await innerRelay();
    for (const name of ['other.example.org', OUTER, `x.${INNER}`, '127.0.0.1']) {
      const fromPath = `msrps://${name}:2855/s1;tcp ${CLIENT}`;
      expect((await endpoint.ask(request('AUTH', { toPath: outer.target, fromPath }))).status).toBe(403);
    }
  });

  it('may have one of several names, or a whole first label, in its certificate (AU-48, CN-09, A-34)', async () => {
    const certificate = await certificateFor('a.example.org', '*.farm.example.org');
    const farm = await connectedRelay(outer, certificate);
    for (const name of ['a.example.org', 'node7.farm.example.org']) {
      const fromPath = `msrps://${name}:2855/s1;tcp ${CLIENT}`;
      expect((await authOnBehalf(farm, { target: outer.target, fromPath })).status).toBe(200);
    }
    const fromPath = `msrps://farm.example.org:2855/s1;tcp ${CLIENT}`;
    expect((await authOnBehalf(farm, { target: outer.target, fromPath })).status).toBe(403);
  });
});

describe('The policy about relays', () => {
  async function statusFor(name: string): Promise<number | undefined> {
    const { endpoint, fromPath } = await innerRelay(name);
    return (await authOnBehalf(endpoint, { target: outer.target, fromPath })).status;
  }

  it.each([
    ['all', {}, { 'r1.example.org': 200, 'r2.example.net': 200 }],
    ['all but a list', { deny: ['r1.example.org'] }, { 'r1.example.org': 403, 'r2.example.net': 200 }],
    ['all but a suffix', { deny: ['*.example.org'] }, { 'r1.example.org': 403, 'r2.example.net': 200 }],
    ['a list', { allow: ['r1.example.org'], deny: ['any'] }, { 'r1.example.org': 200, 'r2.example.net': 403 }],
    ['a suffix', { allow: ['*.example.org'], deny: ['any'] }, { 'r1.example.org': 200, 'r2.example.net': 403 }],
  ])('may admit %s (AU-49)', async (_what, relays, expected) => {
    await restart({ relays });
    for (const [name, status] of Object.entries(expected)) expect(await statusFor(name), name).toBe(status);
  });

  it.each([
    ['r1.example.org', 'r1.example.org.'],
    ['r1.example.org', 'R1.Example.ORG.'],
    ['r1.example.org', 'r1.ex%61mple.org'],
    ['*.example.org', 'r1.example.org.'],
  ])('knows a relay by every way to write its name: with %s denied, %s is refused (AU-49)', async (denied, written) => {
    await restart({ relays: { deny: [denied] } });
    const { endpoint } = await innerRelay('r1.example.org');
    const fromPath = `msrps://${written}:2855/s1;tcp ${CLIENT}`;
    expect((await authOnBehalf(endpoint, { target: outer.target, fromPath })).status).toBe(403);
  });

  it('ends the sessions of a relay that is not welcome any more, and of no other (AU-49, SE-09)', async () => {
    const gone = await withSession('r1.example.org');
    const stays = await withSession('r2.example.net');
    const certificate = await certificateFor(OUTER);
    const values = { hostname: OUTER, tls: { ...certificate, ca: authority.ca }, relays: { deny: ['r1.example.org'] } };
    expect(await outer.relay.reload(configOf(values, outer.clock))).toEqual([]);
    expect(outer.relay.snapshot().sessions).toBe(1);
    const peer = await outer.connect();
    expect((await peer.ask(send(`${gone.sessionUri} ${gone.uri}`, peer.uri))).status).toBe(481);
    expect((await peer.ask(send(`${stays.sessionUri} ${stays.uri}`, peer.uri))).status).toBe(200);
    expect(await statusFor('r1.example.org')).toBe(403);
  });
});

describe('A session of a relay', () => {
  it('works on any connection to that relay and dies with none (AU-38, FW-03)', async () => {
    const { endpoint, fromPath, sessionUri } = await withSession();
    const peer = await listeningRelay('peer.example.com');
    const second = await innerRelay();
    expect((await second.endpoint.ask(send(`${sessionUri} ${peer.uri}`, fromPath))).status).toBe(200);
    const far = await peer.accept();
    expect((await far.next()).header('From-Path')).toBe(`${sessionUri} ${fromPath}`);
    await endpoint.close();
    await second.endpoint.close();
    await expect.poll(() => acceptedCount(outer)).toBe(0);
    expect(outer.relay.snapshot().sessions).toBe(1);
    const third = await innerRelay();
    expect((await third.endpoint.ask(send(`${sessionUri} ${peer.uri}`, fromPath))).status).toBe(200);
    outer.clock.advance(86_400_000);
    expect(outer.relay.snapshot().sessions).toBe(0);
  });

  it('leads to that relay by its name, whatever the session-id, and nowhere else (FW-08, FW-05, A-09)', async () => {
    const { endpoint, sessionUri } = await withSession();
    const peer = await outer.connect();
    for (const next of [
      `msrps://${INNER}:2855/s1;tcp`,
      `msrps://${INNER}:2855/other;tcp`,
      `msrps://INNER.example.org:443/s1;tcp`,
    ]) {
      expect((await peer.ask(send(`${sessionUri} ${next} ${CLIENT}`, peer.uri))).status, next).toBe(200);
      expect((await endpoint.next()).header('To-Path')).toBe(`${next} ${CLIENT}`);
    }
    for (const next of [CLIENT, peer.uri, 'msrps://other.example.org:2855/s1;tcp', `msrps://x.${INNER}:2855/s1;tcp`]) {
      expect((await peer.ask(send(`${sessionUri} ${next} ${CLIENT}`, peer.uri))).status, next).toBe(403);
    }
    expect(dialledCount(outer)).toBe(0);
  });

  it('is reached on a new connection, to the port in the URI, when there is none (FW-08, AU-38)', async () => {
    const listening = await listeningRelay(INNER);
    const { endpoint, sessionUri } = await withSession(INNER, listening.port);
    await endpoint.close();
    await expect.poll(() => acceptedCount(outer)).toBe(0);
    const peer = await outer.connect();
    expect((await peer.ask(send(`${sessionUri} ${listening.uri} ${CLIENT}`, peer.uri))).status).toBe(200);
    const far = await listening.accept();
    const arrived = await far.next();
    expect(arrived.header('To-Path')).toBe(`${listening.uri} ${CLIENT}`);
    void far.send(responseTo(arrived, 200));
    // What it sends there comes from inside.
    const target = await listeningRelay('peer.example.com');
    const fromPath = `${listening.uri} ${CLIENT}`;
    expect((await far.ask(send(`${sessionUri} ${target.uri}`, fromPath))).status).toBe(200);
    expect((await (await target.accept()).next()).header('From-Path')).toBe(`${sessionUri} ${fromPath}`);
    // It may also bring another client on the connection that this relay opened.
    const granted = await authOnBehalf(far, { target: outer.target, fromPath, user: 'bob' });
    expect(granted.status).toBe(200);
    expect(granted.header('Use-Path')).toContain(`//${OUTER}:${outer.tlsPort}/`);
  });

  it('is not reached at a node that cannot prove the name: REPORT 408 (FW-08, CN-11, X-01)', async () => {
    const impostor = await listeningRelay(INNER, await certificateFor('other.example.org'));
    const { endpoint, sessionUri } = await withSession(INNER, impostor.port);
    await endpoint.close();
    await expect.poll(() => acceptedCount(outer)).toBe(0);
    const peer = await outer.connect();
    expect((await peer.ask(send(`${sessionUri} ${impostor.uri} ${CLIENT}`, peer.uri))).status).toBe(200);
    const report = await peer.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
    // It broke off in the handshake.
    expect(impostor.acceptedCount()).toBe(0);
  });

  it('is of no use to whoever has stolen its URI: strangers, other relays, clients of ours (SE-05, FW-05, FW-06, FW-08)', async () => {
    const { fromPath, sessionUri } = await withSession();
    const target = await listen();
    const stranger = await outer.connect();
    const otherRelay = await innerRelay('other.example.org');
    const client = await outer.connect();
    expect((await authenticate(outer, client)).status).toBe(200);
    const nameOnly = await connectedRelay(outer, await (await createAuthority()).issue({ dnsNames: [INNER] }));
    for (const thief of [stranger, otherRelay.endpoint, client, nameOnly]) {
      for (const from of [fromPath, otherRelay.fromPath, thief.uri]) {
        const asked = send(`${sessionUri} ${target.uri}`, from);
        expect((await thief.ask(asked)).status).toBe(403);
        if (thief !== client) expect((await thief.ask(fence(outer, thief))).status).toBe(401);
      }
    }
    expect([dialledCount(outer), target.acceptedCount()]).toEqual([0, 0]);
    await target.close();
  });

  it('gives up what waits for its relay when it expires: every range is reported (X-18, AU-42)', async () => {
    await restart({ expires: { min: 1, default: 20 }, flow: { stallTimeoutMs: 86_400_000 } });
    const { endpoint, uri, sessionUri } = await withSession();
    const peer = await outer.connect();
    endpoint.pause();
    const toPath = `${sessionUri} ${uri} ${CLIENT}`;
    const body = 'x'.repeat(60_000);
    let sent = 0;
    // Until more waits than the system takes.
    while (outer.relay.snapshot().queuedOctets < 100_000) {
      sent += 1;
      const range = { messageId: `message-${sent}`, byteRange: `1-60000/60000` };
      expect((await peer.ask(send(toPath, peer.uri, { body, ...range }))).status).toBe(200);
    }
    outer.clock.advance(20_000);
    const report = await peer.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 481/);
  });
});
