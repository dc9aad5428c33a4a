/** The first line on a stream between two workers: which connection the stream stands for. */
import { z } from 'zod';
import type { CarriedConnection } from '../relay/ports.ts';

/** Name and version: a worker of another one does not guess. */
const TITLE = 'msrp-relay-crossing/2 ';

/** A certificate may carry a few thousand names. */
const MAX_OCTETS = 262_144;

const LINE_FEED = 10;

const schema = z.strictObject({
  origin: z.strictObject({
    transport: z.enum(['tcp', 'tls', 'ws', 'wss', 'worker']),
    direction: z.enum(['accepted', 'dialled']),
    remoteAddress: z.string(),
    localPort: z.int().min(0).max(65_535),
    chunk: z.strictObject({ maxOctets: z.int().positive(), lingerMs: z.number().min(0) }).optional(),
    worker: z.string().min(1),
  }),
  certifiedNames: z.array(z.string()),
  relays: z.array(z.string()),
  isProven: z.boolean(),
});

/** One line of UTF-8 text with its line feed. */
export function formatPreamble(connection: CarriedConnection): string {
  return `${TITLE}${JSON.stringify(connection)}\n`;
}

/** What a reader has found: the preamble, and octets that came behind it; or that it is none. */
export type PreambleEnd =
  | { readonly kind: 'preamble'; readonly connection: CarriedConnection; readonly rest: Uint8Array }
  | { readonly kind: 'garbled' };

/** Reads a preamble as it comes, in whatever pieces. */
export class PreambleReader {
  readonly #pieces: Uint8Array[] = [];
  #octets = 0;

  /** Takes the next octets; undefined as long as the line has no end. Not to be called after that. */
  read(octets: Uint8Array): PreambleEnd | undefined {
    const end = octets.indexOf(LINE_FEED);
    const piece = end < 0 ? octets : octets.subarray(0, end);
    this.#pieces.push(piece);
    this.#octets += piece.length;
    if (this.#octets > MAX_OCTETS) return { kind: 'garbled' };
    if (end < 0) return undefined;
    const connection = parse(Buffer.concat(this.#pieces).toString('utf8'));
    return connection === undefined
      ? { kind: 'garbled' }
      : { kind: 'preamble', connection, rest: octets.subarray(end + 1) };
  }
}

function parse(line: string): CarriedConnection | undefined {
  if (!line.startsWith(TITLE)) return undefined;
  try {
    return schema.safeParse(JSON.parse(line.slice(TITLE.length))).data;
  } catch {
    return undefined;
  }
}
