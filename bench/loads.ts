/** The loads that are measured, by the name of their group on the command line. */

/** What the load generator does in one run. */
export type Mode = 'msg' | 'file' | 'conn' | 'idle';

/** One line of the table. */
export interface Load {
  readonly mode: Mode;
  readonly name: string;
  readonly secure: boolean;
  /** Whether it opens many connections at once. */
  readonly crowded: boolean;
  /** Arguments of the load generator. */
  readonly options: readonly string[];
}

/** The groups, in the order in which they run. */
export const MODES: readonly Mode[] = ['msg', 'file', 'conn', 'idle'];

/** Octets of a file by the size of its chunks: enough to last a second or two. */
const FILES = [
  { chunk: 'one chunk', options: ['--chunk', '0', '--bytes', '500M'] },
  { chunk: '64 KiB', options: ['--chunk', '65536', '--bytes', '500M'] },
  { chunk: '2000 octets', options: ['--chunk', '2000', '--bytes', '100M'] },
] as const;

/** Pairs of endpoints, and how many unanswered messages each may have under way. */
const CROWDS = [
  { pairs: '1', window: '1' },
  { pairs: '100', window: '8' },
] as const;

interface Variant {
  readonly what: string;
  readonly options: readonly string[];
}

const VARIANTS: Readonly<Record<Mode, (secure: boolean) => readonly Variant[]>> = {
  msg: () =>
    CROWDS.flatMap(({ pairs, window }) =>
      ['c2p', 'p2c'].map((direction) => ({
        what: `${pairs}x${window} ${direction}`,
        options: ['--pairs', pairs, '--window', window, '--direction', direction, '--seconds', '3', '--warmup', '2'],
      })),
    ),
  // Over TLS toward the client: until its own handshake with a peer is done, Kamailio drops a fast sender.
  file: (secure) =>
    FILES.map(({ chunk, options }) => ({
      what: chunk,
      options: [...options, '--stall', '5', '--direction', secure ? 'p2c' : 'c2p'],
    })),
  conn: () => [{ what: '32 at a time', options: ['--pairs', '32', '--seconds', '3'] }],
  idle: () => [{ what: '2000 connections', options: ['--pairs', '2000', '--seconds', '2'] }],
};

/** Every load of a group, over TCP and over TLS. */
export function loadsOf(mode: Mode): Load[] {
  return [false, true].flatMap((secure) =>
    VARIANTS[mode](secure).map(({ what, options }) => ({
      mode,
      name: `${mode} ${secure ? 'TLS' : 'TCP'} ${what}`,
      secure,
      crowded: mode === 'conn' || mode === 'idle',
      options,
    })),
  );
}
