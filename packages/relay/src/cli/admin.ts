/** What the commands that speak to a running relay have in common: where it is, and how results are shown. */
import { readFileSync } from 'node:fs';
import { loadSettings } from '../app/config.ts';
import { variableOf } from '../app/config-environment.ts';
import { reason } from '../app/config-file.ts';
import { quote } from '../app/config-place.ts';
import { formatEndpoint, tokensIn } from '../app/config-values.ts';
import { AdminClient, checkedDoorUrl } from './admin-client.ts';
import {
  type CommandContext,
  type CommandValues,
  type Described,
  type Terminal,
  textOf,
  UsageError,
} from './command.ts';

const USUAL_DOOR = 'http://127.0.0.1:9080';
const LISTEN = variableOf(['admin', 'listen']);
const TOKEN = variableOf(['admin', 'token']);

/** Options that say which relay is meant. */
export const adminOptions: readonly Described[] = [
  {
    flags: '--admin <url>',
    summary: `where the relay's admin door is: http://HOST:PORT or unix:/PATH (default: ${LISTEN}, or ${USUAL_DOOR})`,
  },
  { flags: '--token-file <file>', summary: `file with the token (default: ${TOKEN} or ${TOKEN}_FILE)` },
  { flags: '-c, --config <file>', summary: 'configuration of the relay, which has both' },
];

/** Results as the API has them. */
export const jsonOption: Described = { flags: '--json', summary: 'print JSON' };

/** Finds the relay that the options and the environment name. */
export function adminClient(values: CommandValues, { environment }: CommandContext): AdminClient {
  const config = textOf(values.config);
  const admin = config === undefined ? undefined : loadSettings(config, environment).admin;
  const listen = admin?.listen;
  const ofConfig = listen?.scheme === 'unix' ? `unix:${listen.path}` : listen && formatEndpoint(reachable(listen));
  const url = textOf(values.admin) ?? ofConfig ?? environment[LISTEN] ?? USUAL_DOOR;
  const file = textOf(values.tokenFile) ?? (admin?.token === undefined ? environment[`${TOKEN}_FILE`] : undefined);
  const text = file === undefined ? (admin?.token ?? environment[TOKEN]) : readToken(file);
  // While tokens are changed there are several, and all of them hold.
  return new AdminClient({ url: checkedDoorUrl(url), token: tokensIn(text)[0] });
}

/** A relay that listens on every address is reached on this machine. */
function reachable<Endpoint extends { readonly host: string }>(endpoint: Endpoint): Endpoint {
  if (endpoint.host === '0.0.0.0') return { ...endpoint, host: '127.0.0.1' };
  return endpoint.host === '::' ? { ...endpoint, host: '::1' } : endpoint;
}

function readToken(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UsageError(`--token-file: expected a readable file, found one that cannot be read: ${reason(cause)}`);
  }
}

/** The path of a thing in the API, whatever characters its name has. */
export function pathTo(list: string, name: string): string {
  return `/v1/${list}/${encodeURIComponent(name)}`;
}

/** Columns under their heads on a terminal; fields between tabs and no heads where another program reads. */
export function showTable(
  terminal: Terminal,
  heads: readonly string[] | undefined,
  rows: readonly (readonly unknown[])[],
): void {
  const cells = rows.map((row) => row.map(cellOf));
  if (!terminal.isInteractive) {
    for (const row of cells) terminal.out(row.join('\t'));
    return;
  }
  const all = heads === undefined ? cells : [heads, ...cells];
  const widths = (all[0] ?? []).map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  for (const row of all)
    terminal.out(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    );
}

/** Nothing that a peer has chosen may steer a terminal. */
export function cellOf(value: unknown): string {
  if (value === null || value === undefined) return '-';
  return typeof value === 'string' ? quote(value).slice(1, -1).replaceAll('\\"', '"') : String(value);
}

/** JSON for whoever asked for it. */
export function showJson(terminal: Terminal, value: unknown): void {
  terminal.out(JSON.stringify(value, undefined, 2));
}

/** A time that has passed or is to pass, in a few characters: `12s`, `5m`, `3h`, `2d`. */
export function duration(seconds: number): string {
  if (seconds < 60) return `${seconds}s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)}h` : `${Math.floor(seconds / 86_400)}d`;
}
