import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { systemClock } from 'msrp/base';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Config } from '../../src/app/config.ts';
import { prepareDevelopment } from '../../src/app/development.ts';
import type { Machine } from '../../src/app/kernel-buffers.ts';
import { makeLogger } from '../../src/app/logging.ts';
import type { BuildRelay } from '../../src/app/running-relay.ts';
import { startService } from '../../src/app/serve.ts';
import { SqliteStore } from '../../src/auth/sqlite-store.ts';
import { fakeBuild } from './fake-relay.ts';
import { NARROW, ROOMY } from './machines.ts';
import { temporaryFolder } from './temporary-folder.ts';

const YAML = `hostname: localhost
listen: [tcp://127.0.0.1:0]
credentials: [{ type: static, users: { alice: secret } }]
admin: { listen: "http://127.0.0.1:0" }
`;
const DEVELOPMENT = {
  MSRP_RELAY_LISTEN: '["tls://127.0.0.1:0", "tcp://127.0.0.1:0"]',
  MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
};

interface Wishes {
  configFile?: string;
  environment?: Record<string, string>;
  build?: BuildRelay;
  machine?: Machine;
}

async function serve({ configFile, environment = {}, build, machine = ROOMY }: Wishes) {
  const events: string[] = [];
  const lines: string[] = [];
  let config: Config | undefined;
  let log = '';
  const to = new Writable({
    write(chunk, _encoding, done) {
      log += String(chunk);
      done();
    },
  });
  const buildFake = fakeBuild((event) => events.push(event));
  const service = await startService({
    configFile,
    environment,
    machine,
    clock: systemClock,
    logger: makeLogger(to),
    lostLogLines: () => 0,
    out: (line) => lines.push(line),
    buildRelay: (given, context) => {
      config = given;
      return (build ?? buildFake)(given, context);
    },
  });
  onTestFinished(() => service.close());
  return { service, events, lines, config, log: () => log, admin: () => /"admin":"([^"]+)"/.exec(log)?.[1] };
}

function configFile(text = YAML): string {
  return join(temporaryFolder({ 'relay.yaml': text }), 'relay.yaml');
}

describe('a service', () => {
  it('prints one line a listener, with the real port, and nothing else', async () => {
    const file = configFile(YAML.replace('tcp://127.0.0.1:0', 'tcp://127.0.0.1:0, tcp://localhost:0'));
    const { lines } = await serve({ configFile: file });
    expect(lines).toEqual([
      expect.stringMatching(/^listening tcp:\/\/127\.0\.0\.1:[1-9]\d*$/),
      expect.stringMatching(/^listening tcp:\/\/localhost:[1-9]\d*$/),
    ]);
  });

  it('opens its admin door, which says that it is ready', async () => {
    const { admin } = await serve({ configFile: configFile() });
    expect((await fetch(`${admin()}/readyz`)).status).toBe(200);
    expect((await fetch(`${admin()}/metrics`)).status).toBe(200);
  });

  it('drains with its deadline, is not ready meanwhile, and a close ends the drain', async () => {
    const { service, events, admin } = await serve({ configFile: configFile(`${YAML}timers: { drainMs: 5000 }\n`) });
    const drained = service.drain();
    const ready = await fetch(`${admin()}/readyz`);
    expect([ready.status, await ready.text()]).toEqual([503, 'draining\n']);
    await service.close();
    await drained;
    await service.stopped;
    expect(events).toEqual(['built', 'drain 5000', 'close']);
    await expect(fetch(`${admin()}/readyz`)).rejects.toThrow();
  });

  it('closes by itself when the drain is over', async () => {
    const { service, events } = await serve({ configFile: configFile(`${YAML}timers: { drainMs: 0 }\n`) });
    await service.drain();
    await service.stopped;
    expect(events).toEqual(['built', 'drain 0', 'close']);
  });

  it('takes a changed configuration over and says what needs a restart', async () => {
    const file = configFile();
    const { service, events, log } = await serve({ configFile: file });
    writeFileSync(file, YAML.replace('hostname', 'realm: new\nhostname'));
    await service.reload();
    expect(events).toEqual(['built', 'reload new']);
    expect(log()).toContain('"needsRestart":["listen"]');
  });

  describe('through its admin door', () => {
    const TOKENS = 'admin: { listen: "http://127.0.0.1:0", token: operator-token-0123456789 }\n';
    const file = (more = '') => configFile(YAML.replace(/admin:.*\n/, TOKENS) + more);

    async function ask(url: string | undefined, method: string, path: string, body?: unknown) {
      const response = await fetch(`${url}/v1${path}`, {
        method,
        headers: { Authorization: 'Bearer operator-token-0123456789', 'Content-Type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: await response.json() };
    }

    it('reloads, and says what needs a restart or what is wrong', async () => {
      const config = file();
      const { admin, events } = await serve({ configFile: config });
      expect(await ask(admin(), 'POST', '/reload')).toEqual({ status: 200, body: { needsRestart: ['listen'] } });
      writeFileSync(config, `${YAML}hostnam: x\n`);
      const sentence = `${config}:5:1: hostnam: unknown key, did you mean hostname?`;
      const wrong = { status: 422, body: { error: sentence, problems: [sentence] } };
      expect(await ask(admin(), 'POST', '/reload')).toEqual(wrong);
      expect(events).toEqual(['built', 'reload localhost']);
    });

    it('takes other tokens over with a reload', async () => {
      const config = file();
      const { admin } = await serve({ configFile: config });
      writeFileSync(config, YAML.replace(/admin:.*\n/, TOKENS.replace('operator-', 'another-')));
      expect((await ask(admin(), 'POST', '/reload')).status).toBe(200);
      expect((await ask(admin(), 'POST', '/reload')).status).toBe(401);
    });

    it('changes rates, limits, drain time and log level, until the next reload', async () => {
      const { admin, events, log } = await serve({ configFile: file('rates: { messagesPerSecond: 7 }\n') });
      const change = { rates: { octetsPerSecond: 1000 }, limits: { connections: 5 }, timers: { drainMs: 7 } };
      const changed = await ask(admin(), 'PATCH', '/settings', { ...change, log: { level: 'warn' } });
      expect(changed).toMatchObject({ status: 200, body: { ...change, log: { level: 'warn' } } });
      expect(changed.body).toMatchObject({ rates: { messagesPerSecond: 7 } });
      expect(await ask(admin(), 'GET', '/settings')).toEqual(changed);
      expect(events).toEqual(['built', 'tune 1000']);
      await ask(admin(), 'POST', '/reload');
      expect((await ask(admin(), 'GET', '/settings')).body).toMatchObject({
        rates: { octetsPerSecond: 0, messagesPerSecond: 7 },
        log: { level: 'info' },
      });
      expect(log()).toContain('reloaded');
    });

    it('changes nothing when part of a change is wrong, and says all that is', async () => {
      const { admin, events } = await serve({ configFile: file() });
      const change = { rates: { octetsPerSecond: -1, messagesPerSecond: 3 }, limits: { pathUris: 1 } };
      expect(await ask(admin(), 'PATCH', '/settings', change)).toEqual({
        status: 422,
        body: {
          error: expect.stringMatching(/^change: rates.octetsPerSecond: expected a whole number .*, found -1$/),
          problems: [expect.any(String), expect.stringContaining('limits.pathUris: expected')],
        },
      });
      expect(events).toEqual(['built']);
      expect((await ask(admin(), 'GET', '/settings')).body).toMatchObject({ rates: { messagesPerSecond: 0 } });
    });

    it('drains, and is gone when that is over', async () => {
      const { service, admin, events } = await serve({ configFile: file() });
      const answer = await ask(admin(), 'POST', '/drain?deadlineMs=0');
      expect(answer).toEqual({ status: 202, body: { state: 'draining', deadlineMs: 0 } });
      await service.stopped;
      expect(events).toEqual(['built', 'drain 0', 'close']);
    });

    it('reloads nothing while it drains', async () => {
      const { admin, events } = await serve({ configFile: file() });
      await ask(admin(), 'POST', '/drain');
      await vi.waitUntil(() => events.includes('drain 40000'));
      expect(await ask(admin(), 'POST', '/reload')).toMatchObject({ status: 422 });
    });

    it('has as settings exactly what the configuration has in these sections', async () => {
      const { admin, config } = await serve({ configFile: file() });
      const { body } = await ask(admin(), 'GET', '/settings');
      expect(body).toEqual({
        rates: config?.rates,
        limits: config?.limits,
        timers: { drainMs: config?.timers.drainMs },
        log: config?.log,
      });
    });
  });

  it('logs from the level of its configuration on, and takes over a changed one', async () => {
    const file = configFile(`${YAML}log: { level: warn }\n`);
    const { service, log } = await serve({ configFile: file });
    expect(log()).toBe('');
    writeFileSync(file, `${YAML}log: { level: info }\n`);
    await service.reload();
    expect(log()).toContain('"msg":"reloaded');
  });

  it('stays as it was when the changed configuration is wrong, and says why (SE-02)', async () => {
    const file = configFile();
    const { service, events, log } = await serve({ configFile: file });
    writeFileSync(file, `${YAML}hostnam: x\n`);
    await service.reload();
    expect(events).toEqual(['built']);
    expect(log()).toContain(`${file}:5:1: hostnam: unknown key, did you mean hostname?`);
    expect(log()).not.toContain('secret');
  });

  it('warns at every start when cleartext is permitted beyond the machine (AU-01)', async () => {
    const { log } = await serve({
      configFile: configFile(`${YAML}trustedNetwork: true\nauth: { allowCleartext: true }\n`),
    });
    expect(log()).toMatch(/"level":"warn".*trustedNetwork is on/);
    expect(log()).toMatch(/"level":"warn".*auth\.allowCleartext is on/);
  });

  it('warns when the buffers of the kernel do not fit, but not in development mode (FC-03)', async () => {
    const { log } = await serve({ configFile: configFile(), machine: NARROW });
    expect(log()).toMatch(/"level":"warn".*net\.ipv4\.tcp_rmem lets 50000 connections/);
    const development = await serve({ environment: DEVELOPMENT, machine: NARROW });
    expect(development.log()).not.toContain('tcp_rmem');
  });

  it('closes the admin door again when the relay cannot be built', async () => {
    const probe = createServer();
    const port = await new Promise<number>((resolve) => {
      probe.listen(0, '127.0.0.1', () => {
        const address = probe.address();
        probe.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
      });
    });
    const file = configFile(YAML.replace('http://127.0.0.1:0', `http://127.0.0.1:${port}`));
    const build: BuildRelay = async () => {
      throw new Error('tcp://127.0.0.1:2855 is already in use');
    };
    await expect(serve({ configFile: file, build })).rejects.toThrow('already in use');
    await expect(fetch(`http://127.0.0.1:${port}/healthz`)).rejects.toThrow();
  });

  it('does not start with a wrong configuration', async () => {
    await expect(serve({ configFile: configFile(`${YAML}workers: 0\n`) })).rejects.toThrow(
      'workers: expected a number of workers from 1 to 1024, or auto, found 0',
    );
  });

  it('is configured by the environment alone when that names the host', async () => {
    const { config, lines } = await serve({
      environment: {
        MSRP_RELAY_HOSTNAME: 'localhost',
        MSRP_RELAY_LISTEN: '["tcp://127.0.0.1:0"]',
        MSRP_RELAY_CREDENTIALS: '[{ type: static, users: { a: b } }]',
        MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
      },
    });
    expect(config?.auth.allowCleartext).toBe(false);
    expect(lines).toHaveLength(1);
  });
});

describe('development mode', () => {
  it('is loopback only, with a certificate for localhost', async () => {
    const { config } = await serve({ environment: DEVELOPMENT });
    expect(config).toMatchObject({
      hostname: 'localhost',
      auth: { allowCleartext: true },
      trustedNetwork: false,
      nextHops: { allow: ['loopback'], deny: ['any'], cleartext: true, verifyEndpoints: false },
    });
    expect(config?.tls.cert).toContain('BEGIN CERTIFICATE');
    expect(config?.tls.key).toContain('BEGIN PRIVATE KEY');
  });

  it('prints user and password, which are in its database, then its listeners', async () => {
    const { lines, config } = await serve({ environment: DEVELOPMENT });
    const user = lines.find((line) => line.startsWith('user '))?.split(/\s+/)[1] ?? '';
    const password = lines.find((line) => line.startsWith('password '))?.split(/\s+/)[1] ?? '';
    expect(password.length).toBeGreaterThanOrEqual(16);
    expect(lines.slice(-2).map((line) => line.replace(/\d+$/, 'PORT'))).toEqual([
      'listening tls://127.0.0.1:PORT',
      'listening tcp://127.0.0.1:PORT',
    ]);
    const source = config?.credentials[0];
    if (source?.type !== 'sqlite') throw new Error('no database');
    const store = new SqliteStore(source.path);
    onTestFinished(() => store.close());
    expect(await store.find(user, 'localhost', 'SHA-256')).toMatchObject({ mayUse: true });
  });

  it('has another password every time, and never in its log (SE-02)', async () => {
    const passwords: string[] = [];
    for (let start = 0; start < 2; start += 1) {
      const { lines, log } = await serve({ environment: DEVELOPMENT });
      const password = lines.find((line) => line.startsWith('password '))?.split(/\s+/)[1] ?? '';
      expect(log()).not.toContain(password);
      passwords.push(password);
    }
    expect(passwords[0]).not.toBe(passwords[1]);
  });

  it('is one process, and says so where more are wished for', async () => {
    const { lines, config } = await serve({ environment: { ...DEVELOPMENT, MSRP_RELAY_WORKERS: '3' } });
    expect(lines[0]).toBe('development mode is one process: workers has no effect in it');
    expect(config?.workers).toBe(3);
  });

  it('leaves nothing behind when it stops', async () => {
    const { service, config } = await serve({ environment: DEVELOPMENT });
    const source = config?.credentials[0];
    const path = source?.type === 'sqlite' ? source.path : '';
    expect(existsSync(path)).toBe(true);
    await service.close();
    expect(existsSync(join(path, '..'))).toBe(false);
  });

  it('leaves nothing behind when it cannot start', async () => {
    const folder = temporaryFolder();
    vi.stubEnv('TMPDIR', folder);
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(serve({ environment: { ...DEVELOPMENT, MSRP_RELAY_WORKERS: '0' } })).rejects.toThrow(
      'MSRP_RELAY_WORKERS: workers',
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  it('cannot be opened to the network', async () => {
    await expect(serve({ environment: { ...DEVELOPMENT, MSRP_RELAY_LISTEN: '["tls://0.0.0.0:0"]' } })).rejects.toThrow(
      'found "localhost" although tls://0.0.0.0:0 is not on loopback',
    );
  });

  it('takes a free port, and says so, when its own is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as AddressInfo;
    const development = await prepareDevelopment({}, systemClock, { tls: port, tcp: port, web: port, admin: port });
    onTestFinished(() => development.discard());
    expect(development.config.listen.map((endpoint) => endpoint.port)).toEqual([0, 0, 0]);
    expect(development.config.admin.listen).toMatchObject({ port: 0 });
    const sentence = `port ${port} is taken: another one is used`;
    expect(development.describe([], '').slice(0, 4)).toEqual([sentence, sentence, sentence, sentence]);
  });

  it('has nothing to reload', async () => {
    const { service, events, log } = await serve({ environment: DEVELOPMENT });
    await service.reload();
    expect(events).toEqual(['built']);
    expect(log()).toContain('nothing to reload in development mode');
  });
});
