/** `msrp-relay listen`: an endpoint at the prompt. Shows messages, saves files. */
import type { IncomingMessage, Session } from 'msrp';
import { systemClock } from 'msrp/base';
import { listen } from 'msrp/node';
import { reason } from '../app/config-file.ts';
import { PROGRAM_NAME } from '../app/program-name.ts';
import { type Command, type CommandContext, type CommandValues, textOf, UsageError } from './command.ts';
import { endpointOptions, openEndpoint } from './endpoint-options.ts';
import { Progress } from './progress.ts';
import { fileNameOf, saveMessage } from './saved-message.ts';

/** Longer texts are saved, not shown. */
const MAX_SHOWN_OCTETS = 65_536;

/** The command. */
export const listenCommand: Command = {
  name: 'listen',
  summary: 'Waits for messages: prints the path to hand to the other side, shows texts, saves files.',
  options: [
    ...endpointOptions,
    { flags: '--bind <address>', summary: 'without relay: where to wait in the clear, such as 127.0.0.1:7000' },
    { flags: '--directory <directory>', summary: 'where files are saved (default: here)' },
    { flags: '--count <number>', summary: 'end after so many messages' },
  ],
  async run(values, context) {
    const count = countOf(values);
    const { endpoint, connectRelay } = await openEndpoint(values, context);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const endListening = context.onSignal(() => resolve());
    try {
      const session =
        connectRelay === undefined ? await bound(values, endpoint) : await (await connectRelay()).createSession();
      const reception = new Reception(context, textOf(values.directory) ?? '.', count, resolve);
      session.on('message', (message) => void reception.take(message));
      session.on('failed', reject);
      session.on('pathExpiring', () => void refresh(session, context));
      context.terminal.out(`path ${session.path}`);
      const trust = typeof values.ca === 'string' ? `--ca ${values.ca} ` : '';
      context.terminal.err(`to write to it: ${PROGRAM_NAME} send ${trust}'${session.path}' 'Hello!'`);
      await promise;
      return 0;
    } finally {
      endListening();
      endpoint.close();
    }
  },
};

function countOf({ count }: CommandValues): number {
  const text = textOf(count);
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--count: "${text}" is no number of messages`);
  return Number(text);
}

async function bound({ bind }: CommandValues, endpoint: Parameters<typeof listen>[0]): Promise<Session> {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(textOf(bind) ?? '') ?? [];
  if (host === undefined || Number(port) > 65_535) throw new UsageError('give --relay, or --bind ADDRESS:PORT');
  const listener = await listen(endpoint, { host: host.replace(/^\[|\]$/g, ''), port: Number(port) });
  return listener.createSession();
}

/** Relays of this project extend a path; others let it expire. */
async function refresh(session: Session, { terminal }: CommandContext): Promise<void> {
  try {
    await session.refresh();
  } catch (error) {
    terminal.err(`the path will expire soon and could not be extended: ${reason(error)}`);
  }
}

/** Messages that come in, one or several at a time. */
class Reception {
  readonly #context: CommandContext;
  readonly #directory: string;
  readonly #done: () => void;
  #left: number;

  /** @param done - called after `count` messages. */
  constructor(context: CommandContext, directory: string, count: number, done: () => void) {
    this.#context = context;
    this.#directory = directory;
    this.#left = count;
    this.#done = done;
  }

  async take(message: IncomingMessage): Promise<void> {
    const { terminal } = this.#context;
    try {
      const name = fileNameOf(message);
      if (name === undefined && isShown(message))
        terminal.out(`message ${shown(await message.text(MAX_SHOWN_OCTETS))}`);
      else await this.#save(message, name ?? `${message.messageId}.bin`);
    } catch (error) {
      terminal.err(`a message was lost: ${reason(error)}`);
      return;
    }
    this.#left -= 1;
    if (this.#left === 0) this.#done();
  }

  async #save(message: IncomingMessage, name: string): Promise<void> {
    const { terminal } = this.#context;
    const progress = new Progress(terminal, systemClock, name);
    try {
      await saveMessage(message, this.#directory, name, (octets) => progress.update(octets, message.totalOctets));
    } finally {
      progress.end();
    }
    terminal.out(`file ${name}, ${progress.summary}`);
  }
}

function isShown({ contentType, totalOctets }: IncomingMessage): boolean {
  return /^text\//i.test(contentType) && (totalOctets ?? 0) <= MAX_SHOWN_OCTETS;
}

/** A stranger's text must not command the terminal. That it ends its last line needs no line of its own. */
function shown(text: string): string {
  return text
    .replace(/\r?\n$/, '')
    .replaceAll(/(?![\t\n])\p{Cc}/gu, '\ufffd')
    .replaceAll('\n', '\n        ');
}
