/** The numbers by which people speak of connections, and by which lists go on: those of two workers never meet. */

/** More than one worker will ever give; 1024 workers times this many are still whole numbers. */
const NUMBERS_PER_WORKER = 1_000_000_000_000;

/** The numbers of a worker are above this; those of a relay that is one process begin with 1. */
export function numbersAbove(owner: string): number {
  return Number(owner) * NUMBERS_PER_WORKER;
}

/** The worker that has given a number. */
export function ownerOfNumber(number: number): string {
  return String(Math.floor(number / NUMBERS_PER_WORKER));
}
