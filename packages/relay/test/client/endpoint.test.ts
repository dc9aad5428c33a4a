/** The endpoint library against the relay of this project: real sockets, real TLS, nothing scripted. */
import { createHash, randomBytes } from 'node:crypto';
import { Endpoint, type IncomingMessage, type RelayConnection, type RelayedSessionOptions, type Session } from 'msrp';
import { type Clock, ManualClock, type MsrpError, systemClock } from 'msrp/base';
import { listen, nodeNetwork, Resolver } from 'msrp/node';
import { afterEach, describe, expect, it } from 'vitest';
import { chainRelay, closeChain } from '../relay/chain.ts';
import { acceptedCount } from '../relay/dialogue.ts';
import { authority, type Overrides, PASSWORDS, startRelayWith, type TestRelay } from '../relay/harness.ts';

const MIB = 1_048_576;
const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
  await closeChain();
});

describe('a message and a file', () => {
  it('go both ways between two clients of one relay, with reports (U-19, U-20, P-03)', async () => {
    const relay = await started();
    const { alice, bob } = await pair([relay], [relay]);
    await exchange(alice, bob);
    expect(acceptedCount(relay)).toBe(2);
    expect([alice.isHopSecure, bob.isHopSecure]).toEqual([true, true]);
  });

  it('go both ways between clients of two relays (U-19, U-20)', async () => {
    const [a, b] = [await chainRelay('a.test'), await chainRelay('b.test')];
    const { alice, bob } = await pair([a], [b]);
    expect(alice.path.split(' ')).toEqual([expect.stringMatching(/^msrps:\/\/a\.test:/), alice.uri]);
    await exchange(alice, bob);
  });

  it.each([2, 3])('go both ways through a chain of %i relays on one side (AU-02, CN-02, U-19, U-20)', async (count) => {
    const names = ['a.test', 'b.test', 'c.test'].slice(0, count);
    const chain: TestRelay<Clock>[] = [];
    for (const name of names) chain.push(await chainRelay(name));
    const outer = await chainRelay('d.test');
    const { alice, bob } = await pair(chain, [outer]);
    const hosts = alice.path.split(' ').map((uri) => /^msrps:\/\/([^:]+):/.exec(uri)?.[1]);
    expect(hosts.slice(0, -1)).toEqual(names.toReversed());
    await exchange(alice, bob);
    expect(acceptedCount(chain[0] ?? outer)).toBe(1);
  });

  it('go both ways with an endpoint that has no relay, whoever is active (CN-23, CN-30)', async () => {
    const relay = await started();
    const own = endpoint();
    const tls = await authority.issue({ dnsNames: ['localhost'] });
    const listener = await listen(own, { host: '127.0.0.1', publicHost: 'localhost', tls });
    closers.push(() => listener.close());
    const { connection } = await client([relay]);
    for (const isRelayedActive of [true, false]) {
      const [alice, bob] = [await connection.createSession(), listener.createSession()];
      const [active, passive] = isRelayedActive ? [alice, bob] : [bob, alice];
      await passive.open(active.path, 'passive');
      await active.open(passive.path);
      await expect.poll(() => passive.connection).toBeDefined();
      await exchange(alice, bob);
    }
  });

  it('are whole when 20 sessions of one connection send at once (CN-28, S-15)', async () => {
    const relay = await started();
    const [alices, bobs] = [await client([relay]), await client([relay], 'bob')];
    const pairs: (readonly [Session, Session])[] = [];
    for (let count = 0; count < 20; count += 1) pairs.push(await opened(alices.connection, bobs.connection));
    const contents = pairs.map(() => randomBytes(300_000 + Math.floor(Math.random() * 200_000)));
    const hashes = pairs.map(([, bob]) => hashOfNext(bob));
    const backwards = pairs.map(([alice]) => textOfNext(alice));
    const files = pairs.map(([alice], index) => alice.send(contents[index] ?? ''));
    const words = pairs.map(([, bob], index) => bob.send(`from ${index}`));
    await Promise.all([...files, ...words].map(({ delivered }) => delivered));
    expect(await Promise.all(hashes)).toEqual(contents.map(sha256));
    expect(await Promise.all(backwards)).toEqual(pairs.map((_, index) => `from ${index}`));
    expect(acceptedCount(relay)).toBe(2);
  });
});

describe('the life of a path', () => {
  it.each([1, 2])(
    'is extended by refresh, at each of %i relays; without it the session ends with it (AU-43, AU-44)',
    async (count) => {
      const clock = new ManualClock();
      const chain: TestRelay<ManualClock>[] = [];
      for (const name of ['a.test', 'b.test'].slice(0, count)) chain.push(await chainRelay(name));
      const { connection } = await client(chain, 'alice', clock);
      const [alice, bob] = [await connection.createSession({ expires: 600 }), await connection.createSession()];
      await alice.open(bob.path);
      await bob.open(alice.path, 'passive');
      const warned = new Promise<number>((resolve) => alice.on('pathExpiring', resolve));
      // Second by second: what is under way must not look as if it had waited for minutes.
      const pass = async (seconds: number) => {
        for (let second = 0; second < seconds; second += 1) {
          for (const each of [clock, ...chain.map((relay) => relay.clock)]) each.advance(1000);
          await new Promise((resolve) => setImmediate(resolve));
        }
      };
      await pass(450);
      expect(await warned).toBe(clock.nowMs() + 150_000);
      expect(await alice.refresh()).toBe(clock.nowMs() + 600_000);
      await pass(400);
      const heard = textOfNext(bob);
      await alice.send('still here').accepted;
      expect(await heard).toBe('still here');

      await pass(201);
      const failed = new Promise<MsrpError>((resolve) => alice.on('failed', resolve));
      await expect(alice.send('too late').accepted).rejects.toMatchObject({ status: 481 });
      expect(await failed).toMatchObject({ code: 'MSRP_SESSION_FAILED', status: 481 });
      expect(bob.isOpen).toBe(true);
    },
  );

  it('is asked for anew within the bounds of the relay (AU-55)', async () => {
    const relay = await started({ expires: { min: 60, default: 300, max: 600 } });
    const clock = new ManualClock();
    const { connection } = await client([relay], 'alice', clock);
    for (const [expires, warningSeconds] of [
      [30, 45],
      [undefined, 225],
      [86_400, 450],
    ] as const) {
      const session = await connection.createSession({ expires });
      const warnings: number[] = [];
      session.on('pathExpiring', (atMs) => warnings.push(atMs));
      clock.advance(warningSeconds * 1000 - 1);
      expect(warnings).toEqual([]);
      clock.advance(1);
      expect(warnings).toHaveLength(1);
      session.close();
    }
  });
});

describe('what is refused', () => {
  it('is a wrong password, at the relay of a chain where it is wrong (AU-54)', async () => {
    const [a, b] = [await chainRelay('a.test'), await chainRelay('b.test')];
    const own = endpoint();
    const right = { user: 'alice', password: PASSWORDS.alice };
    const wrong = { ...right, password: 'canary' };
    const refusal = { code: 'MSRP_AUTH_FAILED', status: 401 };
    for (const targets of [
      [{ uri: a.target, ...wrong }],
      [
        { uri: a.target, ...right },
        { uri: b.target, ...wrong },
      ],
      [
        { uri: a.target, ...right },
        { uri: b.target, ...right, user: 'nobody' },
      ],
    ]) {
      const connection = await own.connectRelay(targets);
      await expect(connection.createSession()).rejects.toMatchObject(refusal);
      connection.close();
    }
    const counts = a.relay.snapshot().auth;
    expect(counts).toMatchObject({ failed: 1, granted: 2 });
    expect(b.relay.snapshot().auth).toMatchObject({ failed: 2 });
  });

  it('is a message over the bound of the relay, and only that message (EC-07, S-21)', async () => {
    const relay = await started({ limits: { messageOctets: MIB } });
    const { alice, bob } = await pair([relay], [relay]);
    const heard = textOfNext(bob);
    const big = alice.send(zeros(100 * MIB), { totalOctets: 100 * MIB });
    await expect(big.accepted).rejects.toMatchObject({ code: 'MSRP_REFUSED', status: 413 });
    await expect(big.delivered).rejects.toMatchObject({ code: 'MSRP_REFUSED', status: 413 });
    await alice.send('small enough').delivered;
    expect(await heard).toBe('small enough');
    expect(big.progress.sentOctets).toBeLessThan(100 * MIB);
    expect([alice.isOpen, bob.isOpen]).toEqual([true, true]);
  });

  it('is a message that its receiver does not want, in the middle of it', async () => {
    const relay = await started();
    const { alice, bob } = await pair([relay], [relay]);
    const incoming = nextOf(bob);
    const file = alice.send(zeros(Number.POSITIVE_INFINITY));
    let octets = 0;
    for await (const piece of await incoming) {
      octets += piece.length;
      if (octets > 2 * MIB) break;
    }
    await expect(file.delivered).rejects.toMatchObject({ code: 'MSRP_REFUSED', status: 413 });
    await expect(file.accepted).rejects.toMatchObject({ code: 'MSRP_REFUSED', status: 413 });
  });

  it('is what its sender gives up: the receiver sees an aborted message (F-20)', async () => {
    const relay = await started();
    const { alice, bob } = await pair([relay], [relay]);
    const incoming = nextOf(bob);
    const file = alice.send(zeros(Number.POSITIVE_INFINITY));
    let octets = 0;
    const reading = (async () => {
      for await (const piece of await incoming) {
        octets += piece.length;
        if (octets > 2 * MIB) file.abort();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
    await expect(file.accepted).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
    await expect(file.delivered).rejects.toMatchObject({ code: 'MSRP_ABORTED' });
    const heard = textOfNext(bob);
    await alice.send('something else').delivered;
    expect(await heard).toBe('something else');
  });
});

describe('what breaks', () => {
  it('is told to both sides when the relay stops in the middle of a file, which then goes on from where it was (CN-17, S-23, S-28)', async () => {
    const content = randomBytes(40 * MIB);
    const first = await started();
    const one = await pair([first], [first]);
    const failures = [one.alice, one.bob].map((session) => new Promise((resolve) => session.on('failed', resolve)));
    const incoming = nextOf(one.bob);
    const file = one.alice.send(content);
    const hash = createHash('sha256');
    const reading = (async () => {
      for await (const piece of await incoming) hash.update(piece);
    })();
    await new Promise<void>((resolve) => {
      file.on('progress', ({ reportedOctets }) => {
        if (reportedOctets >= 8 * MIB) resolve();
      });
    });
    await first.relay.close();
    for (const failure of failures) await expect(failure).resolves.toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
    await expect(file.delivered).rejects.toMatchObject({
      code: expect.stringMatching(/^MSRP_(CONNECTION_LOST|TIMEOUT|UNCONFIRMED)$/),
    });
    const { reportedOctets } = file.progress;
    expect(reportedOctets).toBeLessThan(content.length);

    const second = await started();
    const [alices, bobs] = [await client([second]), await client([second], 'bob')];
    const [alice, bob] = await opened(alices.connection, bobs.connection, { continues: one.bob });
    const resumed = alice.resume(file);
    expect(resumed.messageId).toBe(file.messageId);
    await resumed.delivered;
    await reading;
    expect(hash.digest('hex')).toBe(sha256(content));
    expect(resumed.progress.sentOctets).toBe(content.length - reportedOctets);
    expect(bob.isOpen).toBe(true);
  });

  it('is told to the sender when the receiver is gone (S-23, T-14)', async () => {
    const relay = await started();
    const { alice, bob, bobEnd } = await pair([relay], [relay]);
    const failed = new Promise<MsrpError>((resolve) => alice.on('failed', resolve));
    const incoming = nextOf(bob);
    const file = alice.send(zeros(Number.POSITIVE_INFINITY));
    let octets = 0;
    const reading = (async () => {
      for await (const piece of await incoming) {
        octets += piece.length;
        if (octets > 2 * MIB && bob.isOpen) bobEnd.close();
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: 'MSRP_SESSION_CLOSED' });
    await expect(file.accepted).rejects.toMatchObject({ status: expect.any(Number) });
    await expect(file.delivered).rejects.toMatchObject({ status: expect.any(Number) });
    expect(await failed).toMatchObject({ code: 'MSRP_SESSION_FAILED' });
    expect(() => alice.send('again')).toThrow(expect.objectContaining({ code: 'MSRP_SESSION_FAILED' }));
  });

  it('is a session whose peer is not there any more (EC-10)', async () => {
    const relay = await started();
    const { alice, bob } = await pair([relay], [relay]);
    bob.close();
    const failed = new Promise<MsrpError>((resolve) => alice.on('failed', resolve));
    await expect(alice.send('anybody?').delivered).rejects.toMatchObject({ status: 481 });
    expect(await failed).toMatchObject({ code: 'MSRP_SESSION_FAILED', status: 481 });
  });

  it('is not what is under way when a relay drains; only what comes later is refused (T-14)', async () => {
    const relay = await started();
    const { alice, bob, bobs } = await pair([relay], [relay]);
    // The connection of the file is not read while its receiver does not read.
    const others = await client([relay]);
    const [other] = await opened(others.connection, bobs.connection);
    const content = randomBytes(3 * MIB);
    const incoming = nextOf(bob);
    const file = alice.send(content, { successReport: false });
    const message = await incoming;
    // Nobody reads yet, so it is still under way.
    const drained = relay.relay.drain(20_000);
    await expect(others.connection.createSession()).rejects.toMatchObject({ code: 'MSRP_TIMEOUT', status: 408 });
    await expect(other.send('too late').accepted).rejects.toMatchObject({ code: 'MSRP_TIMEOUT', status: 408 });
    expect(relay.relay.state).toBe('draining');
    const failed = new Promise((resolve) => alice.on('failed', resolve));
    expect(sha256(await message.bytes())).toBe(sha256(content));
    await file.accepted;
    await drained;
    expect(await failed).toMatchObject({ code: 'MSRP_CONNECTION_LOST' });
  });
});

describe('a slow receiver', () => {
  it('slows its sender, and neither of them nor the relay grows; nothing is lost (FC-02)', {
    timeout: 120_000,
  }, async () => {
    const relay = await started();
    const { alice, bob } = await pair([relay], [relay]);
    const totalOctets = 150 * MIB;
    let madeOctets = 0;
    const source = async function* () {
      for await (const piece of zeros(totalOctets)) {
        madeOctets += piece.length;
        yield piece;
      }
    };
    const startOctets = process.memoryUsage.rss();
    const incoming = nextOf(bob);
    const file = alice.send(source(), { totalOctets });
    const message = await incoming;
    let before = -1;
    const isStill = () => {
      const was = before;
      before = madeOctets;
      return was === before;
    };
    await expect.poll(isStill, { interval: 300, timeout: 10_000 }).toBe(true);
    expect(madeOctets).toBeLessThan(60 * MIB);
    let octets = 0;
    let mostOctets = 0;
    for await (const piece of message) {
      octets += piece.length;
      mostOctets = Math.max(mostOctets, process.memoryUsage.rss());
    }
    await file.delivered;
    expect(octets).toBe(totalOctets);
    expect(mostOctets - startOctets).toBeLessThan(120 * MIB);
  });

  it('does not slow the other sessions of its connection for good', async () => {
    const relay = await started({ flow: { pauseMaxMs: 500 } });
    const [alices, bobs] = [await client([relay]), await client([relay], 'bob')];
    const [slow, stuck] = await opened(alices.connection, bobs.connection);
    const [quick, reader] = await opened(alices.connection, bobs.connection);
    const incoming = nextOf(stuck);
    slow.send(zeros(Number.POSITIVE_INFINITY));
    const message = await incoming;
    const heard = textOfNext(reader);
    const word = quick.send('by the way');
    // Bob reads nothing of his connection until the first message is read, refused or given up.
    await new Promise((resolve) => setImmediate(resolve));
    message.reject();
    await word.delivered;
    expect(await heard).toBe('by the way');
  });
});

/** A relay that goes by the clock of the machine. */
async function started(overrides: Overrides = {}): Promise<TestRelay<Clock>> {
  const relay = await startRelayWith(systemClock, overrides);
  closers.push(() => relay.close());
  return relay;
}

function endpoint(clock: Clock = systemClock): Endpoint {
  const queries = {
    addresses: async () => ({ value: ['127.0.0.1'], lifetimeMs: 60_000 }),
    services: async () => ({ value: [], lifetimeMs: 60_000 }),
    cancel: () => undefined,
  };
  const network = nodeNetwork({ tls: { ca: authority.ca }, resolver: new Resolver({ queries }) });
  const made = new Endpoint({ network, clock });
  closers.push(() => made.close());
  return made;
}

/** An endpoint that is connected to the first of these relays, for all of them. */
async function client(
  relays: readonly Pick<TestRelay<Clock>, 'target'>[],
  user: keyof typeof PASSWORDS = 'alice',
  clock?: Clock,
) {
  const end = endpoint(clock);
  const targets = relays.map(({ target }) => ({ uri: target, user, password: PASSWORDS[user] }));
  return { end, connection: await end.connectRelay(targets) };
}

/** A session between clients of two relay connections, that both know. */
async function opened(alices: RelayConnection, bobs: RelayConnection, options: RelayedSessionOptions = {}) {
  const [alice, bob] = [await alices.createSession(), await bobs.createSession(options)];
  await bob.open(alice.path, 'passive');
  await alice.open(bob.path);
  return [alice, bob] as const;
}

/** Two clients, alice and bob, each behind these relays, with a session between them. */
async function pair(
  relaysOfAlice: readonly Pick<TestRelay<Clock>, 'target'>[],
  relaysOfBob: readonly Pick<TestRelay<Clock>, 'target'>[],
) {
  const [alices, bobs] = [await client(relaysOfAlice), await client(relaysOfBob, 'bob')];
  const [alice, bob] = await opened(alices.connection, bobs.connection);
  return { alice, bob, alices, bobs, bobEnd: bobs.end };
}

/** A text and then a file in each direction, at the same time; all of it is reported. */
async function exchange(alice: Session, bob: Session): Promise<void> {
  for (const [one, other] of [
    ['hello bob', 'hello Zoë'],
    [randomBytes(5 * MIB), randomBytes(3 * MIB + 1)],
  ] as const) {
    const got = [hashOfNext(bob), hashOfNext(alice)];
    const sent = [alice.send(one), bob.send(other)];
    await Promise.all(sent.flatMap(({ accepted, delivered }) => [accepted, delivered]));
    expect(await Promise.all(got)).toEqual([one, other].map((content) => sha256(Buffer.from(content))));
    for (const { progress } of sent) {
      expect(progress.reportedOctets).toBe(progress.totalOctets);
      expect(progress.acceptedOctets).toBe(progress.totalOctets);
    }
  }
}

function nextOf(session: Session): Promise<IncomingMessage> {
  return new Promise((resolve) => {
    const end = session.on('message', (message) => {
      end();
      resolve(message);
    });
  });
}

async function textOfNext(session: Session): Promise<string> {
  return await (await nextOf(session)).text();
}

async function hashOfNext(session: Session): Promise<string> {
  const hash = createHash('sha256');
  for await (const piece of await nextOf(session)) hash.update(piece);
  return hash.digest('hex');
}

function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

async function* zeros(octets: number): AsyncGenerator<Uint8Array> {
  const piece = Buffer.alloc(65_536);
  for (let left = octets; left > 0; left -= piece.length) yield left < piece.length ? piece.subarray(0, left) : piece;
}
