/** What waits for one connection: urgent texts first, then the chunks of each session in turn. */
import { Fifo } from './fifo.ts';
import type { Memory } from './memory.ts';
import type { OutgoingChunk } from './outgoing-chunk.ts';
import { appended } from './short-list.ts';

/** How many octets a lane may send before the next one has its turn. */
const QUANTUM_OCTETS = 16_384;

/** Whose lane it is. */
export interface LaneOwner {
  /** The lane fell to its low-water mark after having been over the high one. */
  laneIsLow(): void;
  /** A chunk was taken to be written. Says whether more may leave; else the lane is held until `wake`. */
  chunkLeft(): boolean;
}

/** The chunks of one session in one direction, in order (RFC 4976 §3). */
export class Lane {
  readonly owner: LaneOwner;
  readonly chunks = new Fifo<OutgoingChunk>();
  /** Memory that its chunks hold. */
  heldOctets = 0;
  /** What they are on the wire. */
  octets = 0;
  deficit = 0;
  isOverHigh = false;
  /** Nothing leaves although something may wait. */
  isHeld = false;

  constructor(owner: LaneOwner) {
    this.owner = owner;
  }
}

/** One batch for the socket. */
export interface Batch {
  readonly urgent: readonly string[];
  readonly chunks: readonly OutgoingChunk[];
}

/** Marks of every lane: over `highWaterOctets` its owner stops reading, at `lowWaterOctets` it goes on. */
export interface WaterMarks {
  readonly highWaterOctets: number;
  readonly lowWaterOctets: number;
}

/**
 * Two lanes in the sense of the road: responses, REPORTs and other small requests overtake SEND chunks
 * (RFC 4975 §7.1.1), and sessions share what is left by deficit round robin, octet by octet. It always
 * stands at a chunk boundary: what is taken out is complete.
 */
export class WriteQueue {
  readonly #marks: WaterMarks;
  readonly #memory: Memory;
  readonly #urgent = new Fifo<string>();
  /** The lanes in which something waits: in turn those that may send it, and those that are held. */
  readonly #active = new Fifo<Lane>();
  readonly #held = new Set<Lane>();
  /** What came in the read that is going on. */
  readonly #fresh = new Fifo<OutgoingChunk>();
  #urgentOctets = 0;
  #laneOctets = 0;

  constructor(marks: WaterMarks, memory: Memory) {
    this.#marks = marks;
    this.#memory = memory;
  }

  /** Memory that everything waiting here holds. */
  get heldOctets(): number {
    return this.#urgentOctets + this.#laneOctets;
  }

  /** Of that, the urgent texts. */
  get urgentOctets(): number {
    return this.#urgentOctets;
  }

  /** Nothing waits at all. */
  get isEmpty(): boolean {
    return this.#urgent.length === 0 && !this.#hasChunks;
  }

  /** Something waits that may leave. */
  get isReady(): boolean {
    return this.#urgent.length > 0 || this.#active.length > 0;
  }

  pushUrgent(text: string): void {
    this.#urgent.push(text);
    this.#urgentOctets += text.length;
    this.#memory.heldOctets += text.length;
  }

  /** Puts a chunk at the end of its lane. True when the lane now stands over its high-water mark. */
  push(lane: Lane, chunk: OutgoingChunk): boolean {
    if (lane.chunks.length === 0) {
      if (lane.isHeld) this.#held.add(lane);
      else this.#active.push(lane);
    }
    lane.chunks.push(chunk);
    lane.heldOctets += chunk.heldOctets;
    lane.octets += chunk.octets;
    this.#laneOctets += chunk.heldOctets;
    this.#memory.heldOctets += chunk.heldOctets;
    chunk.isWaiting = true;
    this.#fresh.push(chunk);
    const { highWaterOctets, lowWaterOctets } = this.#marks;
    // When memory is short everybody has to do with less; the longest lanes are the first to feel it.
    if (lane.heldOctets > (this.#memory.isNear ? lowWaterOctets : highWaterOctets)) lane.isOverHigh = true;
    return lane.isOverHigh;
  }

  /** A held lane may go on. */
  wake(lane: Lane): void {
    if (!lane.isHeld) return;
    lane.isHeld = false;
    if (this.#held.delete(lane)) this.#active.push(lane);
  }

  /** Takes urgent texts, then chunks, until the batch holds `octets` or more. */
  take(octets: number): Batch {
    let urgent: string[] = [];
    let taken = 0;
    while (taken < octets) {
      const text = this.#urgent.shift();
      if (text === undefined) break;
      urgent = appended(urgent, text);
      taken += text.length;
    }
    this.#releaseUrgent(taken);
    let chunks: OutgoingChunk[] = [];
    while (taken < octets) {
      const chunk = this.#next();
      if (chunk === undefined) break;
      chunks = appended(chunks, chunk);
      taken += chunk.octets;
    }
    return { urgent, chunks };
  }

  /** The read is over: what came in it and still waits lets go of it. */
  settle(): void {
    if (this.#fresh.length === 0) return;
    while (this.#fresh.length > 0) {
      const chunk = this.#fresh.shift();
      if (chunk?.isWaiting === true) chunk.settle();
    }
  }

  /** Takes out the chunks of `lane` that `drop` says yes to. */
  drop(lane: Lane, drop: (chunk: OutgoingChunk) => boolean): OutgoingChunk[] {
    const waiting = lane.chunks.length;
    const dropped = lane.chunks.remove((chunk) => !drop(chunk));
    for (const chunk of dropped) this.#release(lane, chunk);
    if (waiting > 0 && lane.chunks.length === 0 && !this.#held.delete(lane)) {
      this.#active.remove((other) => other !== lane);
    }
    this.#tellWhenLow(lane);
    return dropped;
  }

  /** Empties the queue; owners are told nothing. */
  clear(): void {
    this.#urgent.clear();
    this.#releaseUrgent(this.#urgentOctets);
    this.clearChunks();
  }

  /** Throws away all chunks, not the urgent texts; owners are told nothing. */
  clearChunks(): void {
    for (const lane of [...this.#active.clear(), ...this.#held]) {
      lane.chunks.clear();
      lane.heldOctets = 0;
      lane.octets = 0;
    }
    this.#held.clear();
    this.#memory.heldOctets -= this.#laneOctets;
    this.#laneOctets = 0;
    this.#fresh.clear();
  }

  get #hasChunks(): boolean {
    return this.#active.length > 0 || this.#held.size > 0;
  }

  #next(): OutgoingChunk | undefined {
    for (;;) {
      const lane = this.#active.first;
      const chunk = lane?.chunks.first;
      if (lane === undefined || chunk === undefined) return undefined;
      if (lane.deficit < chunk.octets) lane.deficit += QUANTUM_OCTETS;
      if (lane.deficit >= chunk.octets || this.#active.length === 1) return this.#takeFrom(lane, chunk);
      this.#active.shift();
      this.#active.push(lane);
    }
  }

  #takeFrom(lane: Lane, chunk: OutgoingChunk): OutgoingChunk {
    lane.chunks.shift();
    this.#release(lane, chunk);
    lane.deficit = Math.max(0, lane.deficit - chunk.octets);
    chunk.sender?.taken();
    lane.isHeld = !lane.owner.chunkLeft();
    const next = lane.chunks.first;
    if (next === undefined || lane.isHeld) {
      lane.deficit = 0;
      this.#active.shift();
      if (next !== undefined) this.#held.add(lane);
    } else if (this.#active.length > 1 && lane.deficit < next.octets) {
      this.#active.shift();
      this.#active.push(lane);
    }
    this.#tellWhenLow(lane);
    return chunk;
  }

  #release(lane: Lane, chunk: OutgoingChunk): void {
    chunk.isWaiting = false;
    lane.heldOctets -= chunk.heldOctets;
    lane.octets -= chunk.octets;
    this.#laneOctets -= chunk.heldOctets;
    this.#memory.heldOctets -= chunk.heldOctets;
  }

  #releaseUrgent(octets: number): void {
    this.#memory.heldOctets -= octets;
    this.#urgentOctets -= octets;
  }

  #tellWhenLow(lane: Lane): void {
    if (!lane.isOverHigh || lane.heldOctets > this.#marks.lowWaterOctets) return;
    lane.isOverHigh = false;
    lane.owner.laneIsLow();
  }
}
