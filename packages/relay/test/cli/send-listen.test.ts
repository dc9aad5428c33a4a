import { createHash, randomBytes } from 'node:crypto';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { Endpoint, type IncomingMessage } from 'msrp';
import { systemClock } from 'msrp/base';
import { listen, nodeNetwork } from 'msrp/node';
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { authority, PASSWORDS, startRelayWith, type TestRelay } from '../relay/harness.ts';
import { run, type Typed } from './run.ts';

type Ended = Awaited<ReturnType<typeof run>>;

let relay: TestRelay<typeof systemClock>;
let ca: string;
beforeAll(async () => {
  relay = await startRelayWith(systemClock);
});
beforeEach(() => {
  ca = join(temporaryFolder({ 'ca.pem': authority.ca }), 'ca.pem');
});
afterAll(() => relay.close());

/** `listen` at work: its path, and how it ends. */
async function listening(words: readonly string[] = [], typed: Typed = {}) {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let interrupt = () => {};
  const all = ['listen', '--relay', relay.target, '--user', 'alice', '--ca', ca, ...words];
  const ended: Promise<Ended> = run(all, {
    environment: { MSRP_PASSWORD: PASSWORDS.alice },
    onLine: (line, stop) => {
      interrupt = stop;
      if (line.startsWith('path ')) resolve(line.slice('path '.length));
    },
    ...typed,
  });
  void ended.then(({ err }) => reject(new Error(err.join())));
  const path = await promise;
  onTestFinished(() => interrupt());
  return { path, ended, interrupt: () => interrupt() };
}

function send(...words: readonly string[]): Promise<Ended> {
  return run(['send', '--ca', ca, ...words]);
}

function sha256(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function fileOf(octets: number): { readonly file: string; readonly folder: string } {
  const folder = temporaryFolder({});
  const file = join(folder, 'big file.bin');
  writeFileSync(file, randomBytes(octets));
  return { file, folder };
}

describe('send and listen', () => {
  it('get a text from one prompt to the other', async () => {
    const { path, ended } = await listening(['--count', '1']);
    expect(await send(path, 'Hello, Alice!\nZoë here')).toEqual({
      status: 0,
      out: [expect.stringMatching(/^delivered message, 23 B in \d+\.\d s, /)],
      err: [],
    });
    expect(await ended).toEqual({
      status: 0,
      out: [`path ${path}`, 'message Hello, Alice!\n        Zoë here'],
      err: [`to write to it: npm run -s cli -- send --ca ${ca} '${path}' 'Hello!'`],
    });
  });

  it('get a text through a relay of the sender, its password asked for, the text from standard input', async () => {
    const { path, ended } = await listening(['--count', '1']);
    const own = ['--relay', relay.target.replace('//', '//bob@')];
    const sent = await run(['send', '--ca', ca, ...own, path, '-'], { secrets: [PASSWORDS.bob], input: 'piped\n' });
    expect(sent).toMatchObject({ status: 0, err: [] });
    expect((await ended).out.at(-1)).toBe('message piped');
  });

  it('get a file across, whole, under its name', async () => {
    const { file } = fileOf(3_000_000);
    const directory = temporaryFolder({});
    const { path, ended } = await listening(['--count', '1', '--directory', directory]);
    expect(await send(path, '--file', file)).toMatchObject({
      status: 0,
      out: [expect.stringMatching(/^delivered big file\.bin, 3\.0 MB in /)],
    });
    expect((await ended).out.at(-1)).toMatch(/^file big file\.bin, 3\.0 MB in /);
    expect(readdirSync(directory)).toEqual(['big file.bin']);
    expect(sha256(join(directory, 'big file.bin'))).toBe(sha256(file));
  });

  it('never overwrite a file: the sender hears 403, the listener goes on', async () => {
    const { file } = fileOf(3_000_000);
    const directory = temporaryFolder({ 'big file.bin': 'precious' });
    const { path, ended } = await listening(['--count', '1', '--directory', directory]);
    expect(await send(path, '--file', file)).toEqual({
      status: 1,
      out: [],
      err: [expect.stringMatching(/^the message was (reported|answered) 403/)],
    });
    expect(readFileSync(join(directory, 'big file.bin'), 'utf8')).toBe('precious');
    expect(readdirSync(directory)).toEqual(['big file.bin']);
    expect(await send(path, 'still there?')).toMatchObject({ status: 0 });
    expect((await ended).err).toContainEqual(
      expect.stringMatching(/^a message was lost: .* is there already: refused$/),
    );
  });

  it('do not let a text command the terminal', async () => {
    const { path, ended } = await listening(['--count', '1']);
    await send(path, 'red \u001b[31malert\u0007\u009b2J');
    expect((await ended).out.at(-1)).toBe('message red \ufffd[31malert\ufffd\ufffd2J');
  });

  it('show how far a file has come where somebody watches, and take the line away', async () => {
    const { file } = fileOf(30_000_000);
    const directory = temporaryFolder({});
    const { path } = await listening(['--directory', directory]);
    const shown: string[] = [];
    const sent = await run(['send', '--ca', ca, path, '--file', file], { status: (line) => shown.push(line) });
    expect(sent.status).toBe(0);
    expect(shown.at(-1)).toBe('');
  });

  it('go on with a file after the connection of the sender was lost', async () => {
    const { file } = fileOf(60_000_000);
    const directory = temporaryFolder({});
    const { path, ended } = await listening(['--count', '1', '--directory', directory]);
    const sockets: Socket[] = [];
    const onSocket = (message: unknown) => void sockets.push((message as { readonly socket: Socket }).socket);
    subscribe('net.client.socket', onSocket);
    onTestFinished(() => void unsubscribe('net.client.socket', onSocket));
    const sending = send(path, '--file', file);
    const written = () => statSync(join(directory, 'big file.bin.part'), { throwIfNoEntry: false })?.size ?? 0;
    await expect.poll(written, { interval: 5 }).toBeGreaterThan(10_000_000);
    for (const socket of sockets) socket.destroy();
    const sent = await sending;
    expect(sent).toMatchObject({
      status: 0,
      err: [expect.stringMatching(/^the connection was lost.*; going on with what was not confirmed$/)],
    });
    await ended;
    expect(sha256(join(directory, 'big file.bin'))).toBe(sha256(file));
  });

  it('work without a relay, too', async () => {
    const { path, ended } = await listening(['--count', '1', '--bind', '127.0.0.1:0', '--relay', '']);
    expect(path).toMatch(/^msrp:\/\/127\.0\.0\.1:\d+\/\w+;tcp$/);
    expect(await send(path, 'directly')).toMatchObject({ status: 0 });
    expect((await ended).out.at(-1)).toBe('message directly');
  });
});

describe('send', () => {
  /** Somebody who takes messages in another way than `listen`. */
  async function receiver(onMessage: (message: IncomingMessage) => void): Promise<string> {
    const endpoint = new Endpoint({ network: nodeNetwork() });
    const listener = await listen(endpoint, { host: '127.0.0.1' });
    onTestFinished(async () => {
      endpoint.close();
      await listener.close();
    });
    const session = listener.createSession();
    session.on('message', onMessage);
    return session.path;
  }

  it('says 3 when nobody reports in time', async () => {
    const path = await receiver(() => {});
    expect(await send(path, 'anybody?', '--timeout', '1')).toEqual({
      status: 3,
      out: [],
      err: ['no report came in time: nobody knows whether message was delivered'],
    });
  });

  it('says 1 and why when the message is refused', async () => {
    const path = await receiver((message) => message.reject(415));
    expect(await send(path, 'no')).toEqual({
      status: 1,
      out: [],
      err: ['the message was answered 415 Media type not supported'],
    });
  });

  it('says 1 when the receiver is not there any more, or nobody listens', async () => {
    const { path, ended, interrupt } = await listening();
    interrupt();
    expect(await ended).toMatchObject({ status: 0 });
    expect(await send(path, 'too late')).toMatchObject({ status: 1, err: [expect.stringMatching(/481/)] });
    const closed = await send('msrp://127.0.0.1:1/abcd;tcp', 'hello');
    expect(closed).toMatchObject({
      status: 1,
      err: [expect.stringMatching(/^no connection to 127\.0\.0\.1: .*ECONNREFUSED/)],
    });
  });

  it('says 1 for a certificate that it does not trust, and which it was', async () => {
    const { path } = await listening();
    const sent = await run(['send', path, 'hello']);
    expect(sent).toMatchObject({
      status: 1,
      err: [expect.stringMatching(/^no connection to localhost: .*certificate/)],
    });
  });

  it('says 1 for a wrong password', async () => {
    const { path } = await listening();
    const own = ['--relay', relay.target, '--user', 'bob'];
    const sent = await run(['send', '--ca', ca, ...own, path, 'hello'], { secrets: ['wrong'] });
    expect(sent).toMatchObject({ status: 1, err: ['user or password is wrong: 401 Unauthorized'] });
  });

  it.each([
    [['not a path', 'text'], /^"not a path" is no path of a receiver/],
    [['msrp://a:1/b;tcp'], /^give either a text or --file$/],
    [['msrp://a:1/b;tcp', 'text', '--file', 'x'], /^give either a text or --file$/],
    [['msrp://a:1/b;tcp', 'text', '--timeout', '-1'], /^--timeout: "-1" is no number/],
    [['msrp://a:1/b;tcp', 'text', '--relay', 'nonsense'], /^--relay: "nonsense" is no URI of a relay/],
    [['msrp://a:1/b;tcp', 'text', '--relay', 'msrps://r.example.org;tcp'], /^--relay needs --user$/],
    [[], /missing required argument 'path'/],
  ])('says 2 when it is called with %j', async (words, sentence) => {
    expect(await run(['send', ...words])).toEqual({ status: 2, out: [], err: [expect.stringMatching(sentence)] });
  });

  it('says 1 when there is no such file, or no such authority', async () => {
    const path = 'msrp://127.0.0.1:1/abcd;tcp';
    expect(await run(['send', path, '--file', '/no/such'])).toMatchObject({
      status: 1,
      err: [expect.stringMatching(/no\/such/)],
    });
    expect(await run(['send', path, 'x', '--ca', '/no/ca'])).toMatchObject({
      status: 1,
      err: [expect.stringMatching(/^--ca: .*no\/ca/)],
    });
  });
});

describe('listen', () => {
  it.each([
    [[], /^give --relay, or --bind ADDRESS:PORT$/],
    [['--bind', 'nonsense'], /^give --relay, or --bind ADDRESS:PORT$/],
    [['--bind', '127.0.0.1:0', '--count', 'many'], /^--count: "many" is no number of messages$/],
  ])('says 2 when it is called with %j', async (words, sentence) => {
    expect(await run(['listen', ...words])).toEqual({ status: 2, out: [], err: [expect.stringMatching(sentence)] });
  });

  it('says 1 when its connection is lost', async () => {
    const own = await startRelayWith(systemClock);
    const { ended } = await listening(['--relay', own.target]);
    await own.close();
    expect(await ended).toMatchObject({ status: 1, err: [expect.anything(), 'the connection was lost'] });
  });
});
