import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const EXAMPLE = join(import.meta.dirname, 'first-message.ts');
const MAIN = join(import.meta.dirname, '../packages/relay/src/cli/main.ts');
const ENVIRONMENT = {
  MSRP_RELAY_LISTEN: '["tls://127.0.0.1:0"]',
  MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
  MSRP_RELAY_TIMERS__DRAIN_MS: '0',
};

function start(
  file: string,
  words: readonly string[],
  environment: Record<string, string> = {},
): ChildProcessWithoutNullStreams {
  const command = ['--conditions=source', file, ...words];
  return spawn(process.execPath, command, { env: { PATH: process.env.PATH, ...environment } });
}

/** What the relay says until it accepts connections. */
async function greeting({ stdout }: ChildProcessWithoutNullStreams): Promise<string> {
  let said = '';
  for await (const octets of stdout.iterator({ destroyOnReturn: false })) {
    said += String(octets);
    if (/^listening .*\n/m.test(said)) return said;
  }
  throw new Error(`the relay ended: ${said}`);
}

async function runExample(...words: string[]) {
  const child = start(EXAMPLE, words);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr)]);
  if (child.exitCode === null) await once(child, 'exit');
  return { status: child.exitCode, out, err };
}

describe('the example of the README', () => {
  let relay: ChildProcessWithoutNullStreams;
  let password = '';
  let port = '';

  beforeAll(async () => {
    relay = start(MAIN, ['serve'], ENVIRONMENT);
    relay.stderr.resume();
    const said = await greeting(relay);
    password = /^password +(\S+)$/m.exec(said)?.[1] ?? '';
    port = /^listening tls:\/\/127\.0\.0\.1:(\d+)$/m.exec(said)?.[1] ?? '';
  });

  afterAll(async () => {
    relay.kill('SIGTERM');
    if (relay.exitCode === null && relay.signalCode === null) await once(relay, 'exit');
  });

  it('gets a first message through a relay in development mode', async () => {
    const { status, out, err } = await runExample(password, port);
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out.split('\n')).toEqual([
      expect.stringMatching(/^alice can be reached at msrps:\/\/localhost:\d+\/\S+;tcp msrps:\S+$/),
      'the relay has taken the message of bob',
      'alice received: Hello, Alice!',
      'bob knows that it was delivered',
      '',
    ]);
  });

  it('says so when the password is wrong, or missing', async () => {
    expect(await runExample('wrong', port)).toMatchObject({
      status: 1,
      out: '',
      err: 'user or password is wrong: 401 Unauthorized\n',
    });
    expect(await runExample()).toMatchObject({
      status: 1,
      out: '',
      err: 'usage: npm run example -- PASSWORD [PORT]\n',
    });
  });
});
