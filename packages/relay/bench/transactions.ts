/**
 * What a million open chunks cost: memory each, and the longest turn of the loop while they all expire.
 * Run with `node --expose-gc --conditions=source packages/relay/bench/transactions.ts`.
 */
import { type Clock, ManualClock, type Timer } from 'msrp/base';
import type { Failures } from '../src/relay/failures.ts';
import type { Flow } from '../src/relay/flow.ts';
import { SendTransaction } from '../src/relay/send-transaction.ts';
import { TimerWheel } from '../src/relay/timer-wheel.ts';
import { TransactionBudget, TransactionTable } from '../src/relay/transactions.ts';
import { Histogram } from '../src/transport/histogram.ts';
import { Turn } from '../src/transport/turn.ts';

const CHUNKS = 1_000_000;
const HOPS = 100;
const TICK_MS = 1000;

/** Time by hand; remembers the longest that one timer kept the loop. */
class WatchedClock implements Clock {
  readonly hand = new ManualClock();
  longestMs = 0;

  nowMs(): number {
    return this.hand.nowMs();
  }

  after(ms: number, fire: () => void): Timer {
    return this.hand.after(ms, () => {
      const start = performance.now();
      fire();
      this.longestMs = Math.max(this.longestMs, performance.now() - start);
    });
  }
}

const clock = new WatchedClock();
const wheel = new TimerWheel(clock, TICK_MS, 62);
const budget = new TransactionBudget({ transactions: CHUNKS });
let expiredCount = 0;
const failures = { chunkFailed: () => (expiredCount += 1) } as unknown as Failures;
const observer = { follow: undefined, authEnded() {}, connectionEnded() {}, sessionEnded() {} };
const turn = new Turn(clock);
const context = { failures, wheel, partialMs: 60_000, observer, turn, responseTimes: new Histogram() };
const flows = Array.from({ length: HOPS }, () => {
  const transactions = new TransactionTable(budget);
  const pace = { took() {}, settled() {} };
  return { egress: { blockedMs: 0, transactions }, pace } as unknown as Flow;
});
const messageIds = Buffer.from('a-message-id-of-24-chars');

globalThis.gc?.();
const heapBefore = process.memoryUsage().heapUsed;
for (let count = 0; count < CHUNKS; count += 1) {
  const flow = flows[count % HOPS];
  if (flow === undefined) break;
  const range = { flow, messageId: messageIds.toString('latin1'), start: 1, octets: 200, total: 200 };
  const transaction = new SendTransaction(context, range, 'yes', undefined, undefined);
  flow.egress.transactions.open(transaction);
  transaction.taken();
  transaction.written();
}
globalThis.gc?.();
const octetsEach = (process.memoryUsage().heapUsed - heapBefore) / CHUNKS;

const start = performance.now();
clock.hand.advance(40_000);
const microsecondsEach = ((performance.now() - start) * 1000) / CHUNKS;
console.log(
  JSON.stringify({ chunks: CHUNKS, octetsEach, expiredCount, longestTurnMs: clock.longestMs, microsecondsEach }),
);
