/** The terminal of the process, and its signals: the only file beside the bin that touches `process`. */
import { createInterface } from 'node:readline/promises';
import { Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import type { CommandContext, Signal } from './command.ts';

const SIGNALS: readonly Signal[] = ['SIGTERM', 'SIGINT', 'SIGHUP'];

/** What commands are given when they are called from a shell. */
export function processContext(): CommandContext {
  // Whoever reads may go away, as `head` does; that is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  return {
    terminal: {
      out: (line) => process.stdout.write(`${line}\n`),
      err: (line) => process.stderr.write(`${line}\n`),
      readSecret,
      readInput: () => text(process.stdin),
    },
    environment: process.env,
    onSignal(handler) {
      const listeners = SIGNALS.map((signal) => ({ signal, listener: () => handler(signal) }));
      for (const { signal, listener } of listeners) process.on(signal, listener);
      return () => {
        for (const { signal, listener } of listeners) process.off(signal, listener);
      };
    },
  };
}

async function readSecret(prompt: string): Promise<string> {
  if (process.stdin.isTTY !== true) {
    throw new Error('there is no terminal to ask for the password; use --password-stdin or --generate');
  }
  process.stderr.write(prompt);
  // Line editing goes on, but what it would show goes nowhere.
  const output = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output, terminal: true });
  const { promise: interrupted, reject } = Promise.withResolvers<never>();
  lines.on('SIGINT', () => reject(new Error('interrupted; nothing was changed')));
  lines.on('close', () => reject(new Error('there was no password; nothing was changed')));
  try {
    return await Promise.race([lines.question(''), interrupted]);
  } finally {
    lines.close();
    process.stderr.write('\n');
  }
}
