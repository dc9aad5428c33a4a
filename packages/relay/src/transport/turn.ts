/** A turn of the event loop: when what is gathered in it leaves, and what time it is in it. */
import type { Clock } from 'msrp/base';
import { Fifo } from './fifo.ts';
import { TICKS_PER_MS } from './histogram.ts';

/** Something that has gathered output in this turn. */
export interface Flushable {
  /** The turn in which it last flushed at the end of a read; `Turn` keeps it. */
  flushedIn: number;
  /** So much was gathered in this read that it has to leave it now: to keep it would cost more than to make it fit to be written. */
  readonly isLarge: boolean;
  /** So much is prepared that waiting for more would save nothing. */
  readonly isFull: boolean;
  /** Hands it to the system. */
  flush(): void;
  /** Makes it fit to outlast the read that is going on; says whether there is something that `write` is to hand to the system. */
  prepare(): boolean;
  write(): void;
  /** The read is over, and what was gathered stays: it must not be on the octets that were read. */
  settle(): void;
}

/**
 * A turn of the loop lasts as long as more sockets are ready, which with a thousand busy ones is nearly for ever: whoever has been
 * answered in it waits for all the others. After so many reads there is a new turn.
 */
const MOST_READS = 64;

/**
 * So many that had little to write at the end of a read in the last turn of the loop are a crowd. A write wakes its reader up, which costs more than all the rest of it where that
 * one has just gone to sleep on another core: the writes of a crowd leave together, and all but the first find it awake.
 */
const CROWD = 16;

/** A read brings something for two connections, as a rule. */
const KEPT_PLACES = 2 * MOST_READS;

/**
 * Flushes each thing that asked for it at the end of the read that brought its output, once in a turn of the loop, and what
 * comes for it later in the turn when all sockets that were ready have been read, or many: at most two small writes a turn and
 * connection, whatever the number of messages, and no message waits until other sockets have been read, unless these are a crowd.
 */
export class Turn {
  #number = 1;
  #reads = 0;
  /** How many had little to write at the end of a read since the loop began its turn. */
  #small = 0;
  #isCrowded = false;
  readonly #prepared = new Fifo<Flushable>(KEPT_PLACES);
  readonly #waiting = new Fifo<Flushable>(KEPT_PLACES);
  #isUnderWay = false;
  readonly #clock: Clock;
  #ticks = 0;
  #hasTicks = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * The time, in ticks of the histograms, as a whole number of 32 bits: it goes round every three days, so that what is
   * kept of it costs no object; differences are taken with `| 0`. One look at the clock serves everything that
   * happens in one read, or in one callback of the system.
   */
  get ticks(): number {
    if (!this.#hasTicks) {
      this.#hasTicks = true;
      this.#ticks = (this.#clock.nowMs() * TICKS_PER_MS) | 0;
    }
    return this.#ticks;
  }

  /** Something else begins, or is over: the next look at the time is a new one. */
  timePassed(): void {
    this.#hasTicks = false;
  }

  /** Asks for one `flush` in this turn; the caller keeps count of having asked. */
  add(item: Flushable): void {
    this.#waiting.push(item);
    if (this.#isUnderWay) return;
    this.#isUnderWay = true;
    setImmediate(this.#end);
  }

  /** Everything that came in one read has been dealt with. */
  readDone(): void {
    this.#reads += 1;
    if (this.#reads >= MOST_READS) this.#next();
    else if (this.#waiting.length > 0) this.#flushAfterRead();
    for (let at = 0; at < this.#waiting.length; at += 1) this.#waiting.at(at)?.settle();
    this.timePassed();
  }

  #next(): void {
    this.#reads = 0;
    this.#number += 1;
    while (this.#prepared.length > 0) this.#prepared.shift()?.write();
    // What is added meanwhile waits for itself.
    for (let left = this.#waiting.length; left > 0; left -= 1) this.#waiting.shift()?.flush();
  }

  #flushAfterRead(): void {
    for (let left = this.#waiting.length; left > 0; left -= 1) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      if (item.flushedIn === this.#number && !item.isLarge) {
        this.#waiting.push(item);
      } else {
        item.flushedIn = this.#number;
        this.#flush(item);
      }
    }
  }

  #flush(item: Flushable): void {
    if (!item.isLarge) {
      this.#small += 1;
      if (!this.#isCrowded) return item.flush();
    }
    if (item.prepare()) this.#prepared.push(item);
    if (item.isFull) item.write();
  }

  readonly #end = (): void => {
    this.#isUnderWay = false;
    this.timePassed();
    this.#next();
    this.#isCrowded = this.#small >= CROWD;
    this.#small = 0;
    this.timePassed();
  };
}
