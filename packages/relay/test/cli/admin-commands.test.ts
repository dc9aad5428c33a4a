/** The commands that speak to a running relay: a real one, over real HTTP and over a Unix socket. */
import { chmodSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAdminServer } from '../../src/admin/server.ts';
import { sessionHash } from '../../src/relay/session-hash.ts';
import { OPERATOR, openDoor, READER } from '../admin/door.ts';
import { fakeSource } from '../admin/fake-source.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { sendRequest } from '../endpoint.ts';
import { startRelay, type TestRelay } from '../relay/harness.ts';
import { until } from '../relay/scene.ts';
import { run, type Typed } from './run.ts';

interface Served {
  readonly relay: TestRelay<ManualClock>;
  readonly url: string;
  /** Runs a command with the relay and the operator's token in the environment. */
  admin(words: string, typed?: Typed): ReturnType<typeof run>;
}

async function serve(source = {}): Promise<Served> {
  const relay = await startRelay();
  onTestFinished(() => relay.close());
  const { url } = await openDoor(relay.relay, source);
  const environment = { MSRP_RELAY_ADMIN__LISTEN: url, MSRP_RELAY_ADMIN__TOKEN: OPERATOR };
  return { relay, url, admin: (words, typed) => run(words.split(' '), { environment, ...typed }) };
}

const NEVER = { status: 1, out: [] };

describe('status', () => {
  it('says how the relay is: in columns on a terminal, between tabs elsewhere, as JSON', async () => {
    const { relay, admin } = await serve();
    await relay.client();
    const { out } = await admin('status');
    expect(out).toContain('state\trunning');
    expect(out).toContain('sessions\t1');
    const { out: shown } = await admin('status', { isInteractive: true });
    expect(shown).toContain('sessions           1');
    const { out: json } = await admin('status --json');
    expect(JSON.parse(json.join('\n'))).toMatchObject({ state: 'running', sessions: 1 });
  });
});

describe('sessions and connections', () => {
  it('are listed, however many pages there are, of one user or all', async () => {
    const { relay, admin } = await serve();
    const { usePath } = await relay.client('alice');
    await relay.client('bob');
    const { status, out } = await admin('sessions');
    expect([status, out.length]).toEqual([0, 2]);
    expect(out[0]?.split('\t').slice(0, 5)).toEqual([sessionHash(usePath), 'alice', 'open', '1', '127.0.0.1']);
    expect((await admin('sessions --user bob')).out).toHaveLength(1);
    expect(JSON.parse((await admin('sessions --user bob --json')).out.join(''))).toMatchObject([{ user: 'bob' }]);
    const { out: connections } = await admin('connections');
    expect(connections.map((line) => line.split('\t')[1])).toEqual(['accepted tls', 'accepted tls']);
  });

  it('are under their heads on a terminal', async () => {
    const { relay, admin } = await serve();
    const { usePath } = await relay.client('alice');
    const { out } = await admin('sessions', { isInteractive: true });
    expect(out[0]).toMatch(/^SESSION {3}USER {3}STATE {2}CONNECTION {2}FROM {7}AGE {2}LEFT/);
    expect(out[1]).toMatch(
      new RegExp(`^${sessionHash(usePath)} {2}alice {2}open {3}1 {11}127\\.0\\.0\\.1 {2}0s {3}24h`),
    );
  });

  it('end and close when told so', async () => {
    const { relay, admin } = await serve();
    const { usePath, endpoint } = await relay.client('alice');
    const hash = sessionHash(usePath);
    expect(await admin(`end ${hash}`)).toEqual({ status: 0, out: [`ended ${hash}`], err: [] });
    expect(await admin(`end ${hash}`)).toEqual({ ...NEVER, err: ['there is no session with this hash'] });
    expect(await admin('close 1')).toEqual({ status: 0, out: ['closed 1'], err: [] });
    await endpoint.closed;
    expect((await admin('close 1')).err).toEqual(['there is no connection with this number']);
  });
});

describe('block and unblock', () => {
  it('keep a user or an address out and let them in', async () => {
    const { relay, admin } = await serve();
    const { endpoint } = await relay.client('alice');
    expect(await admin('block user alice')).toEqual({ status: 0, out: ['blocked alice'], err: [] });
    await endpoint.closed;
    await admin('block address 192.0.2.0/24');
    const { out } = await admin('block list');
    expect(out.map((line) => line.split('\t').slice(0, 2))).toEqual([
      ['user', 'alice'],
      ['address', '192.0.2.0/24'],
    ]);
    await admin('unblock address 192.0.2.0/24');
    expect(await admin('unblock user alice')).toEqual({ status: 0, out: ['unblocked alice'], err: [] });
    expect(await admin('unblock user alice')).toEqual({ ...NEVER, err: ['this is not blocked'] });
    expect((await admin('block list')).out).toEqual([]);
    expect((await admin('block address nowhere')).err).toEqual([expect.stringContaining('expected an IP address')]);
  });
});

describe('drain and reload', () => {
  it('say what the relay does', async () => {
    const asked: unknown[] = [];
    const { admin } = await serve({
      drain: (deadlineMs = 40_000) => {
        asked.push(deadlineMs);
        return deadlineMs;
      },
      reload: async () => ({ needsRestart: ['hostname', 'flow.memoryOctets'] }),
    });
    expect(await admin('drain')).toEqual({ status: 0, out: ['draining, for 40000 ms at most'], err: [] });
    await admin('drain --deadline-ms 500');
    expect(asked).toEqual([40_000, 500]);
    const { out } = await admin('reload');
    expect(out).toEqual(['reloaded', 'a restart is needed for: hostname, flow.memoryOctets']);
    expect((await admin('drain --deadline-ms soon')).status).toBe(2);
  });

  it('answers a reload that fails with everything that is wrong, and 1', async () => {
    const problems = ['relay.yaml:1:1: hostnam: unknown key', 'relay.yaml:2:1: listn: unknown key'];
    const { admin } = await serve({ reload: async () => ({ problems }) });
    expect(await admin('reload')).toEqual({ ...NEVER, err: problems });
  });
});

describe('trace', () => {
  it('prints a line for each step until it is interrupted: JSON, or for people on a terminal', async () => {
    const { relay, admin } = await serve();
    const { usePath, endpoint } = await relay.client();
    const trace = (typed: Typed) =>
      admin(`trace ${sessionHash(usePath)}`, {
        ...typed,
        onLine: (line, interrupt) => {
          if (line.includes('began')) {
            const wish = { toPath: usePath, fromPath: endpoint.uri, messageId: 'mess-1', body: 'hello' };
            void endpoint.send(sendRequest(wish));
          }
          if (line.includes('responded')) interrupt();
        },
      });
    const { status, out } = await trace({});
    expect([status, out.map((line) => JSON.parse(line).step)]).toEqual([0, ['began', 'refused', 'responded']]);
    const { out: shown } = await trace({ isInteractive: true });
    expect(shown[1]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} refused SEND 481 ends at this relay .*mess-1 connection=1 /);
    await until(() => relay.relay.traces.isIdle);
    expect((await admin('trace 00000000')).err).toEqual(['there is no session with this hash']);
  });

  it('ends with 0 when the session does', async () => {
    const { relay, admin } = await serve();
    const { usePath } = await relay.client();
    const onLine = () => relay.relay.operation.endSession(usePath);
    const { status, out } = await admin(`trace ${sessionHash(usePath)}`, { onLine });
    expect([status, out.map((line) => JSON.parse(line).step)]).toEqual([0, ['began', 'session ended']]);
  });
});

describe('where the relay is, and its token', () => {
  it('come from options, from files, or from the configuration of the relay', async () => {
    const { url } = await serve();
    const folder = temporaryFolder({ token: `${OPERATOR}\n` });
    const token = join(folder, 'token');
    const config = join(folder, 'relay.yaml');
    writeFileSync(
      config,
      `hostname: localhost\nlisten: [tcp://127.0.0.1:0]\ncredentials: [{ type: static, users: { a: b } }]\nadmin: { listen: "${url}", token: "${OPERATOR}" }\n`,
    );
    expect((await run(['block', 'list', '--admin', url, '--token-file', token])).status).toBe(0);
    expect((await run(['block', 'list', '--config', config])).status).toBe(0);
    const environment = { MSRP_RELAY_ADMIN__LISTEN: url, MSRP_RELAY_ADMIN__TOKEN_FILE: token };
    expect((await run(['block', 'list'], { environment })).status).toBe(0);
  });

  it('is a Unix socket, which needs no token', async () => {
    const path = join(temporaryFolder(), 'admin.sock');
    const server = await startAdminServer({ path }, fakeSource(), { operators: [OPERATOR], readers: [] });
    onTestFinished(() => server.close());
    expect(await run(['reload', '--admin', `unix:${path}`])).toEqual({ status: 0, out: ['reloaded'], err: [] });
    if (process.getuid?.() === 0) return;
    chmodSync(path, 0);
    expect((await run(['reload', '--admin', `unix:${path}`])).err).toEqual([
      `unix:${path} may not be opened by this user; the socket is for the user of the relay`,
    ]);
  });

  it.each([
    ['http://127.0.0.1:1', 'no relay answers at http://127.0.0.1:1; does it run, and is --admin right?'],
    ['unix:/nowhere/s', 'no relay answers at unix:/nowhere/s; does it run, and is --admin right?'],
  ])('is told in one sentence when nobody is there: %s', async (url, sentence) => {
    expect(await run(['status', '--admin', url])).toEqual({ ...NEVER, err: [sentence] });
  });

  it('is told in one sentence when the token is wrong, or may only read', async () => {
    const { url } = await serve();
    const withToken = (token: string) => ({ environment: { MSRP_RELAY_ADMIN__TOKEN: token } });
    const wrong = await run(['status', '--admin', url], withToken('wrong-token-0123456789'));
    expect(wrong).toEqual({ ...NEVER, err: [expect.stringMatching(/^the API needs the header Authorization/)] });
    const reader = await run(['reload', '--admin', url], withToken(READER));
    expect(reader).toEqual({ ...NEVER, err: [expect.stringMatching(/^this needs a token of admin\.token/)] });
  });

  it('is told in one sentence when somebody else answers there', async () => {
    const other = createServer((_, response) => response.end('hello')).listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const url = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    const sentence = `${url} answers, but not as this version of msrp-relay does; is --admin right?`;
    expect(await run(['status', '--admin', url])).toEqual({ ...NEVER, err: [sentence] });
  });

  it('is wrong usage when it is no URL, or the file of the token is not there', async () => {
    const answers = await Promise.all([
      run(['status', '--admin', 'localhost:9080']),
      run(['status', '--admin', 'unix:relative']),
      run(['status', '--token-file', '/nowhere/token']),
    ]);
    expect(answers.map(({ status, err }) => [status, err.length])).toEqual([
      [2, 1],
      [2, 1],
      [2, 1],
    ]);
  });
});
