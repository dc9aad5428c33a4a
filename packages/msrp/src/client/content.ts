/** What a message is made of, read piece by piece, no faster than it leaves. */
import { MsrpError } from '../base/errors.ts';
import { concat } from '../wire/octets.ts';

/** Content that can be read from any octet on, as often as needed: a file. Only such a message can be resumed. */
export interface ContentSource {
  /** All of it; undefined when that is not known before it ends. */
  readonly octets: number | undefined;
  /** The octets from `start` on (0 is the first), in pieces of any size. Ended early by `return` of its iterator. */
  read(start: number): AsyncIterable<Uint8Array>;
}

/** A text (sent as UTF-8), octets, a Blob or File, a source, or a stream of octets. Octets must not change until they are sent. */
export type Content = string | Uint8Array | Blob | ContentSource | AsyncIterable<Uint8Array>;

const NO_OCTETS = new Uint8Array(0);

/** A source that says whether it can be read more than once. */
export interface RepeatableSource extends ContentSource {
  readonly isRepeatable: boolean;
}

/** The same for every content. @param totalOctets - of a stream, when its sender knows. */
export function contentSource(content: Content, totalOctets?: number): RepeatableSource {
  if (typeof content === 'string') return ofOctets(new TextEncoder().encode(content));
  if (content instanceof Uint8Array) return ofOctets(content);
  if (content instanceof Blob) {
    const read = (start: number) => pieces(content.slice(start).stream());
    return { octets: content.size, read, isRepeatable: true };
  }
  if ('read' in content) return { octets: content.octets, read: (start) => content.read(start), isRepeatable: true };
  return { octets: totalOctets, read: (start) => (start === 0 ? content : failing()), isRepeatable: false };
}

function ofOctets(octets: Uint8Array) {
  const read = async function* (start: number) {
    if (start < octets.length) yield octets.subarray(start);
  };
  return { octets: octets.length, read, isRepeatable: true };
}

/** Not every browser iterates over its streams. */
async function* pieces(stream: ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) yield step.value;
  } finally {
    void reader.cancel();
  }
}

function failing(): AsyncIterable<Uint8Array> {
  throw new MsrpError('MSRP_NOT_RESUMABLE', 'a stream can be read only once');
}

/** Reads a source one piece ahead of whoever takes octets from it. It is opened when its first octets are wanted. */
export class ContentReader {
  readonly #source: ContentSource;
  readonly #start: number;
  #iterator: AsyncIterator<Uint8Array> | undefined;
  #piece: Uint8Array | undefined;
  #takenOctets = 0;
  #isReading = false;
  #isEnded = false;
  #error: unknown;
  #wake: (() => void) | undefined;

  constructor(source: ContentSource, start: number) {
    this.#source = source;
    this.#start = start;
  }

  /** Octets that can be taken now. */
  get readyOctets(): number {
    return this.#piece?.length ?? 0;
  }

  /** How many octets were taken. */
  get takenOctets(): number {
    return this.#takenOctets;
  }

  /** Whether everything was read and taken. */
  get isDone(): boolean {
    return this.#isEnded && this.#piece === undefined;
  }

  /** Whether everything was read, although some of it may not have been taken yet. */
  get hasEnded(): boolean {
    return this.#isEnded;
  }

  /** What reading failed with. */
  get error(): unknown {
    return this.#error;
  }

  /** Up to `octets` of what is ready, not taken yet: a view on what the source gave. */
  peek(octets: number): Uint8Array {
    return (this.#piece ?? NO_OCTETS).subarray(0, octets);
  }

  /** Takes what `peek` has shown. */
  take(octets: number): void {
    const rest = (this.#piece ?? NO_OCTETS).subarray(octets);
    this.#piece = rest.length === 0 ? undefined : rest;
    this.#takenOctets += octets;
  }

  /** Reads on when at least `wantedOctets` are not ready and there is more; calls `wake` once that has changed something. */
  fill(wantedOctets: number, wake: () => void): void {
    if (this.#isEnded || this.#error !== undefined || this.readyOctets >= wantedOctets) return;
    this.#wake = wake;
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#read(wantedOctets);
  }

  /** Nothing more will be taken: the source is told, and nobody is woken. */
  cancel(): void {
    this.#wake = undefined;
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#piece = undefined;
    void this.#leave();
  }

  async #leave(): Promise<void> {
    try {
      await this.#iterator?.return?.();
    } catch {
      // What the source says to that is of no use to anybody any more.
    }
  }

  async #read(wantedOctets: number): Promise<void> {
    try {
      this.#iterator ??= this.#source.read(this.#start)[Symbol.asyncIterator]();
      while (!this.#isEnded && this.readyOctets < wantedOctets) {
        const step = await this.#iterator.next();
        if (this.#isEnded) break;
        if (step.done) this.#isEnded = true;
        else this.#add(step.value);
      }
    } catch (error) {
      this.#error = error ?? new Error('the source of the content failed');
    }
    this.#isReading = false;
    const wake = this.#wake;
    this.#wake = undefined;
    wake?.();
  }

  #add(octets: Uint8Array): void {
    if (octets.length === 0) return;
    this.#piece = this.#piece === undefined ? octets : concat(this.#piece, octets);
  }
}
