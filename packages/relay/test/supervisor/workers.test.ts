/** A relay of two workers as real processes: who notices what when one of them, or the supervisor, ends. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { Child } from '../delivery/child.ts';
import { connect, createAuthority, listen } from '../endpoint.ts';
import { Chat } from '../relay/chat.ts';
import { until } from '../relay/scene.ts';
import { isThere, startCrew } from './crew.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const BUILT = join(import.meta.dirname, '../../dist/cli/main.js');

/** How soon a worker that was killed has to be back. */
const BACK_MS = 1000;

describe('A relay of two workers', () => {
  it('has clients at both; killing one ends its clients alone, and it is back within a second', async () => {
    const crew = await startCrew();
    const [a, b, c, d] = [
      await crew.memberAt('0'),
      await crew.memberAt('0'),
      await crew.memberAt('1'),
      await crew.memberAt('1'),
    ];
    const [lost, kept] = [new Chat('lost', a, b), new Chat('kept', c, d)];
    lost.start();
    kept.start();
    await until(() => lost.count >= 4 && kept.count >= 4);
    await lost.stop();
    const before = await crew.status();
    const pid = await crew.pidOf('0');
    await crew.relay.child.said(/"msg":"a spare worker stands by"/);

    const killedAtMs = performance.now();
    process.kill(pid, 'SIGKILL');
    await crew.relay.child.said(/"worker":"0","workerPid":\d+,"status":null,"signal":"SIGKILL","waitMs":0/);
    await expect
      .poll(async () => (await crew.status()).workers[0], { interval: 20, timeout: BACK_MS })
      .toMatchObject({ state: 'running', restarts: 1 });
    const backMs = performance.now() - killedAtMs;

    await Promise.all([a.endpoint.closed, b.endpoint.closed]);
    const count = kept.count;
    await until(() => kept.count >= count + 4);
    await kept.stop();
    expect(kept.offences).toEqual([]);
    expect(backMs).toBeLessThan(BACK_MS);
    const after = await crew.status();
    expect(after.workers[1]).toMatchObject({ pid: before.workers[1]?.pid, restarts: 0 });
    expect(after).toMatchObject({ sessions: 2, state: 'running' });
    expect(await crew.relay.metric('worker_restarts_total', 'worker="0"')).toBe(1);
    expect((await crew.memberAt('0')).usePath).toContain('/0.');
  });

  it('does not count back when a worker is killed', async () => {
    const crew = await startCrew();
    await crew.memberAt('0');
    await crew.memberAt('1');
    const granted = () => crew.relay.metric('auth_total', 'outcome="granted"');
    const before = await granted();
    process.kill(await crew.pidOf('0'), 'SIGKILL');
    await crew.relay.child.said(/"msg":"worker ended; it is started again"/);
    expect(await granted()).toBe(before);
    expect(before).toBeGreaterThanOrEqual(2);
  });

  it('serves with the other one while a worker cannot answer, and says so', async () => {
    const crew = await startCrew();
    const [stopped, alive] = [await crew.memberAt('0'), await crew.memberAt('1')];
    const pid = await crew.pidOf('0');
    const granted = await crew.relay.metric('auth_total', 'outcome="granted"');
    process.kill(pid, 'SIGSTOP');
    onTestFinished(() => void (isThere(pid) && process.kill(pid, 'SIGCONT')));
    expect(await crew.relay.metric('worker_unanswered_total', 'worker="0"')).toBe(2);
    expect(await crew.relay.metric('process_cpu_seconds_total', 'worker="0"')).toBe(0);
    expect(await crew.relay.metric('auth_total', 'outcome="granted"')).toBe(granted);
    expect(await crew.relay.metric('sessions')).toBe(1);
    expect((await crew.ask('GET', '/v1/sessions')).body.items).toHaveLength(1);
    expect((await crew.ask('GET', '/readyz')).status).toBe(200);
    process.kill(pid, 'SIGCONT');
    await expect.poll(() => crew.relay.metric('sessions')).toBe(2);
    expect([stopped.isGone, alive.isGone]).toEqual([false, false]);
  });

  it('drains all of them on SIGTERM, and ends with 0; signals to workers are not for them', async () => {
    const crew = await startCrew();
    expect(crew.directories).toHaveLength(1);
    const [at0, at1] = [await crew.memberAt('0'), await crew.memberAt('1')];
    const pids = [await crew.pidOf('0'), await crew.pidOf('1')];
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) for (const pid of pids) process.kill(pid, signal);
    const chat = new Chat('on', at0, await crew.memberAt('0'));
    chat.start();
    await until(() => chat.count >= 4);
    await chat.stop();
    crew.relay.child.process.kill('SIGTERM');
    expect(await crew.relay.child.over()).toBe(0);
    await Promise.all([at0.endpoint.closed, at1.endpoint.closed]);
    expect(pids.filter(isThere)).toEqual([]);
    expect(chat.offences).toEqual([]);
    expect(crew.directories).toEqual([]);
  });

  it('lets what is open settle in a drain, and a second SIGTERM ends that', async () => {
    const crew = await startCrew();
    const [from, to] = [await crew.memberAt('1'), await crew.memberAt('1')];
    to.respond = () => undefined;
    await from.send({ to: from.pathTo(to), messageId: 'open', body: 'hello' });
    await to.until(() => to.received.has('open'));
    crew.relay.child.process.kill('SIGTERM');
    await expect.poll(() => crew.ask('GET', '/readyz')).toEqual({ status: 503, body: 'draining\n' });
    const states = async () => (await crew.status()).workers.map(({ state }) => state);
    expect(await states()).toEqual(['draining', 'draining']);
    crew.relay.child.process.kill('SIGTERM');
    expect(await crew.relay.child.over()).toBe(0);
    await from.until(() => from.isGone);
    expect(from.reported('open')).toMatchObject([{ status: expect.stringMatching(/^000 408 /) }]);
  });

  it('takes its workers with it when the supervisor is killed', async () => {
    const crew = await startCrew('timers: { drainMs: 100 }\n');
    await crew.memberAt('0');
    const to = await crew.memberAt('1');
    const from = await crew.memberAt('1');
    to.respond = () => undefined;
    await from.send({ to: from.pathTo(to), messageId: 'open', body: 'hello' });
    await to.until(() => to.received.has('open'));
    const pids = [await crew.pidOf('0'), await crew.pidOf('1')];
    await crew.relay.child.end();
    await from.until(() => from.isGone);
    // It was told before the worker ended.
    expect(from.reported('open')).toMatchObject([{ status: expect.stringMatching(/^000 408 /) }]);
    await expect.poll(() => pids.filter(isThere)).toEqual([]);
    await crew.relay.child.said(/"worker":"1","msg":"the supervisor is gone: draining"/);
    expect(crew.directories).toEqual([]);
  });
});

describe('The start of a relay of two workers', () => {
  const configuration = (listener: string, more = '') => `hostname: localhost
listen: ["${listener}"]
auth: { allowCleartext: true }
credentials: [{ type: static, users: { alice: secret } }]
admin: { listen: "http://127.0.0.1:0" }
workers: 2
${more}`;

  async function serve(text: string) {
    const file = join(temporaryFolder({ 'relay.yaml': text }), 'relay.yaml');
    const child = new Child(MAIN, ['serve', '--config', file]);
    onTestFinished(() => child.end());
    return child;
  }

  it('fails in one sentence when somebody listens there already: a stranger, or another relay of two workers', async () => {
    const stranger = await listen();
    onTestFinished(() => stranger.close());
    const taken = await serve(configuration(`tcp://127.0.0.1:${stranger.port}`));
    expect(await taken.over()).toBe(1);
    await taken.said(new RegExp(`^listen: tcp://127.0.0.1:${stranger.port} is already in use$`, 'm'));

    const crew = await startCrew();
    const second = await serve(configuration(`tcp://127.0.0.1:${crew.relay.port}`));
    expect(await second.over()).toBe(1);
    await second.said(new RegExp(`^listen: tcp://127.0.0.1:${crew.relay.port} is already in use$`, 'm'));
    expect((await crew.status()).state).toBe('running');
  });

  it('fails in one sentence when a worker cannot start', async () => {
    const text = configuration('tcp://127.0.0.1:0').replace(
      /credentials: .*/,
      'credentials: [{ type: sqlite, path: none.db }]',
    );
    const child = await serve(text);
    expect(await child.over()).toBe(1);
    await child.said(/^there is no user database .*none\.db$/m);
  });

  it('gives every listener one port, whatever the workers: TLS, whose sessions are resumed at either, and WebSocket', async () => {
    const authority = await createAuthority();
    const { cert, key } = await authority.issue({ dnsNames: ['localhost'] });
    const folder = temporaryFolder({ 'cert.pem': cert, 'key.pem': key });
    const text = configuration('tls://127.0.0.1:0", "ws://127.0.0.1:0", "tcp://127.0.0.1:0');
    const file = join(folder, 'relay.yaml');
    writeFileSync(file, `${text}tls: { cert: cert.pem, key: key.pem }\n`);
    const child = new Child(MAIN, ['serve', '--config', file]);
    onTestFinished(() => child.end());
    const [, tlsPort] = await child.said(/^listening tls:\/\/127\.0\.0\.1:(\d+)$/m);
    const [, wsPort] = await child.said(/^listening ws:\/\/127\.0\.0\.1:(\d+)$/m);
    const owners = new Set<string>();
    let session: Buffer | undefined;
    for (let tries = 0; tries < 30 && owners.size < 2; tries += 1) {
      const tls = session === undefined ? {} : { session };
      const endpoint = await connect({ port: Number(tlsPort), ca: authority.ca, tls });
      const socket = endpoint.socket as TLSSocket;
      onTestFinished(() => void socket.destroy());
      expect(socket.isSessionReused()).toBe(session !== undefined);
      const target = `msrps://localhost:${tlsPort};tcp`;
      const usePath = await endpoint.auth({ user: 'alice', password: 'secret', target });
      owners.add(/^msrps:\/\/localhost:\d+\/([01])\./.exec(usePath)?.[1] ?? '');
      session = socket.getSession();
      socket.destroy();
    }
    expect(owners.size).toBe(2);
    const webSocket = new WebSocket(`ws://127.0.0.1:${wsPort}/`, 'msrp');
    await once(webSocket, 'open');
    webSocket.close();
    await once(webSocket, 'close');
  });

  it('is the same from what was built', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': configuration('tcp://127.0.0.1:0') }), 'relay.yaml');
    const child = new Child(BUILT, ['serve', '--config', file], { isBuilt: true });
    onTestFinished(() => child.end());
    await child.said(/^listening tcp:/m);
    child.process.kill('SIGTERM');
    expect(await child.over()).toBe(0);
  });
});
