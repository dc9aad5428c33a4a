/** What everything that waits in the relay may hold together. */

/** Near its budget the relay takes no new connections and slows down whoever fills it. */
const NEAR = 7 / 8;

/** Counts octets of memory held by what waits, against one budget for the whole relay. */
export class Memory {
  readonly budgetOctets: number;
  heldOctets = 0;

  constructor(budgetOctets: number) {
    this.budgetOctets = budgetOctets;
  }

  get isNear(): boolean {
    return this.heldOctets > this.budgetOctets * NEAR;
  }

  get isSpent(): boolean {
    return this.heldOctets > this.budgetOctets;
  }
}
