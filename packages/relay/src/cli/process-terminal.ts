/** The terminal of the process, and its signals: the only file beside the bin that touches `process`. */
import { text } from 'node:stream/consumers';
import { thisMachine } from '../app/kernel-buffers.ts';
import type { CommandContext, Signal } from './command.ts';
import { SecretLine } from './secret-line.ts';

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** What commands are given when they are called from a shell. */
export function processContext(): CommandContext {
  // Whoever reads may go away, as `head` does; that is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    terminal: {
      isInteractive: process.stdout.isTTY === true,
      ...lines(),
      readSecret,
      readInput: () => text(process.stdin),
    },
    environment: process.env,
    machine: thisMachine,
    onSignal(handler) {
      const listeners = SIGNALS.map((signal) => ({ signal, listener: () => handler(signal) }));
      for (const { signal, listener } of listeners) process.on(signal, listener);
      return () => {
        for (const { signal, listener } of listeners) process.off(signal, listener);
      };
    },
  };
}

/** Lines that stay, and one that does not, which keeps out of their way. */
function lines(): Pick<CommandContext['terminal'], 'out' | 'err' | 'status'> {
  const { stdout, stderr } = process;
  let shown = '';
  const write = (stream: NodeJS.WriteStream, line: string) => {
    if (shown !== '') stderr.write('\r\u001b[K');
    stream.write(`${line}\n`);
    if (shown !== '') stderr.write(shown);
  };
  const status = (line: string) => {
    shown = line.slice(0, Math.max(0, stderr.columns - 1));
    stderr.write(`\r\u001b[K${shown}`);
  };
  return {
    out: (line) => write(stdout, line),
    err: (line) => write(stderr, line),
    status: stderr.isTTY ? status : undefined,
  };
}

/** What came after the end of a line: people who paste give several lines at once. */
let typedAhead = '';

async function readSecret(prompt: string): Promise<string> {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true) {
    throw new Error('there is no terminal to ask for the password; use --password-stdin or --generate');
  }
  stderr.write(prompt);
  // In raw mode the terminal shows nothing, and leaves its control keys to us.
  stdin.setRawMode(true);
  stdin.setEncoding('utf8');
  try {
    const line = new SecretLine();
    while (!line.take(typedAhead)) typedAhead = await nextChunk();
    typedAhead = line.rest;
    return line.text;
  } finally {
    stdin.setRawMode(false);
    stdin.pause();
    stderr.write('\n');
  }
}

function nextChunk(): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onData = (chunk: string) => resolve(chunk);
  const onEnd = () => reject(new Error('there was no password; nothing was changed'));
  process.stdin.once('data', onData).once('end', onEnd).resume();
  return promise.finally(() => process.stdin.off('data', onData).off('end', onEnd).pause());
}
