/**
 * Gives memory back to the system once the relay has come to rest. V8 collects when it allocates, so a process that has
 * nothing to do stays as large as it was at its busiest.
 */
import { cpuUsage, memoryUsage } from 'node:process';
import { getHeapStatistics } from 'node:v8';
import type { Clock, Timer } from 'msrp/base';
import { collectAll } from './garbage.ts';

/** What a process uses, and the means to make that less. */
export interface Footprint {
  /** CPU time used since the start, in milliseconds. */
  cpuMs(): number;
  /** Memory that the system has given; undefined when it cannot say, as when the process has no file descriptor left. */
  residentOctets(): number | undefined;
  /** Of that, what JavaScript uses, garbage included. */
  heapOctets(): number;
  /** Collects all garbage and returns free pages to the system. The process stands still meanwhile, about 2 ms a MB. */
  collect(): void;
}

/** The footprint of this process. */
export const ownFootprint: Footprint = {
  cpuMs: () => {
    const { user, system } = cpuUsage();
    return (user + system) / 1000;
  },
  residentOctets: () => {
    try {
      return memoryUsage.rss();
    } catch {
      return undefined;
    }
  },
  heapOctets: () => getHeapStatistics().used_heap_size,
  collect: collectAll,
};

/** How long the process is watched before it counts as idle, and the most CPU time that it may use in that time. */
const LOOK_MS = 5000;
const IDLE_CPU_MS = 100;

/** Growth that is worth a collection. */
const WORTH_OCTETS = 12_582_912;

/** A larger heap is left alone: collecting it would hold up whoever comes next for too long. */
const MAX_HEAP_OCTETS = 100_663_296;

/** Watches one process, from its making to `stop`. */
export class IdleMemory {
  readonly #clock: Clock;
  readonly #footprint: Footprint;
  #timer: Timer;
  #cpuMs: number;
  /** The size that it had when it last had nothing to give back. */
  #settledOctets: number;

  constructor(clock: Clock, footprint: Footprint = ownFootprint) {
    this.#clock = clock;
    this.#footprint = footprint;
    this.#cpuMs = footprint.cpuMs();
    this.#settledOctets = footprint.residentOctets() ?? Number.POSITIVE_INFINITY;
    this.#timer = clock.after(LOOK_MS, () => this.#look());
  }

  stop(): void {
    this.#timer.cancel();
  }

  #look(): void {
    this.#timer = this.#clock.after(LOOK_MS, () => this.#look());
    const cpuMs = this.#footprint.cpuMs();
    const usedMs = cpuMs - this.#cpuMs;
    this.#cpuMs = cpuMs;
    if (usedMs > IDLE_CPU_MS || !this.#isWorthIt()) return;
    this.#footprint.collect();
    // What is still there is in use, or cannot be given back: another try would not change that.
    this.#settledOctets = this.#footprint.residentOctets() ?? this.#settledOctets;
  }

  #isWorthIt(): boolean {
    const grownOctets = (this.#footprint.residentOctets() ?? 0) - this.#settledOctets;
    return grownOctets >= WORTH_OCTETS && this.#footprint.heapOctets() <= MAX_HEAP_OCTETS;
  }
}
