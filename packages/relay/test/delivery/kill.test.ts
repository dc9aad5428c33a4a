/** What senders are told when the receiver is killed, or the relay has to stop, in the middle of a load. */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import type { Endpoint } from '../endpoint.ts';
import { type Account, accountOf } from './account.ts';
import { Child } from './child.ts';
import { Load, type LoadOptions } from './load.ts';
import { type RelayProcess, startRelayProcess } from './relay-process.ts';

const RECEIVER = fileURLToPath(import.meta.resolve('./receiver.ts'));
const DIRECTIONS = ['client to peer', 'peer to client'] as const;
const SHORT: LoadOptions = { window: 8, octets: 200, refusals: 3, staysRefused: true };
const LONG: LoadOptions = { window: 2, octets: 1_048_576, refusals: 3, staysRefused: false };
/** What the relay says of a receiver that is gone: a peer could not be reached, a client had a session. */
const GONE = { 'client to peer': 408, 'peer to client': 481 };

interface Scene {
  readonly relay: RelayProcess;
  readonly receiver: Child;
  readonly load: Load;
  readonly account: () => Account;
}

interface SceneOptions {
  readonly direction: (typeof DIRECTIONS)[number];
  readonly senders: number;
  readonly options: LoadOptions;
  /** How many chunks of a session the receiver leaves unanswered. */
  readonly lag?: number;
  /** Further lines of the relay's configuration. */
  readonly configuration?: string;
}

/** Processes and connections, made ready; the senders have started. */
async function startLoad(wish: SceneOptions): Promise<Scene> {
  const { direction, senders, options, lag = 0, configuration } = wish;
  const folder = temporaryFolder();
  const log = join(folder, 'received');
  const relay = await startRelayProcess(folder, configuration);
  onTestFinished(() => relay.child.end());
  const isOutbound = direction === 'client to peer';
  const receiver = new Child(RECEIVER, [log, String(lag), isOutbound ? 'listen' : relay.target]);
  onTestFinished(() => receiver.end());
  const [said] = await receiver.said(/(path .*\n)+ready/);
  const paths = [...said.matchAll(/^path (.*)$/gm)].map(([, path = '']) => path);
  const load = new Load(options);
  const ways = await Promise.all(
    Array.from({ length: senders }, async (_, index): Promise<readonly [Endpoint, string]> => {
      const path = paths[index % paths.length] ?? '';
      if (!isOutbound) return [await relay.connect(), path];
      const { endpoint, usePath } = await relay.client();
      return [endpoint, `${usePath} ${path}`];
    }),
  );
  for (const [endpoint] of ways) onTestFinished(() => endpoint.reset());
  for (const way of ways) load.add(...way);
  return { relay, receiver, load, account: () => accountOf(load, log) };
}

/** Kills the receiver and waits until every sender knows what became of everything. */
async function killReceiver({ relay, receiver, load }: Scene): Promise<void> {
  receiver.process.kill('SIGKILL');
  await load.quiet();
  await relay.settled();
  await load.fenced((endpoint) => relay.fence(endpoint));
}

describe.each(DIRECTIONS)('kill -9 of the receiver, %s', (direction) => {
  const gone = GONE[direction];

  it('leaves each of 50 senders with every 200 delivered or reported once, to the message (X-01, X-02, X-03, X-06, X-07, X-14, X-15, X-18)', async () => {
    const scene = await startLoad({ direction, senders: 50, options: SHORT });
    await scene.load.accepted(4000);
    await killReceiver(scene);
    const account = scene.account();
    expect(account.offences).toEqual([]);
    expect(account).toMatchObject({ unanswered: 0, refusals: [gone] });
    expect(account.sent).toBe(account.delivered + account.reported + account.refused);
    expect(account.delivered).toBeGreaterThan(0);
    expect(account.reported).toBeGreaterThan(0);
    // The relay's own books: each accepted chunk was closed by a 200 of the receiver, or by a REPORT.
    expect(await scene.relay.metric('responses_total', 'direction="in",method="SEND",status="200"')).toBe(
      account.delivered,
    );
    expect(await scene.relay.metric('reports_total')).toBe(account.reported);
    expect(await scene.relay.metric('queued_octets')).toBe(0);
  });

  it('leaves every octet of large messages that was answered 200 delivered or reported once (X-10, X-16, X-20)', async () => {
    // More chunks may be under way than the receiver leaves unanswered.
    const configuration = `flow: { windowOctets: ${16 * 1_048_576} }\n`;
    const scene = await startLoad({ direction, senders: 8, options: LONG, lag: 12, configuration });
    await scene.load.accepted(40);
    await killReceiver(scene);
    const account = scene.account();
    expect(account.offences).toEqual([]);
    expect(account).toMatchObject({ unanswered: 0, refusals: [gone] });
    expect(account.sent).toBe(account.accepted + account.refused);
    expect(account.delivered).toBeGreaterThan(0);
    expect(account.reported).toBeGreaterThan(0);
  });
});

describe.each(DIRECTIONS)('SIGTERM to the relay, %s', (direction) => {
  it('settles what was accepted and refuses what comes (X-01, X-06, X-14)', async () => {
    const drainMs = 8000;
    const configuration = `timers: { drainMs: ${drainMs} }\n`;
    const { relay, load, account } = await startLoad({ direction, senders: 50, options: SHORT, configuration });
    await load.accepted(4000);
    const startMs = performance.now();
    relay.child.process.kill('SIGTERM');
    expect(await relay.child.over()).toBe(0);
    expect(performance.now() - startMs).toBeLessThan(drainMs);
    await load.gone();
    expect(account().offences).toEqual([]);
    expect(account()).toMatchObject({ reported: 0, refusals: [408] });
    expect(account().refused).toBeGreaterThan(0);
  });

  it('reports at the deadline what a receiver that stands still has not answered (X-01, X-03, X-14)', async () => {
    const configuration = 'timers: { drainMs: 500 }\n';
    const scene = await startLoad({ direction, senders: 50, options: SHORT, configuration });
    const { relay, receiver, load, account } = scene;
    await load.accepted(2000);
    receiver.process.kill('SIGSTOP');
    await load.accepted(load.okCount + 1000);
    relay.child.process.kill('SIGTERM');
    await load.gone();
    receiver.process.kill('SIGKILL');
    expect(await relay.child.over()).toBe(0);
    expect(account().offences).toEqual([]);
    expect(account()).toMatchObject({ refusals: [408], reasons: ['000 408 Closing down'] });
    expect(account().reported).toBeGreaterThanOrEqual(1000);
  });
});
