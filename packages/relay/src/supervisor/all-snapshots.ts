/** What all workers have counted together. */
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { countersOf, sumSnapshots } from './sum-snapshots.ts';
import type { WorkerSlot } from './worker-slot.ts';

/**
 * Sums the workers. A counter that went back would look to Prometheus as if everything had been counted again: of a worker
 * that does not answer, or has ended, the last counters known stay in the sum.
 */
export class AllSnapshots {
  readonly #slots: readonly WorkerSlot[];
  readonly #last = new Map<WorkerSlot, RelaySnapshot>();
  #ofEnded = sumSnapshots([]);

  constructor(slots: readonly WorkerSlot[]) {
    this.#slots = slots;
  }

  async take(): Promise<RelaySnapshot> {
    const all = await Promise.all(
      this.#slots.map(async (slot) => {
        const snapshot = await slot.look('snapshot');
        if (snapshot !== undefined) {
          this.#last.set(slot, snapshot);
          return [snapshot];
        }
        const last = this.#last.get(slot);
        return last === undefined ? [] : [countersOf(last)];
      }),
    );
    return sumSnapshots([this.#ofEnded, ...all.flat()]);
  }

  /** The process of a worker is over; the next one counts from 0. */
  ended(slot: WorkerSlot): void {
    const last = this.#last.get(slot);
    if (last === undefined) return;
    this.#last.delete(slot);
    this.#ofEnded = sumSnapshots([this.#ofEnded, countersOf(last)]);
  }
}
