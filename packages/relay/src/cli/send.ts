/** `msrp-relay send`: one message or file, and what became of it. */
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import {
  type Content,
  MsrpError,
  type OutgoingMessage,
  type RelayConnection,
  type SendOptions,
  type Session,
} from 'msrp';
import { systemClock } from 'msrp/base';
import { fileContent } from 'msrp/node';
import { parseUri, splitPath } from 'msrp/wire';
import { reason } from '../app/config-file.ts';
import {
  type Command,
  type CommandContext,
  type CommandValues,
  type ExitStatus,
  type Terminal,
  textOf,
  UsageError,
} from './command.ts';
import { endpointOptions, type OpenEndpoint, openEndpoint } from './endpoint-options.ts';
import { Progress } from './progress.ts';
import { dispositionFor } from './saved-message.ts';

/** After a lost connection it is tried again so often, each time after twice the time. */
const MAX_RETRIES = 5;
const FIRST_RETRY_MS = 1000;

/** The success report may take so long after the last octet. */
const REPORT_SECONDS = 30;

/** The command. */
export const sendCommand: Command = {
  name: 'send',
  summary:
    'Sends a text or a file to a path, and says what became of it: 0 delivered, 1 refused or failed, 3 no report in time.',
  arguments: [
    { flags: '<path>', summary: 'path of the receiver, as listen prints it: one argument, in quotes' },
    { flags: '[text]', summary: 'the message; - reads it from standard input' },
  ],
  options: [
    { flags: '--file <file>', summary: 'sends this file instead of a text; goes on with it after a lost connection' },
    { flags: '--type <type>', summary: 'Content-Type (default: text/plain, of files application/octet-stream)' },
    {
      flags: '--timeout <seconds>',
      summary: `how long to wait for the report after the last octet (default: ${REPORT_SECONDS})`,
    },
    { flags: '--chunk <octets>', summary: 'longest chunk; some relays refuse more than 11000' },
    ...endpointOptions,
  ],
  async run(values, context) {
    const path = pathOf(values);
    const timeoutMs = numberOf(values, 'timeout', REPORT_SECONDS) * 1000;
    const maxChunkOctets = numberOf(values, 'chunk', 4_194_304);
    const { content, options, label } = await contentOf(values, context);
    const opened = await openEndpoint(values, context);
    const { endpoint } = opened;
    const endListening = context.onSignal(() => endpoint.close());
    try {
      const way = new Way(opened, path, maxChunkOctets);
      const sending = new Delivery(way, context.terminal, label, timeoutMs);
      return await sending.run((session) => session.send(content, options));
    } finally {
      endListening();
      endpoint.close();
    }
  },
};

interface Outgoing {
  readonly content: Content;
  readonly options: SendOptions;
  readonly label: string;
}

async function contentOf({ file, text, type }: CommandValues, { terminal }: CommandContext): Promise<Outgoing> {
  const path = textOf(file);
  const words = textOf(text);
  if ((path === undefined) === (words === undefined)) throw new UsageError('give either a text or --file');
  const contentType = textOf(type);
  if (path !== undefined) {
    const name = basename(path);
    const headers = { 'Content-Disposition': dispositionFor(name) };
    return { content: await fileContent(path), options: { contentType, headers }, label: name };
  }
  return {
    content: words === '-' ? await terminal.readInput() : (words ?? ''),
    options: { contentType },
    label: 'message',
  };
}

function pathOf(values: CommandValues): string {
  const path = textOf(values.path) ?? '';
  const uris = splitPath(path).map(parseUri);
  if (uris.length > 0 && uris.every((uri) => uri?.sessionId !== undefined)) return path;
  throw new UsageError(`"${path}" is no path of a receiver: MSRP URIs in quotes, as listen prints them`);
}

function numberOf(values: CommandValues, name: string, usual: number): number {
  const text = textOf(values[name]);
  if (text === undefined) return usual;
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError(`--${name}: "${text}" is no number above 0`);
  return Number(text);
}

/** How the receiver is reached; as often as needed. */
class Way {
  readonly #opened: OpenEndpoint;
  readonly #path: string;
  readonly #maxChunkOctets: number;
  #relay: RelayConnection | undefined;

  constructor(opened: OpenEndpoint, path: string, maxChunkOctets: number) {
    this.#opened = opened;
    this.#path = path;
    this.#maxChunkOctets = maxChunkOctets;
  }

  async open(): Promise<Session> {
    const { endpoint, connectRelay } = this.#opened;
    const options = { maxChunkOctets: this.#maxChunkOctets };
    if (connectRelay === undefined) return await endpoint.createSession(options).open(this.#path);
    if (this.#relay?.isOpen !== true) this.#relay = await connectRelay();
    return await (await this.#relay.createSession(options)).open(this.#path);
  }
}

/** One message from the first try to the last word about it. */
class Delivery {
  readonly #way: Way;
  readonly #terminal: Terminal;
  readonly #label: string;
  readonly #timeoutMs: number;

  constructor(way: Way, terminal: Terminal, label: string, timeoutMs: number) {
    this.#way = way;
    this.#terminal = terminal;
    this.#label = label;
    this.#timeoutMs = timeoutMs;
  }

  async run(send: (session: Session) => OutgoingMessage): Promise<ExitStatus> {
    let message = send(await this.#way.open());
    const progress = new Progress(this.#terminal, systemClock, this.#label);
    for (let retry = 0; ; retry += 1) {
      const failure = await this.#watch(message, progress);
      if (failure === undefined) {
        this.#terminal.out(`delivered ${this.#label}, ${progress.summary}`);
        return 0;
      }
      if (isTimeout(failure)) return this.#unknown(failure);
      if (!isLost(failure) || retry === MAX_RETRIES) throw failure;
      this.#terminal.err(`${reason(failure)}; going on with what was not confirmed`);
      message = (await this.#openAgain(retry)).resume(message);
    }
  }

  /** @returns what it failed with; undefined when it was delivered. */
  async #watch(message: OutgoingMessage, progress: Progress): Promise<unknown> {
    const { reportedOctets } = message.progress;
    const end = message.on('progress', (now) => progress.update(reportedOctets + now.sentOctets, now.totalOctets));
    try {
      await message.accepted;
      await Promise.race([message.delivered, this.#tooLate()]);
      return undefined;
    } catch (error) {
      return error;
    } finally {
      end();
      progress.end();
    }
  }

  async #tooLate(): Promise<never> {
    await wait(this.#timeoutMs, undefined, { ref: false });
    throw new MsrpError('MSRP_TIMEOUT', 'no report came in time');
  }

  async #openAgain(retry: number): Promise<Session> {
    for (let attempt = retry; ; attempt += 1) {
      await wait(FIRST_RETRY_MS * 2 ** attempt);
      try {
        return await this.#way.open();
      } catch (error) {
        if (attempt >= MAX_RETRIES) throw error;
        this.#terminal.err(`${reason(error)}; trying again`);
      }
    }
  }

  #unknown(failure: unknown): ExitStatus {
    this.#terminal.err(`${reason(failure)}: nobody knows whether ${this.#label} was delivered`);
    return 3;
  }
}

function isTimeout(error: unknown): boolean {
  return error instanceof MsrpError && error.code === 'MSRP_TIMEOUT';
}

/** Whether this side has lost its connection: the receiver may still be where it was. */
function isLost(error: unknown): boolean {
  const cause = error instanceof MsrpError && error.code === 'MSRP_UNCONFIRMED' ? error.cause : error;
  return cause instanceof MsrpError && cause.code === 'MSRP_CONNECTION_LOST';
}
