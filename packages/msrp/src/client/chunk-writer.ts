/**
 * Puts requests, responses and the chunks of messages onto one channel: what is short goes first, sessions take turns by
 * octets, and a long chunk is interrupted only when somebody waits (RFC 4975 §5.1, §7.1.1).
 */
import type { Clock, Timer } from '../base/clock.ts';
import { makeIdent } from '../wire/ident.ts';
import { octetsOf } from '../wire/octets.ts';
import { formatEndLine } from '../wire/serializer.ts';
import type { Channel } from './channel.ts';
import { EndLineGuard } from './end-line-guard.ts';
import { type Sending, UNINTERRUPTED_OCTETS } from './outgoing-message.ts';

/** The channel is fed while less than this waits in it: more could be neither overtaken nor interrupted. */
const MAX_WAITING_OCTETS = 131_072;

/** How much is written at a time, alone and while others wait. */
const PIECE_OCTETS = 65_536;
const SHARED_PIECE_OCTETS = 16_384;

/** Of requests and responses no more may wait: their number is the peer's choice, who might take none of them. */
const MAX_TEXT_OCTETS = 1_048_576;

/** A channel of whole chunks gets them no longer than this. */
const MAX_WHOLE_CHUNK_OCTETS = 65_536;

/** A chunk whose content does not come is ended after so long, so that what it has is answered and acted on. */
const LINGER_MS = 200;

/** The messages of one session that are on their way, in turn. */
interface Lane {
  readonly session: object;
  readonly sendings: Sending[];
  /** What it has written in its turn. */
  turnOctets: number;
}

/** The writing half of a connection. */
export class ChunkWriter {
  readonly #channel: Channel;
  readonly #clock: Clock;
  readonly #overflowed: () => void;
  readonly #pump = () => this.pump();
  readonly #texts: string[] = [];
  #textOctets = 0;
  /** Those whose turn is next come first. */
  readonly #lanes: Lane[] = [];
  #parts: Uint8Array[] = [];
  #current: Sending | undefined;
  #transactionId = '';
  /** What of the open chunk was written, head and all. */
  #chunkOctets = 0;
  #guard: EndLineGuard | undefined;
  #linger: Timer | undefined;
  #isScheduled = false;
  #isPumping = false;
  #isClosed = false;

  /** @param overflowed - is told when the other end takes nothing, and too much has to be said to it. */
  constructor(channel: Channel, clock: Clock, overflowed: () => void) {
    this.#channel = channel;
    this.#clock = clock;
    this.#overflowed = overflowed;
  }

  /** Writes a whole request or response at the next border of chunks; all of one turn leave together. */
  writeNow(text: string): void {
    if (this.#isClosed) return;
    this.#texts.push(text);
    this.#textOctets += text.length;
    if (this.#textOctets > MAX_TEXT_OCTETS) this.#overflowed();
    else this.#schedule();
  }

  /** Takes on a message of `session`. */
  add(session: object, sending: Sending): void {
    const lane = this.#lanes.find((known) => known.session === session);
    if (lane === undefined) this.#lanes.push({ session, sendings: [sending], turnOctets: 0 });
    else lane.sendings.push(sending);
    this.#schedule();
  }

  /** Something about a message has changed: it may have been given up. */
  wake(): void {
    this.#schedule();
  }

  /** Writes what must not be missing when nothing comes after it: the end of the open chunk, and all short things. */
  finish(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    if (this.#current !== undefined) this.#end(this.#current);
    if (this.#texts.length > 0) this.#step();
    for (let next = this.#nextReady(); next?.mustEnd; next = this.#nextReady()) {
      this.#begin(next);
      this.#end(next);
    }
    this.#flush();
    this.#isPumping = false;
  }

  /** Nothing is written from now on. */
  close(): void {
    this.#isClosed = true;
    this.#linger?.cancel();
    this.#texts.length = 0;
    this.#lanes.length = 0;
  }

  /** Writes as much as the channel should hold. */
  pump(): void {
    if (this.#isPumping || this.#isClosed) return;
    this.#isPumping = true;
    this.#linger?.cancel();
    while (!this.#isClosed && this.#waitingOctets() < MAX_WAITING_OCTETS && this.#step());
    this.#flush();
    this.#isPumping = false;
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => {
      this.#isScheduled = false;
      this.pump();
    });
  }

  #waitingOctets(): number {
    return this.#channel.waitingOctets + this.#parts.reduce((sum, part) => sum + part.length, 0);
  }

  /** Does one thing. @returns false when there is nothing to do. */
  #step(): boolean {
    if (this.#current !== undefined) return this.#goOn(this.#current);
    if (this.#texts.length > 0) {
      this.#textOctets = 0;
      for (const text of this.#texts.splice(0)) {
        this.#parts.push(octetsOf(text));
        if (this.#channel.writesWholeChunks) this.#flush();
      }
      return true;
    }
    const next = this.#nextReady();
    if (next === undefined) return false;
    this.#begin(next);
    return true;
  }

  /** The first message whose turn it is and that has something to send; those that are over are dropped on the way. */
  #nextReady(): Sending | undefined {
    for (const lane of [...this.#lanes]) {
      for (const sending of [...lane.sendings]) {
        if (sending.isReady(this.#pump)) sending.checkContent();
        if (sending.isOver) this.#drop(sending);
        else if (sending.isReady(this.#pump)) return sending;
      }
    }
    return undefined;
  }

  #begin(sending: Sending): void {
    this.#current = sending;
    // A chunk that says where it ends must not be interrupted: its id is one that its body does not hold.
    const body = sending.peek(UNINTERRUPTED_OCTETS);
    do {
      this.#transactionId = makeIdent();
      this.#guard = new EndLineGuard(this.#transactionId);
    } while (this.#guard.safeOctets(body) < body.length);
    this.#chunkOctets = 0;
    this.#put(octetsOf(sending.begin(this.#transactionId)));
  }

  /** Writes a part of the open chunk. */
  #put(octets: Uint8Array): void {
    this.#parts.push(octets);
    this.#chunkOctets += octets.length;
  }

  #goOn(sending: Sending): boolean {
    const isReady = sending.isReady(this.#pump);
    sending.checkContent();
    const octets = sending.chunkOctets ?? 0;
    const isWanted = this.#othersWait(sending);
    const turnOctets = this.#texts.length > 0 ? UNINTERRUPTED_OCTETS : SHARED_PIECE_OCTETS;
    if (sending.mustEnd || (isWanted && octets >= turnOctets)) {
      this.#end(sending);
      return true;
    }
    if (!isReady) return this.#waitFor(sending, isWanted);
    const piece = sending.peek(this.#pieceOctets(octets, isWanted));
    const safeOctets = this.#guard?.safeOctets(piece) ?? piece.length;
    const safe = piece.subarray(0, safeOctets);
    if (safe.length > 0) {
      this.#guard?.add(safe);
      this.#put(safe);
      sending.take(safe.length);
    }
    if (safe.length < piece.length || this.#isFull(sending)) this.#end(sending);
    return true;
  }

  #pieceOctets(chunkOctets: number, isWanted: boolean): number {
    if (this.#channel.writesWholeChunks) return MAX_WHOLE_CHUNK_OCTETS - chunkOctets;
    return isWanted ? SHARED_PIECE_OCTETS : PIECE_OCTETS;
  }

  #isFull(sending: Sending): boolean {
    return this.#channel.writesWholeChunks && (sending.chunkOctets ?? 0) >= MAX_WHOLE_CHUNK_OCTETS;
  }

  /** The content of the open chunk does not come: the chunk ends, at once when somebody waits, else after a while. */
  #waitFor(sending: Sending, isWanted: boolean): boolean {
    if (isWanted) {
      this.#end(sending);
      return true;
    }
    this.#linger = this.#clock.after(LINGER_MS, () => {
      if (this.#current !== sending || this.#isClosed) return;
      this.#end(sending);
      this.pump();
    });
    return false;
  }

  #end(sending: Sending): void {
    this.#put(octetsOf(`\r\n${formatEndLine(this.#transactionId, sending.end())}`));
    this.#current = undefined;
    this.#rotate(sending);
    if (sending.isOver) this.#drop(sending);
    if (this.#channel.writesWholeChunks) this.#flush();
  }

  #othersWait(sending: Sending): boolean {
    if (this.#texts.length > 0) return true;
    return this.#lanes.some((lane) =>
      lane.sendings.some((other) => other !== sending && !other.isOver && other.isReady(this.#pump)),
    );
  }

  /** In its session the message goes to the end of the row, and so does the session when it has had its turn. */
  #rotate(sending: Sending): void {
    const at = this.#lanes.findIndex((lane) => lane.sendings.includes(sending));
    const lane = this.#lanes[at];
    if (lane === undefined) return;
    lane.sendings.push(...lane.sendings.splice(lane.sendings.indexOf(sending), 1));
    lane.turnOctets += this.#chunkOctets;
    if (lane.turnOctets < SHARED_PIECE_OCTETS) return;
    // What it wrote too much is taken off its next turn; but not what it wrote while it was alone.
    lane.turnOctets %= SHARED_PIECE_OCTETS;
    this.#lanes.push(...this.#lanes.splice(at, 1));
  }

  #drop(sending: Sending): void {
    const lane = this.#lanes.find(({ sendings }) => sendings.includes(sending));
    if (lane === undefined) return;
    lane.sendings.splice(lane.sendings.indexOf(sending), 1);
    if (lane.sendings.length === 0) this.#lanes.splice(this.#lanes.indexOf(lane), 1);
  }

  #flush(): void {
    if (this.#parts.length === 0 || this.#isClosed) return;
    // Half a chunk must not leave a channel that carries whole ones.
    if (this.#channel.writesWholeChunks && this.#current !== undefined) return;
    const parts = this.#parts;
    this.#parts = [];
    this.#channel.write(parts);
  }
}
