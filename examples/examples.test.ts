import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { Endpoint } from 'msrp';
import { nodeNetwork } from 'msrp/node';
import { describe, expect, it, onTestFinished } from 'vitest';

const MAIN = join(import.meta.dirname, '../packages/relay/src/cli/main.ts');

function start(file: string, words: readonly string[], env: Record<string, string> = {}) {
  const child = spawn(process.execPath, ['--conditions=source', file, ...words], {
    env: { PATH: process.env.PATH, ...env },
  });
  onTestFinished(async () => {
    child.kill('SIGTERM');
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  return child;
}

function example(name: string, words: readonly string[] = [], env: Record<string, string> = {}) {
  return start(join(import.meta.dirname, `${name}.ts`), words, env);
}

/** What a program says until it matches: the match, with all of it as its input. */
async function said(child: ChildProcessWithoutNullStreams, pattern: RegExp): Promise<RegExpExecArray> {
  let all = '';
  for await (const octets of child.stdout.iterator({ destroyOnReturn: false })) {
    all += String(octets);
    const match = pattern.exec(all);
    if (match !== null) return match;
  }
  throw new Error(`ended without ${pattern}: ${all}`);
}

async function send(...words: readonly string[]) {
  const child = start(MAIN, ['send', ...words]);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  return { out, err };
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'msrp-example-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

describe('the examples', () => {
  it('echo-bot sends back what it is sent, over a relay in development mode', async () => {
    const environment = { MSRP_RELAY_LISTEN: '["tls://127.0.0.1:0"]', MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0' };
    const relay = start(MAIN, ['serve'], environment);
    relay.stderr.resume();
    const { input: greeting } = await said(relay, /^listening tls.*\n/m);
    const password = /^password +(\S+)$/m.exec(greeting)?.[1] ?? '';
    const [, uri = '', certificate = ''] = /^relay +(msrps:\S+) .*certificate (\S+)\)$/m.exec(greeting) ?? [];
    const bot = example('echo-bot', [uri, 'alice', certificate], { MSRP_PASSWORD: password });
    const [, path = ''] = await said(bot, /^path (.*)\n/);
    const endpoint = new Endpoint({ network: nodeNetwork({ tls: { ca: readFileSync(certificate, 'utf8') } }) });
    onTestFinished(() => endpoint.close());
    const session = endpoint.createSession();
    const echo = new Promise<string>((resolve) => session.on('message', (message) => resolve(message.text())));
    await session.open(path);
    await session.send('Is anybody there?').delivered;
    expect(await echo).toBe('Is anybody there?');
    endpoint.close();
    await expect
      .poll(async () => (await send('--ca', certificate, path, 'from the prompt')).out)
      .toMatch(/^delivered message, /);
  });

  it('file-drop takes files and names them by their hash', async () => {
    const directory = folder();
    const file = join(folder(), 'file');
    const octets = randomBytes(2_000_000);
    writeFileSync(file, octets);
    const name = createHash('sha256').update(octets).digest('hex');
    const drop = example('file-drop', [directory]);
    const [, path = ''] = await said(drop, /^path (.*)\n/);
    const told = said(drop, /^file (\S+) (\d+)\n/m);
    expect((await send(path, '--file', file)).out).toMatch(/^delivered file, 2\.0 MB/);
    expect((await told).slice(1)).toEqual([name, '2000000']);
    expect(readFileSync(join(directory, name)).equals(octets)).toBe(true);
  });

  it('two-relays gets a message through both', async () => {
    const child = example('two-relays');
    const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
    expect({ err, lines: out.split('\n') }).toEqual({
      err: '',
      lines: [
        expect.stringMatching(/^alice can be reached at (msrps:\/\/localhost:\S+ ){2}msrps:\/\/\S+\.invalid:2855\S+$/),
        'alice received: Hello through two relays!',
        'bob knows that it was delivered',
        '',
      ],
    });
  });
});
