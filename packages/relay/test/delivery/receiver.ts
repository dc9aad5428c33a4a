/**
 * A receiving endpoint that can be killed: a process that puts each chunk down in a file before it answers 200. What
 * stands in the file was delivered, whatever became of the answer.
 *
 * `receiver.ts LOG LAG listen` waits to be connected to; `receiver.ts LOG LAG TARGET` is 50 clients of the relay at
 * TARGET. It prints the paths to its sessions, one a line, then `ready`. In each session it answers a chunk when
 * LAG more have come.
 */
import { openSync, writeSync } from 'node:fs';
import { connect, type Endpoint, listen, type Message, responseTo } from '../endpoint.ts';

const CLIENTS = 50;
const FOR_EVER_MS = 1_000_000;

const [log = '', lag = '', target = ''] = process.argv.slice(2);
const file = openSync(log, 'a');

async function receive(endpoint: Endpoint): Promise<void> {
  const unanswered = new Map<string, Message[]>();
  for (;;) {
    const message = await endpoint.next(undefined, FOR_EVER_MS);
    if (message.method !== 'SEND') continue;
    const start = Number.parseInt(message.header('Byte-Range') ?? '1', 10);
    const end = start + (message.body?.length ?? 0) - 1;
    writeSync(file, `${message.header('Message-ID')} ${start} ${end}\n`);
    if (message.header('Failure-Report') === 'no') continue;
    const session = message.header('From-Path') ?? '';
    const waiting = [...(unanswered.get(session) ?? []), message];
    const due = waiting.length > Number(lag) ? waiting.shift() : undefined;
    if (due !== undefined) void endpoint.send(responseTo(due, 200));
    unanswered.set(session, waiting);
  }
}

function start(endpoint: Endpoint): void {
  receive(endpoint).catch(() => {});
}

async function beClient(): Promise<string> {
  const endpoint = await connect({ port: Number(/:(\d+);/.exec(target)?.[1]) });
  const usePath = await endpoint.auth({ user: 'alice', password: 'secret', target });
  start(endpoint);
  return `${usePath} ${endpoint.uri}`;
}

if (target === 'listen') {
  const listening = await listen();
  process.stdout.write(`path ${listening.uri}\nready\n`);
  for (;;) start(await listening.accept(FOR_EVER_MS));
} else {
  const paths = await Promise.all(Array.from({ length: CLIENTS }, beClient));
  process.stdout.write(`${paths.map((path) => `path ${path}\n`).join('')}ready\n`);
}
