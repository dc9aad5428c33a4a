/** What `listen` and `send` have in common: which relays, as whom, and whom to trust. */
import { readFileSync } from 'node:fs';
import { Endpoint, type RelayConnection } from 'msrp';
import { nodeNetwork } from 'msrp/node';
import { parseUri, splitPath } from 'msrp/wire';
import { reason } from '../app/config-file.ts';
import { type CommandContext, type CommandValues, type Described, textOf, UsageError } from './command.ts';

/** The password, for whoever does not want to be asked. */
const PASSWORD_VARIABLE = 'MSRP_PASSWORD';

/** The options. */
export const endpointOptions: readonly Described[] = [
  { flags: '--relay <uris>', summary: 'relay to use, such as "msrps://relay.example.org;tcp"; several: nearest first' },
  { flags: '--user <name>', summary: 'user name at the relay; also as msrps://NAME@…' },
  {
    flags: '--password-stdin',
    summary: `read the password from standard input; else ${PASSWORD_VARIABLE}, else it is asked for`,
  },
  { flags: '--ca <file>', summary: 'authorities to trust (PEM) instead of the usual ones' },
];

/** An endpoint, and how to get to its relays as often as needed. */
export interface OpenEndpoint {
  readonly endpoint: Endpoint;
  /** Undefined when no relay was named. */
  readonly connectRelay: (() => Promise<RelayConnection>) | undefined;
}

/** Makes an endpoint of what the options say; nothing is dialled yet. */
export async function openEndpoint(values: CommandValues, context: CommandContext): Promise<OpenEndpoint> {
  const ca = textOf(values.ca);
  const endpoint = new Endpoint({ network: nodeNetwork({ tls: ca === undefined ? {} : { ca: readCa(ca) } }) });
  const uris = splitPath(textOf(values.relay) ?? '');
  if (uris.length === 0) return { endpoint, connectRelay: undefined };
  const users = uris.map((uri) => userAt(uri, textOf(values.user)));
  const password = await passwordFor(values, context);
  const relays = uris.map((uri, index) => ({ uri, user: users[index] ?? '', password }));
  return { endpoint, connectRelay: () => endpoint.connectRelay(relays) };
}

function userAt(text: string, user: string | undefined): string {
  const uri = parseUri(text);
  if (uri === undefined)
    throw new UsageError(`--relay: "${text}" is no URI of a relay, such as msrps://relay.example.org;tcp`);
  const name = user ?? uri.userinfo;
  if (name === undefined) throw new UsageError('--relay needs --user');
  return name;
}

async function passwordFor(values: CommandValues, { environment, terminal }: CommandContext): Promise<string> {
  if (values.passwordStdin === true) return (await terminal.readInput()).replace(/\r?\n$/, '');
  return environment[PASSWORD_VARIABLE] ?? (await terminal.readSecret('password: '));
}

function readCa(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--ca: ${reason(error)}`);
  }
}
