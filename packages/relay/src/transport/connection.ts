/** One open hop: octets of a socket to the parser, and what waits for it to the socket. */
import type { Duplex } from 'node:stream';
import type { Clock } from 'msrp/base';
import { Parser, type ParserEvents, type ParserLimits } from 'msrp/wire';
import type { ChunkLimits, ConnectionOrigin } from './connection-origin.ts';
import { flat } from './flat.ts';
import type { Histogram } from './histogram.ts';
import { InFlight } from './in-flight.ts';
import type { Memory } from './memory.ts';
import type { OutgoingChunk } from './outgoing-chunk.ts';
import { partOf, type Writes } from './part.ts';
import type { PauseCause, Pauses } from './pauses.ts';
import type { ReadBuffers } from './read-buffers.ts';
import { readShared } from './shared-read.ts';
import type { Slab } from './slab.ts';
import type { Stores } from './stores.ts';
import type { Flushable, Turn } from './turn.ts';
import { Lane, type LaneOwner, type WaterMarks, WriteQueue } from './write-queue.ts';

/** A peer that leaves more octets of answers unread than this is not read until it has taken them. */
const MAX_UNREAD_ANSWERS = 262_144;

/** So much does not wait as it came: it would have to be copied, and a batch of it costs no more. */
const LARGE_OCTETS = 16_384;

/** What all connections of a relay share. */
export interface ConnectionContext {
  readonly clock: Clock;
  readonly turn: Turn;
  readonly slab: Slab;
  readonly stores: Stores;
  readonly parserLimits: ParserLimits;
  readonly marks: WaterMarks;
  readonly memory: Memory;
  readonly readBuffers: ReadBuffers;
  /** How long chunks waited here until they were handed to the system. */
  readonly queueTimes: Histogram;
  readonly pauses: Pauses;
  /** Of connections whose origin names none. */
  readonly chunk: ChunkLimits;
  /** How long a graceful end may take to write what is left. */
  readonly endMs: number;
}

/** What the rules hear of a connection: its messages, and its life. */
export interface ConnectionEvents extends ParserEvents {
  /** Everything that came in one read of so many octets was told. */
  readDone(octets: number): void;
  /** Something may be written now: gives what is to go behind all urgent texts that wait, if anything is. */
  lastWords?(): string | undefined;
  /** All urgent texts were taken; told after each write that leaves none waiting. */
  urgentTaken?(): void;
  /**
   * The connection carries nothing more but urgent texts already queued; told once, whatever ended it.
   * `error` is undefined when it was closed in peace.
   */
  closed(error: Error | undefined): void;
}

/**
 * A connection: dialling → open → closed, never backwards. What is queued while it is being
 * dialled leaves when it opens. It owns its socket.
 */
export class Connection implements Flushable {
  readonly origin: ConnectionOrigin;
  readonly chunk: ChunkLimits;
  octetsIn = 0;
  octetsOut = 0;
  flushedIn = 0;
  /** What it receives comes in a buffer that all share; it has been opened. */
  isReadShared = false;
  readonly #context: ConnectionContext;
  readonly #queue: WriteQueue;
  readonly #inFlight: InFlight;
  readonly #writes: Writes;
  #events: ConnectionEvents | undefined;
  #parser: Parser | undefined;
  #socket: Duplex | undefined;
  #state: 'dialling' | 'open' | 'ending' | 'closed' = 'dialling';
  #isDirty = false;
  #paused: PauseCause | undefined;
  /** Since when it has not been read because it does not read its answers. */
  #fullSinceMs: number | undefined;
  #stalledSinceMs: number | undefined;

  constructor(origin: ConnectionOrigin, context: ConnectionContext) {
    this.origin = origin;
    this.chunk = origin.chunk ?? context.chunk;
    this.#writes = writesOf(origin);
    this.#context = context;
    this.#queue = new WriteQueue(context.marks, context.memory);
    this.#inFlight = new InFlight(this.chunk.maxOctets, context.stores, context.memory);
  }

  /** Sets who is told; to be called before the connection opens. */
  listen(events: ConnectionEvents): void {
    this.#events = events;
    this.#parser = new Parser(events, this.#context.parserLimits);
  }

  /** The connection is open: `socket` is read and written from now on. Its half-open side must be allowed. */
  open(socket: Duplex): void {
    if (this.#state !== 'dialling') {
      socket.destroy();
      return;
    }
    this.#state = 'open';
    this.#socket = socket;
    const read = (octets: Buffer) => this.#read(octets);
    this.isReadShared = readShared(socket, read);
    if (!this.isReadShared) socket.on('data', read);
    socket.on('end', () => this.end());
    socket.on('error', (error) => this.#close(error));
    socket.on('close', () => this.#close(undefined));
    if (this.#paused !== undefined) socket.pause();
    if (!this.#queue.isEmpty) this.#soil();
  }

  get state(): 'dialling' | 'open' | 'ending' | 'closed' {
    return this.#state;
  }

  /** True while it can still carry what is given to it now. */
  get isUsable(): boolean {
    return this.#state === 'open' || this.#state === 'dialling';
  }

  /** Why it is not read; undefined while it is. */
  get paused(): PauseCause | undefined {
    return this.#paused ?? (this.#fullSinceMs === undefined ? undefined : 'answers');
  }

  /** True while a started head is waiting for its rest. */
  get isInsideHead(): boolean {
    return this.#parser?.isInsideHead === true;
  }

  /** True between the head of a message and its end. */
  get isInsideMessage(): boolean {
    return this.#parser?.isInsideBody === true;
  }

  /** For how long the system has not taken what was given to it; 0 when nothing waits there. */
  stalledMs(nowMs: number): number {
    if (this.#inFlight.isNothing) {
      this.#stalledSinceMs = undefined;
      return 0;
    }
    this.#stalledSinceMs ??= nowMs;
    return nowMs - this.#stalledSinceMs;
  }

  /** Two nodes that both wait for the other to read would wait for ever: after `ms` this one reads on for a while. */
  readOnAfter(ms: number, nowMs: number): void {
    if (nowMs - (this.#fullSinceMs ?? nowMs) >= ms) this.#readOn(this.#socket);
  }

  /** Memory that everything waiting here holds, in octets; without the batch that the system is taking. */
  get heldOctets(): number {
    return this.#queue.heldOctets;
  }

  /** Memory that urgent texts waiting here hold. */
  get urgentOctets(): number {
    return this.#queue.urgentOctets;
  }

  /** True when nothing waits, neither here nor for the system to take it. */
  get isDrained(): boolean {
    return this.#queue.isEmpty && this.#inFlight.isNothing;
  }

  /** A lane of its own for one session and direction. */
  lane(owner: LaneOwner): Lane {
    return new Lane(owner);
  }

  /** Sends a whole response or small request ahead of all chunks that wait. Dropped when the connection is over. */
  writeUrgent(text: string): void {
    if (!this.isUsable) return;
    // What has to wait must not be a view on the text of a whole read.
    this.#queue.pushUrgent(this.#inFlight.hasRoom ? text : flat(text));
    this.#soil();
  }

  /** Queues a chunk in its lane; true when the lane is over its high-water mark. */
  writeChunk(lane: Lane, chunk: OutgoingChunk): boolean {
    if (!this.isUsable) return false;
    chunk.queuedAtTicks = this.#context.turn.ticks;
    const isOverHigh = this.#queue.push(lane, chunk);
    this.#soil();
    return isOverHigh;
  }

  /** A lane that its owner held may go on. */
  wake(lane: Lane): void {
    this.#queue.wake(lane);
    this.#soil();
  }

  /** Takes chunks of a lane out again; they are not written. */
  drop(lane: Lane, drop: (chunk: OutgoingChunk) => boolean): OutgoingChunk[] {
    return this.#queue.drop(lane, drop);
  }

  /** Reads no more until `resume`: TCP then slows the peer. */
  pause(cause: PauseCause): void {
    if (this.#paused !== undefined || this.#state === 'closed') return;
    this.#paused = cause;
    this.#context.pauses.begin(cause);
    this.#socket?.pause();
  }

  resume(): void {
    this.#endPause();
    if (this.#fullSinceMs === undefined) this.#socket?.resume();
  }

  /** Reads nothing more, writes the urgent texts that wait, closes. Chunks that wait are lost. */
  end(): void {
    if (this.#state === 'dialling') return this.#close(undefined);
    if (this.#state !== 'open') return;
    this.#state = 'ending';
    this.#parser?.stop();
    this.#queue.clearChunks();
    const deadline = setTimeout(() => this.destroy(), this.#context.endMs);
    deadline.unref();
    this.#socket?.once('close', () => clearTimeout(deadline));
    this.#socket?.resume();
    this.flush();
    this.#events?.closed(undefined);
  }

  /** Closes at once; what waits is lost. */
  destroy(error?: Error): void {
    this.#close(error);
  }

  /** Writes one batch when the socket has room for it; called at the end of a read, or of a turn. */
  flush(): void {
    this.prepare();
    this.write();
  }

  prepare(): boolean {
    this.#isDirty = false;
    const words = this.#state === 'closed' ? undefined : this.#events?.lastWords?.();
    if (words) this.#queue.pushUrgent(words);
    this.#takeBatch();
    this.#queue.settle();
    return this.#inFlight.isPrepared;
  }

  write(): void {
    if (!this.#inFlight.isPrepared || this.#socket === undefined || this.#state === 'closed') return;
    this.#write(this.#socket, this.#inFlight.give());
  }

  get isLarge(): boolean {
    return this.#queue.heldOctets >= LARGE_OCTETS;
  }

  get isFull(): boolean {
    return this.#inFlight.isFull;
  }

  /** What waits here lets go of the read that is going on. */
  settle(): void {
    this.#queue.settle();
  }

  #read(octets: Buffer): void {
    this.octetsIn += octets.length;
    if (this.#state !== 'open') return;
    this.#parser?.write(octets);
    this.#events?.readDone(octets.length);
    this.#context.turn.readDone();
    if (this.#queue.urgentOctets <= MAX_UNREAD_ANSWERS || this.#fullSinceMs !== undefined) return;
    // It asks and asks and does not read the answers: it is not read either.
    this.#fullSinceMs = this.#context.clock.nowMs();
    this.#context.pauses.begin('answers');
    this.#socket?.pause();
  }

  #endPause(): void {
    if (this.#paused !== undefined) this.#context.pauses.end(this.#paused);
    this.#paused = undefined;
  }

  #endFullness(): void {
    if (this.#fullSinceMs !== undefined) this.#context.pauses.end('answers');
    this.#fullSinceMs = undefined;
  }

  #soil(): void {
    if (this.#isDirty) return;
    this.#isDirty = true;
    this.#context.turn.add(this);
  }

  /** Takes a batch out of the queue when there is one, and the system has taken the last, or has not been given it yet. */
  #takeBatch(): void {
    const socket = this.#socket;
    if (socket === undefined || this.#state === 'closed' || !this.#inFlight.hasRoom) return;
    if (!this.#queue.isReady) {
      if (this.#state === 'ending' && this.#inFlight.isNothing) socket.end();
      return;
    }
    const batch = this.#queue.take(this.chunk.maxOctets);
    this.#noteWaits(batch.chunks);
    const { slab } = this.#context;
    const encoded = this.#writes === 'messages' ? slab.encodeEach(batch) : slab.encode(batch);
    this.octetsOut += this.#inFlight.add(batch.chunks, encoded);
  }

  #noteWaits(chunks: readonly OutgoingChunk[]): void {
    if (chunks.length === 0) return;
    const { turn, queueTimes } = this.#context;
    const { ticks } = turn;
    for (const chunk of chunks) queueTimes.add((ticks - chunk.queuedAtTicks) | 0);
  }

  /** Writes what was prepared, a part at a time, so that it shows whether the system still takes any. */
  #write(socket: Duplex, runs: readonly Uint8Array[]): void {
    const { part, rest } = partOf(runs, this.#writes);
    const written = (error?: Error | null) => {
      this.#stalledSinceMs = undefined;
      if (error) return;
      if (rest.length > 0) this.#write(socket, rest);
      else this.#written(socket);
    };
    if (part.length === 1) {
      socket.write(part[0], written);
      return;
    }
    socket.cork();
    for (const [at, run] of part.entries()) socket.write(run, at === part.length - 1 ? written : undefined);
    socket.uncork();
  }

  #written(socket: Duplex): void {
    const { turn } = this.#context;
    turn.timePassed();
    this.#inFlight.taken();
    this.#takeBatch();
    this.write();
    turn.timePassed();
    if (this.#queue.urgentOctets > 0) return;
    this.#events?.urgentTaken?.();
    if (this.#fullSinceMs !== undefined) this.#readOn(socket);
  }

  #readOn(socket: Duplex | undefined): void {
    this.#endFullness();
    if (this.#paused === undefined) socket?.resume();
  }

  #close(error: Error | undefined): void {
    if (this.#state === 'closed') return;
    const wasTold = this.#state === 'ending';
    this.#state = 'closed';
    this.#parser?.stop();
    this.#queue.clear();
    this.#inFlight.forget();
    this.#endPause();
    this.#endFullness();
    // A destroyed socket may still report an error; it has been told to nobody's use.
    this.#socket?.on('error', () => {});
    this.#socket?.destroy();
    if (!wasTold) this.#events?.closed(error);
  }
}

/** A WebSocket carries one chunk in each message. Over TLS Node would copy several runs together before it encrypts them. */
function writesOf({ transport, worker }: ConnectionOrigin): Writes {
  if (worker !== undefined) return 'runs';
  if (transport === 'ws' || transport === 'wss') return 'messages';
  return transport === 'tls' ? 'single runs' : 'runs';
}
