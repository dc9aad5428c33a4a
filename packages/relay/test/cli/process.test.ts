import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';

const MAIN = join(import.meta.dirname, '../../src/cli/main.ts');
const SERVING_MAIN = fileURLToPath(import.meta.resolve('./serving-main.ts'));
const YAML = `hostname: localhost
listen: [tcp://127.0.0.1:0]
credentials: [{ type: static, users: { alice: secret } }]
admin: { listen: "http://127.0.0.1:0" }
`;

/** A real process of the program. `line` waits until standard output has a line with `text` in it. */
class Program {
  readonly child: ChildProcess;
  out = '';
  err = '';
  #seen: () => void = () => {};

  constructor(main: string, words: readonly string[], environment: Record<string, string> = {}) {
    this.child = spawn(process.execPath, ['--conditions=source', main, ...words], {
      env: { PATH: process.env.PATH, ...environment },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.child.stdout?.on('data', (chunk) => {
      this.out += String(chunk);
      this.#seen();
    });
    this.child.stderr?.on('data', (chunk) => {
      this.err += String(chunk);
      this.#seen();
    });
    this.child.on('exit', () => this.#seen());
    onTestFinished(() => void this.child.kill('SIGKILL'));
  }

  async line(text: string): Promise<void> {
    while (!this.out.includes(text) && !this.err.includes(text)) {
      if (this.child.exitCode !== null) throw new Error(`ended without ${text}: ${this.out}${this.err}`);
      await new Promise<void>((resolve) => {
        this.#seen = resolve;
      });
    }
  }

  async end(input = '') {
    this.child.stdin?.end(input);
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return { status: this.child.exitCode, signal: this.child.signalCode, out: this.out, err: this.err };
  }
}

describe('the program as a process', () => {
  it('answers 0, 1 and 2', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': `${YAML}workers: all\n` }), 'relay.yaml');
    const [done, failed, wrong] = await Promise.all([
      new Program(MAIN, ['--version']).end(),
      new Program(MAIN, ['config', 'check', file]).end(),
      new Program(MAIN, ['config', 'chek', file]).end(),
    ]);
    expect(done).toMatchObject({ status: 0, err: '' });
    expect(done?.out).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(failed).toMatchObject({
      status: 1,
      out: '',
      err: `${file}:5:10: workers: expected a number of workers from 1 to 1024, or auto, found "all"\n`,
    });
    expect(wrong).toMatchObject({ status: 2, out: '' });
  });

  it('adds a user with a password from standard input, and asks nobody where there is no terminal', async () => {
    const database = join(temporaryFolder(), 'users.db');
    const words = ['user', 'add', 'alice', '--database', database, '--realm', 'example.org'];
    expect(await new Program(MAIN, words).end()).toMatchObject({
      status: 1,
      err: 'there is no terminal to ask for the password; use --password-stdin or --generate\n',
    });
    expect(await new Program(MAIN, [...words, '--password-stdin']).end('wonderland\n')).toMatchObject({
      status: 0,
      err: '',
    });
  });

  it('does not serve with a wrong configuration', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': 'hostname: 1.2.3.4\n' }), 'relay.yaml');
    const { status, out, err } = await new Program(MAIN, ['serve', '--config', file]).end();
    expect({ status, out }).toEqual({ status: 1, out: '' });
    expect(err).toContain(`${file}:1:11: hostname: expected`);
  });
});

describe('serve as a process', () => {
  function serve(extra = '', environment: Record<string, string> = {}): Program {
    const file = join(temporaryFolder({ 'relay.yaml': YAML + extra }), 'relay.yaml');
    return new Program(SERVING_MAIN, ['serve', '--config', file], environment);
  }

  it.each(['SIGTERM', 'SIGINT'] as const)('drains on %s and answers 0', async (signal) => {
    const program = serve('timers: { drainMs: 0 }\n');
    await program.line('listening tcp://127.0.0.1:');
    program.child.kill(signal);
    const { status, out } = await program.end();
    expect(status).toBe(0);
    expect(out).toMatch(/^event built\nlistening tcp:\/\/127\.0\.0\.1:\d+\nevent drain 0\nevent close\n$/);
  });

  it.runIf(process.platform === 'linux').each([
    ['', '--max-semi-space-size=4'],
    ['--max-semi-space-size=32', undefined],
  ])(
    'serves in the process that was started, with the options of Node that it wants: NODE_OPTIONS=%j',
    async (own, added) => {
      const file = join(temporaryFolder({ 'relay.yaml': YAML }), 'relay.yaml');
      const program = new Program(MAIN, ['serve', '--config', file], { NODE_OPTIONS: own });
      await program.line('listening');
      const words = readFileSync(`/proc/${program.child.pid}/cmdline`, 'latin1').split('\0');
      expect(words.filter((word) => word.includes('semi-space'))).toEqual(added === undefined ? [] : [added]);
      expect(words).toContain('--conditions=source');
      program.child.kill('SIGTERM');
      expect(await program.end()).toMatchObject({ status: 0, signal: null });
    },
  );

  it('closes at once on a second SIGTERM', async () => {
    const program = serve();
    await program.line('listening ');
    program.child.kill('SIGTERM');
    await program.line('event drain 40000');
    program.child.kill('SIGTERM');
    const { status, out } = await program.end();
    expect(status).toBe(0);
    expect(out).toContain('event close\n');
  });

  it('reloads on SIGHUP and goes on', async () => {
    const program = serve('timers: { drainMs: 0 }\n');
    await program.line('listening ');
    program.child.kill('SIGHUP');
    await program.line('"needsRestart":["listen"]');
    expect(program.out).toContain('event reload localhost\n');
    program.child.kill('SIGTERM');
    expect((await program.end()).status).toBe(0);
  });

  it('is asked, reloaded, traced and drained by other processes, over a Unix socket', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'relay.yaml');
    const socket = join(folder, 'admin.sock');
    writeFileSync(file, YAML.replace('http://127.0.0.1:0', `unix:${socket}`));
    const relay = new Program(MAIN, ['serve', '--config', file]);
    await relay.line('listening ');
    const ask = (...words: string[]) => new Program(MAIN, [...words, '--admin', `unix:${socket}`]).end();
    const [status, sessions, reload, trace] = await Promise.all([
      ask('status', '--json'),
      ask('sessions'),
      new Program(MAIN, ['reload', '--config', file]).end(),
      ask('trace', '00000000'),
    ]);
    expect(JSON.parse(status?.out ?? '')).toMatchObject({ state: 'running', sessions: 0 });
    expect(sessions).toMatchObject({ status: 0, out: '', err: '' });
    expect(reload).toMatchObject({ status: 0, out: 'reloaded\n', err: '' });
    expect(trace).toMatchObject({ status: 1, out: '', err: 'there is no session with this hash\n' });
    expect(await ask('drain')).toMatchObject({ status: 0, out: 'draining, for 40000 ms at most\n' });
    expect(await relay.end()).toMatchObject({ status: 0, signal: null });
    expect(existsSync(socket)).toBe(false);
    expect(relay.err).toContain('"path":"/v1/drain","status":202,"msg":"an operator acted"');
    expect((await ask('status')).status).toBe(1);
  });

  it('logs JSON lines on standard error and nothing else', async () => {
    const program = serve('timers: { drainMs: 0 }\n');
    await program.line('listening ');
    program.child.kill('SIGTERM');
    const { err } = await program.end();
    const messages = err
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).msg);
    expect(messages).toEqual(['started', 'draining', 'stopped']);
  });

  it('starts in development mode without a configuration', async () => {
    const program = new Program(SERVING_MAIN, ['serve'], {
      MSRP_RELAY_LISTEN: '["tls://127.0.0.1:0"]',
      MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
      MSRP_RELAY_TIMERS__DRAIN_MS: '0',
    });
    await program.line('listening tls://127.0.0.1:');
    program.child.kill('SIGTERM');
    const { status, out } = await program.end();
    expect(status).toBe(0);
    expect(out).toMatch(/^password {5}\S{16}$/m);
  });
});
