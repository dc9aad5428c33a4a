import { describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/base/index.ts';
import { Connection } from '../../src/client/connection.ts';
import { Endpoint, type Session as PublicSession, type RelayTarget } from '../../src/client/index.ts';
import { RelayConnection } from '../../src/client/relay-connection.ts';
import { Session } from '../../src/client/session.ts';
import { parseUri } from '../../src/wire/index.ts';
import { readVectors } from '../vectors.ts';
import { FarEnd, MemoryChannel, MemoryNetwork, settled } from './network.ts';
import { answer, answerAuth, grantNext, NADIA } from './scripted-relay.ts';

const RELAY = 'msrps://relay-a.example.org:2855;tcp';
const granted = (name: string) => `msrps://relay-${name}.example.org:2855/a-session;tcp`;
const [A, B, C] = [granted('a'), granted('b'), granted('c')];
const PEER = 'msrps://relay-p.example.net:2855/sp;tcp msrps://oskar.example.net:50321/so;tcp';

/** What the next random texts are to be; then they are random. */
const idents = vi.hoisted((): string[] => []);
vi.mock('../../src/wire/ident.ts', async (importActual) => {
  const actual = await importActual<typeof import('../../src/wire/ident.ts')>();
  return { ...actual, makeIdent: () => idents.shift() ?? actual.makeIdent() };
});

describe('on the wire', () => {
  it('is E1, octet for octet (AU-03, AU-04)', async () => {
    const { far, connection } = direct('msrps://nadia@relay-a.example.org;tcp', ['UtPToUhRSZvSOa0GCdeR']);
    idents.push('rCUJ4JxVXPh95x3C', 'a6bc7aace203871d', 'yuhl0A8qeaKSNOAN');
    const creating = connection.createSession();
    await expectOctets(far, 'E1.1');
    far.send(example('E1.2'));
    await expectOctets(far, 'E1.3');
    far.send(example('E1.4'));
    const session = await creating;
    const own = 'msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp';
    expect(session.path).toBe(`msrps://relay-a.example.org:2855/ZUv5i1pQvAEFukv5tnC3X7;tcp ${own}`);
  });

  it('is the end of E2: the second session with the nextnonce, and one request (AU-24, AU-33, AU-37)', async () => {
    const { far, connection } = direct(RELAY, ['UtPToUhRSZvSOa0GCdeR', 'sfB4yCapUkiwE8bvVjO8']);
    idents.push('uu2Qz550Vp0MCo7y', '4d13bc360990b445', 'DCBtYFeKVSuHhRED');
    const creating = connection.createSession();
    await far.next();
    far.send(example('E2.2'));
    await expectOctets(far, 'E2.3');
    far.send(example('E2.4'));
    const first = await creating;
    idents.push('8e169d7f7e5a8a62', 'nuMRppWtmYIzPMVp');
    const creatingNext = connection.createSession();
    await expectOctets(far, 'E2.5');
    far.send(example('E2.6'));
    const second = await creatingNext;
    expect(first.usePath).not.toBe(second.usePath);
    expect(first.uri).not.toBe(second.uri);
  });

  it('is what the client says and hears of E5: the outer AUTH through the inner session (AU-02, AU-22, U-19, U-20)', async () => {
    const targets = ['msrps://inner.example.org:2855;tcp', 'msrps://outer.example.net;tcp'];
    const { far, connection } = direct(targets, ['UtPToUhRSZvSOa0GCdeR']);
    const creating = connection.createSession();
    const inner = 'msrps://inner.example.org:2855/f3l2A5Jiw3M2oQ9dGywHhM;tcp';
    idents.push('aaaa');
    await vi.waitFor(() => expect(far.inbox).toHaveLength(1));
    const [asked] = far.inbox;
    idents.push('cnonce1', 'bbbb', 'dEjk4YaAebjrSZee', '563d6d1904f73d8d', 'ySbpli5SyJyJDxxi');
    if (asked !== undefined) answerAuth(far, asked, { usePath: inner });
    await far.next();
    answerAuth(far, await far.next(), { usePath: inner });
    await expectOctets(far, 'E5.1');
    far.send(example('E5.4'));
    await expectOctets(far, 'E5.5');
    far.send(example('E5.8'));
    const session = await creating;

    const outer = 'msrps://node2.outer.example.net:9010/t0ERu7X65SjmP7EiRUfOgW;tcp';
    const own = 'msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp';
    expect(session.path).toBe(`${outer} ${inner} ${own}`);
    await session.open(PEER, 'passive');
    session.send('hello');
    const send = await far.next();
    expect(send.header('To-Path')).toBe(`${inner} ${outer} ${PEER}`);
    expect(send.header('From-Path')).toBe(own);
  });
});

describe('AUTHs', () => {
  it('follow one another: the next when the last is answered (T-11)', async () => {
    const { far, relay } = await connected([RELAY]);
    const both = [relay.createSession(), relay.createSession()];
    for (const [index, usePath] of [granted('one'), granted('two')].entries()) {
      for (let round = index; round < 2; round += 1) {
        const asked = await far.next();
        await settled();
        expect(far.inbox).toHaveLength(0);
        answerAuth(far, asked, { usePath });
      }
    }
    const [one, two] = await Promise.all(both);
    expect([one?.usePath, two?.usePath]).toEqual([granted('one'), granted('two')]);
  });

  it('name one complete URI of the client each, which is that of the session and no other (AU-04, AU-37, U-18)', async () => {
    const { far, relay } = await connected([RELAY]);
    const fromPaths: unknown[] = [];
    for (let count = 0; count < 3; count += 1) {
      const creating = relay.createSession();
      const asked = await grantNext(far, { usePath: `${A.replace(';', `${count};`)}` });
      const session = await creating;
      for (const message of asked) expect(message.header('From-Path')).toBe(session.uri);
      expect(asked.every(({ body, flag }) => body === undefined && flag === '$')).toBe(true);
      fromPaths.push(session.uri);
    }
    expect(new Set(fromPaths).size).toBe(3);
    const uris = fromPaths.map((uri) => parseUri(String(uri)));
    expect(new Set(uris.map((uri) => uri?.host)).size).toBe(1);
    expect(uris[0]).toMatchObject({ scheme: 'msrps', port: 2855, transport: 'tcp' });
    expect(uris[0]?.host).toMatch(/^[a-z0-9]{12,}\.invalid$/);
    expect(uris[0]?.sessionId?.length).toBeGreaterThanOrEqual(14);
  });

  it('ask for a lifetime when the application does, at every relay (AU-05)', async () => {
    const { far, relay } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    const creating = relay.createSession({ expires: 600 });
    const asked = [
      ...(await grantNext(far, { usePath: A, expires: 600 })),
      ...(await grantNext(far, { usePath: `${A} ${B}` })),
    ];
    expect(asked.map((message) => message.header('Expires'))).toEqual(['600', '600', '600', '600']);
    await creating;
  });

  it('go through three relays one after the other, each through the sessions at those before it (AU-02)', async () => {
    const targets = [RELAY, 'msrps://relay-b.example.org;tcp', 'msrps://relay-c.example.org:9000;tcp'];
    const { far, relay } = await connected(targets);
    const creating = relay.createSession();
    const paths = [A, `${A} ${B}`, `${A} ${B} ${C}`];
    const toPaths: unknown[] = [];
    for (const usePath of paths) {
      const asked = await grantNext(far, { usePath });
      toPaths.push(...asked.map((message) => message.header('To-Path')));
    }
    const session = await creating;
    const [first, second, third] = targets;
    expect(toPaths).toEqual([
      first,
      first,
      `${A} ${second}`,
      `${A} ${second}`,
      `${A} ${B} ${third}`,
      `${A} ${B} ${third}`,
    ]);
    expect(session.path).toBe(`${C} ${B} ${A} ${session.uri}`);
    expect(session.usePath).toBe(`${A} ${B} ${C}`);

    const again = relay.createSession();
    for (const usePath of paths) expect(await grantNext(far, { usePath })).toHaveLength(1);
    await again;
  });

  it('end where a relay of the chain refuses; the next session is asked for as if nothing had been (AU-54)', async () => {
    const { far, relay } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    const failing = relay.createSession();
    const waiting = relay.createSession();
    await grantNext(far, { usePath: A });
    far.send(answer(await far.next(), '403 Forbidden'));
    await expect(failing).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 403 });
    await grantNext(far, { usePath: A });
    await grantNext(far, { usePath: `${A} ${B}` });
    await expect(waiting).resolves.toMatchObject({ usePath: `${A} ${B}` });
  });

  it('fail at a relay behind another one that does not prove itself, not at the own one (AU-34)', async () => {
    const { far, relay } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    const failing = relay.createSession();
    await grantNext(far, { usePath: A });
    await grantNext(far, { usePath: `${A} ${B}`, rspauth: '' });
    await expect(failing).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 200 });
  });

  it('are given up when no answer comes within 30 s (T-11, T-13)', async () => {
    const { clock, far, relay } = await connected([RELAY]);
    const failing = relay.createSession();
    const asked = await far.next();
    clock.advance(29_999);
    await settled();
    expect(far.inbox).toHaveLength(0);
    clock.advance(3000);
    await expect(failing).rejects.toMatchObject({ code: 'MSRP_TIMEOUT', status: 408 });
    // What comes too late answers nothing (T-13).
    answerAuth(far, asked, { usePath: A });
    const creating = relay.createSession();
    await grantNext(far, { usePath: B });
    await expect(creating).resolves.toMatchObject({ usePath: B });
  });

  it('fail with the connection, those that wait for their turn too (CN-17)', async () => {
    const { clock, far, relay } = await connected([RELAY]);
    const failing = [relay.createSession(), relay.createSession()];
    await far.next();
    far.channel.fail(new Error('reset'));
    for (const creating of failing) await expect(creating).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    expect(relay.isOpen).toBe(false);
    await expect(relay.createSession()).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    expect(clock.waitingCount).toBe(0);
  });

  it('bring no session when the connection ends with their answer (CN-17)', async () => {
    const { far, relay, clock } = await connected([RELAY]);
    const creating = relay.createSession();
    answerAuth(far, await far.next(), { usePath: A });
    answerAuth(far, await far.next(), { usePath: A });
    far.channel.end();
    await expect(creating).rejects.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    expect(clock.waitingCount).toBe(0);
  });
});

describe('the life of a path', () => {
  it.each([
    ['fifteen minutes before its end', 3600, 2700],
    ['when a quarter of a short life is left', 600, 450],
    ['at once when it is over already', 0, 0],
  ])('is about to end: the application hears of it %s (AU-43)', async (_, expires, afterSeconds) => {
    const { clock, far, relay } = await connected([RELAY]);
    const session = await created(relay, far, { usePath: A, expires });
    const warnings: number[] = [];
    session.on('pathExpiring', (atMs) => warnings.push(atMs));
    const startMs = clock.nowMs();
    clock.advance(Math.max(0, afterSeconds * 1000 - 1));
    expect(warnings).toEqual(expires === 0 ? [startMs] : []);
    clock.advance(1);
    expect(warnings).toEqual([startMs + expires * 1000]);
    expect(session.isOpen).toBe(true);
  });

  it('is that of the relay of the chain that grants the least (AU-43)', async () => {
    const { clock, far, relay } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    const creating = relay.createSession();
    await grantNext(far, { usePath: A, expires: 600 });
    await grantNext(far, { usePath: `${A} ${B}`, expires: 3600 });
    const warned = vi.fn();
    (await creating).on('pathExpiring', warned);
    clock.advance(450_000);
    expect(warned).toHaveBeenCalledExactlyOnceWith(clock.nowMs() + 150_000);
  });

  it.each(['closed', 'failed'])(
    'is of no interest to anybody once the session has %s: no timer stays (AU-43)',
    async (how) => {
      const { clock, far, relay, endpoint } = await connected([RELAY]);
      const session = await created(relay, far, { usePath: A });
      const other = await created(relay, far, { usePath: B });
      // The answers were waited for.
      clock.advance(2000);
      const withoutSession = clock.waitingCount - 1;
      if (how === 'closed') session.close();
      else {
        await session.open(PEER);
        far.send(answer(await far.next(), '481 No such session'));
        await vi.waitFor(() => expect(session.isOpen).toBe(false));
        clock.advance(32_000);
      }
      expect(clock.waitingCount).toBe(withoutSession);
      expect(other.isOpen).toBe(true);
      endpoint.close();
      expect(clock.waitingCount).toBe(0);
    },
  );

  it('is extended by an AUTH to the session URI at each relay, and then warned of anew (AU-05, AU-43, AU-44)', async () => {
    const { clock, far, relay } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    const creating = relay.createSession({ expires: 1200 });
    await grantNext(far, { usePath: A });
    await grantNext(far, { usePath: `${A} ${B}`, expires: 1200 });
    const session = await creating;
    const warnings: number[] = [];
    session.on('pathExpiring', (atMs) => warnings.push(atMs));
    clock.advance(800_000);
    const refreshing = session.refresh();
    const [first] = await grantNext(far, { usePath: A, expires: 1200 });
    const [second] = await grantNext(far, { usePath: `${A} ${B}`, expires: 800 });
    expect([first?.header('To-Path'), second?.header('To-Path')]).toEqual([A, `${A} ${B}`]);
    for (const message of [first, second]) {
      expect(message?.header('From-Path')).toBe(session.uri);
      expect(message?.header('Expires')).toBe('1200');
    }
    const untilMs = clock.nowMs() + 800_000;
    await expect(refreshing).resolves.toBe(untilMs);
    clock.advance(599_999);
    expect(warnings).toEqual([]);
    clock.advance(1);
    expect(warnings).toEqual([untilMs]);
    expect(session.path).toBe(`${B} ${A} ${session.uri}`);
  });

  it('is not extended by a relay that knows no such thing: the session goes on until its end (AU-44)', async () => {
    const { clock, far, relay } = await connected([RELAY]);
    const session = await created(relay, far, { usePath: A, expires: 600 });
    const warned = vi.fn();
    session.on('pathExpiring', warned);
    const refreshing = session.refresh();
    far.send(answer(await far.next(), '481 No such session'));
    await expect(refreshing).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 481 });
    const other = session.refresh();
    await grantNext(far, { usePath: B, expires: 3600 });
    await expect(other).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED' });
    expect(session.usePath).toBe(A);
    clock.advance(450_000);
    expect(warned).toHaveBeenCalledOnce();
  });

  it('too late is not extended, and its session fails: nobody reaches it any more (AU-43)', async () => {
    const { clock, far, relay } = await connected([RELAY]);
    const session = await created(relay, far, { usePath: A, expires: 600 });
    const failed = vi.fn();
    session.on('failed', failed);
    clock.advance(600_000);
    const refreshing = session.refresh();
    far.send(answer(await far.next(), '481 No such session'));
    await expect(refreshing).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 481 });
    expect(failed).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ code: 'MSRP_SESSION_FAILED' }));
  });

  it('leaves no timer when the session ends while it is being extended (AU-43)', async () => {
    const { clock, far, relay, endpoint } = await connected([RELAY]);
    const session = await created(relay, far, { usePath: A });
    const refreshing = session.refresh();
    session.close();
    await grantNext(far, { usePath: A });
    await refreshing;
    endpoint.close();
    expect(clock.waitingCount).toBe(0);
    await expect(session.refresh()).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
  });

  it('of a session is extended in turn with other AUTHs (T-11)', async () => {
    const { far, relay } = await connected([RELAY]);
    const session = await created(relay, far, { usePath: A });
    const refreshing = session.refresh();
    const creating = relay.createSession();
    const asked = await far.next();
    await settled();
    expect(far.inbox).toHaveLength(0);
    expect(asked.header('To-Path')).toBe(A);
    answerAuth(far, asked, { usePath: A });
    await refreshing;
    await grantNext(far, { usePath: B });
    await creating;
  });
});

describe('which relays are dialled', () => {
  it.each([
    ['in the clear (AU-59)', 'MSRP_INSECURE', ['msrp://relay-a.example.org:2855;tcp']],
    ['behind another one, in the clear (AU-59)', 'MSRP_INSECURE', [RELAY, 'msrp://relay-b.example.org:2855;tcp']],
    ['that is a session', 'MSRP_BAD_URI', [A]],
    ['that is no URI', 'MSRP_BAD_URI', ['relay-a.example.org']],
    ['without transport', 'MSRP_BAD_URI', ['msrps://relay-a.example.org:2855']],
    ['that is an address without port', 'MSRP_BAD_URI', ['msrps://192.0.2.1;tcp']],
    ['of an empty list', 'MSRP_BAD_URI', []],
  ])('none %s', async (_, code, uris) => {
    const network = new MemoryNetwork();
    const endpoint = new Endpoint({ network, clock: new ManualClock() });
    await expect(endpoint.connectRelay(targets(uris))).rejects.toMatchObject({ code });
    expect(network.dialled).toEqual([]);
  });

  it.each([{ user: 'nadia' }, { password: 'x' }])('none with %j alone', async (half) => {
    const network = new MemoryNetwork();
    const endpoint = new Endpoint({ network, clock: new ManualClock() });
    const refused = expect(endpoint.connectRelay({ uri: RELAY, ...half })).rejects;
    await refused.toMatchObject({
      code: 'MSRP_AUTH_FAILED',
      message: expect.stringContaining('one of them is missing'),
    });
    expect(network.dialled).toEqual([]);
  });

  it('the first, by its name, which its certificate has to prove (AU-03, AU-59)', async () => {
    const { network } = await connected([RELAY, 'msrps://relay-b.example.org;tcp']);
    expect(network.dialled).toEqual([{ uri: RELAY, checksName: true, signal: expect.anything() }]);
  });

  it('a domain, with the user in its URI and without port, as it stands (AU-03)', async () => {
    const target = 'msrps://nadia@relay-a.example.org;tcp';
    const { network, relay, far } = await connected([target], 'relay-a.example.org');
    const creating = relay.createSession();
    const [asked] = await grantNext(far, { usePath: A });
    await creating;
    expect(asked?.header('To-Path')).toBe(target);
    expect(network.dialled).toHaveLength(1);
  });
});

function targets(uris: readonly string[]): RelayTarget[] {
  return uris.map((uri) => ({ uri, ...NADIA }));
}

/** An endpoint that is connected to a scripted relay at `authority`. */
async function connected(uris: readonly string[], authority = 'relay-a.example.org:2855') {
  const clock = new ManualClock();
  const network = new MemoryNetwork();
  const ends = network.script(authority);
  const endpoint = new Endpoint({ network, clock });
  const relay = await endpoint.connectRelay(targets(uris));
  const [far] = ends;
  if (far === undefined) throw new Error('nobody was dialled');
  return { clock, network, endpoint, relay, far };
}

async function created(
  relay: RelayConnection,
  far: FarEnd,
  grant: Parameters<typeof grantNext>[1],
): Promise<PublicSession> {
  const creating = relay.createSession();
  await grantNext(far, grant);
  return await creating;
}

/** A relay connection without endpoint, whose sessions have the URIs of the examples. */
function direct(uris: string | readonly string[], sessionIds: readonly string[]) {
  const clock = new ManualClock();
  const [near, other] = MemoryChannel.pair();
  const connection: Connection = new Connection(near, { sessionFor: () => 481, lost: () => undefined }, clock);
  const left = [...sessionIds];
  const relays = targets(typeof uris === 'string' ? [uris] : uris);
  const none = { reach: () => Promise.resolve(connection), bound: () => undefined, ended: () => undefined };
  const relayed = new RelayConnection(relays, {
    clock,
    connection,
    newUri: () => `msrps://nadia-pc.example.org:41207/${left.shift()};tcp`,
    newSession: (uri, usePath, refresh, options) =>
      new Session({ clock, uri, usePath, connection, refresh, ...none }, options),
  });
  return { far: new FarEnd(other), connection: relayed };
}

function example(name: string): Uint8Array {
  const found = readVectors('examples.md').find((vector) => vector.name.startsWith(`${name}.`));
  if (found === undefined) throw new Error(`no example ${name}`);
  return found.octets;
}

/** The next message is this example. */
async function expectOctets(far: FarEnd, name: string): Promise<void> {
  const { raw } = await far.next();
  expect(raw.toString('latin1')).toBe(Buffer.from(example(name)).toString('latin1'));
}
