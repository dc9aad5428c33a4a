/** The loads that are measured, in the order in which they run, and what is read off each. */

/** What the load generator does in one run. */
export type Mode = 'msg' | 'file' | 'mixed' | 'conn' | 'idle';

/** What a figure of our relay is to be. */
interface Aim {
  /** At most this, in the figure's unit, or times what that of `of` is. */
  readonly most: number;
  /** Another contender. */
  readonly of?: string;
  readonly words: string;
}

/** One number of a run: where the generator puts it, and how it reads. */
export interface Figure {
  readonly name: string;
  readonly path: string;
  /** What the generator's number is multiplied with to be in `unit`. */
  readonly scale: number;
  readonly unit: string;
  readonly digits: number;
  readonly aim?: Aim;
}

/** One load. */
export interface Load {
  readonly mode: Mode;
  readonly name: string;
  readonly secure: boolean;
  /** Which way it goes through a relay: from the client to an outside peer, or to the client. */
  readonly direction: 'c2p' | 'p2c';
  /** Whether it opens many connections at once. */
  readonly crowded: boolean;
  /** Octets of the largest chunk. */
  readonly chunkOctets?: number;
  /** Arguments of the load generator. */
  readonly options: readonly string[];
  /** The first is what one piece of work costs. */
  readonly figures: readonly Figure[];
  /** Whether the comparison with others has it. */
  readonly isCompared: boolean;
}

/** The groups, by which loads are chosen on the command line. */
export const MODES: readonly Mode[] = ['msg', 'file', 'mixed', 'conn', 'idle'];

const RATE = { scale: 1, digits: 0 } as const;
const COST = { scale: 1, digits: 1 } as const;

const MESSAGE_CPU: Figure = { ...COST, name: 'CPU per message', path: 'server.cpu_us_per_msg', unit: 'µs' };
const MESSAGE_RATE: Figure = { ...RATE, name: 'messages', path: 'msgs_per_s', unit: '/s' };
const P50: Figure = { ...COST, name: 'p50', path: 'lat_us.p50', unit: 'µs', digits: 0 };
const P99: Figure = { ...COST, name: 'p99', path: 'lat_us.p99', unit: 'µs', digits: 0 };
const FILE_CPU: Figure = { ...COST, name: 'CPU per GB', path: 'server.cpu_s_per_gb', unit: 's', digits: 2 };
const FILE_RATE: Figure = { ...RATE, name: 'rate', path: 'mb_per_s', unit: 'MB/s' };
const IDLE: Figure = { ...COST, name: 'memory each', path: 'pss_per_conn', unit: 'KB', scale: 1e-3 };
const CONN: Figure = { ...COST, name: 'CPU each', path: 'server.cpu_us_per_conn', unit: 'µs', digits: 0 };

const KAMAILIO = 'Kamailio';
const BARE_NODE = 'bare Node';

/** Three times less than Kamailio is a third of it. */
function lessThan(times: number): Aim {
  return { most: 1 / times, of: KAMAILIO, words: times === 1 ? 'no more than Kamailio' : `1/${times} of Kamailio` };
}

function aimed(figure: Figure, aim: Aim | undefined): Figure {
  return aim === undefined ? figure : { ...figure, aim };
}

interface Crowd {
  readonly pairs: number;
  readonly window: number;
  readonly direction?: 'c2p' | 'p2c';
  readonly aim?: Aim;
  readonly isCompared?: boolean;
}

/** Short messages: pairs of endpoints, and how many unfinished messages each may have under way. */
function messages(secure: boolean, { pairs, window, direction = 'c2p', aim, isCompared = false }: Crowd): Load {
  const alone = pairs === 1;
  const options = ['--pairs', String(pairs), '--window', String(window), '--seconds', '3', '--warmup', '2'];
  return {
    mode: 'msg',
    name: `200-octet messages, ${transport(secure)} ${pairs}x${window}${direction === 'c2p' ? '' : ' to the client'}`,
    secure,
    direction,
    crowded: pairs > 100,
    options,
    figures: alone ? [MESSAGE_CPU, aimed(P50, aim), aimed(P99, aim)] : [aimed(MESSAGE_CPU, aim), MESSAGE_RATE, P99],
    isCompared,
  };
}

interface FileOfChunks {
  readonly what: string;
  /** Octets of a chunk; 0 is one chunk for all. */
  readonly chunk: number;
  /** Octets of the file, as the generator reads them. */
  readonly bytes: string;
  readonly aim?: Aim;
  readonly isCompared?: boolean;
}

function file(secure: boolean, { what, chunk, bytes, aim, isCompared = false }: FileOfChunks): Load {
  return {
    mode: 'file',
    name: `file in ${what}, ${transport(secure)}`,
    secure,
    direction: secure ? 'p2c' : 'c2p',
    crowded: false,
    chunkOctets: chunk === 0 ? Number.POSITIVE_INFINITY : chunk,
    options: ['--chunk', String(chunk), '--bytes', bytes, '--stall', '5'],
    figures: [aimed(FILE_CPU, aim), FILE_RATE],
    isCompared,
  };
}

/** A short message every 10 ms beside an endless file that is held to a rate, both to one client, which has two sessions. */
function beside(megabytes: number, isCompared = false): Load {
  return {
    mode: 'mixed',
    name: `message beside a file of ${megabytes} MB/s, TCP`,
    secure: false,
    direction: 'p2c',
    crowded: false,
    chunkOctets: BESIDE_OCTETS,
    options: [
      ...['--chunk', String(BESIDE_OCTETS), '--file-rate', `${megabytes}M`],
      // A thousand messages, once everything has been compiled.
      ...['--interval', '10', '--warmup', '5', '--seconds', '10'],
    ],
    figures: [aimed(P50, lessThan(1)), aimed(P99, lessThan(1))],
    isCompared,
  };
}

function idle(secure: boolean): Load {
  const aim = secure ? { most: 1.3, of: BARE_NODE, words: '1.3 x bare Node' } : { most: 14, words: '14 KB' };
  const common = { secure, direction: 'c2p', crowded: true, isCompared: true } as const;
  const options = ['--pairs', '2000', '--seconds', '2'];
  return {
    ...common,
    mode: 'idle',
    name: `idle after AUTH, ${transport(secure)}`,
    options,
    figures: [aimed(IDLE, aim)],
  };
}

function connecting(secure: boolean): Load {
  const aim = secure ? lessThan(1) : { most: 80, words: '80 µs' };
  const common = { secure, direction: 'c2p', crowded: true, isCompared: true } as const;
  const options = ['--pairs', '32', '--seconds', '3', '--warmup', '2'];
  return {
    ...common,
    mode: 'conn',
    name: `connect, AUTH, close, ${transport(secure)}`,
    options,
    figures: [aimed(CONN, aim)],
  };
}

/** Kamailio takes no frames over 11 KB. */
const BESIDE_OCTETS = 10_000;

function transport(secure: boolean): string {
  return secure ? 'TLS' : 'TCP';
}

const FILES: readonly FileOfChunks[] = [
  { what: '10 KB chunks', chunk: 10_240, bytes: '400M', aim: lessThan(2.5), isCompared: true },
  {
    what: 'one chunk',
    chunk: 0,
    bytes: '1G',
    aim: { most: 1.5, of: BARE_NODE, words: '1.5 x bare Node' },
    isCompared: true,
  },
  { what: '64 KiB chunks', chunk: 65_536, bytes: '1G' },
  { what: '2000-octet chunks', chunk: 2000, bytes: '100M' },
];

/** All loads. */
export const LOADS: readonly Load[] = [
  messages(false, { pairs: 100, window: 8, aim: lessThan(3), isCompared: true }),
  messages(true, { pairs: 100, window: 8, aim: lessThan(3), isCompared: true }),
  messages(false, { pairs: 1000, window: 4, aim: lessThan(2), isCompared: true }),
  messages(false, { pairs: 1, window: 1, aim: lessThan(1), isCompared: true }),
  messages(true, { pairs: 1, window: 1 }),
  messages(false, { pairs: 100, window: 8, direction: 'p2c' }),
  messages(true, { pairs: 100, window: 8, direction: 'p2c' }),
  ...FILES.flatMap((chunks) => [file(false, chunks), file(true, chunks)]),
  beside(50),
  beside(100, true),
  beside(200),
  connecting(false),
  connecting(true),
  idle(false),
  idle(true),
];
