import { describe, expect, it } from 'vitest';
import { ManualClock, MsrpError } from '../../src/base/index.ts';
import { type Asker, OpenRequests } from '../../src/client/open-requests.ts';
import type { Head } from '../../src/wire/head.ts';

const LOST = new MsrpError('MSRP_CONNECTION_LOST', 'gone');

function rig() {
  const clock = new ManualClock();
  const told: string[] = [];
  const state = { isReading: true };
  const requests = new OpenRequests(clock, () => state.isReading);
  const asker = (name: string): Asker => ({
    answered: ({ status }) => told.push(`${name} ${status}`),
    missed: () => told.push(`${name} missed`),
    lost: ({ code }) => told.push(`${name} ${code}`),
  });
  const answer = (transactionId: string, status = 200) => requests.answer({ transactionId, status } as Head);
  return { clock, told, state, requests, asker, answer };
}

describe('open requests', () => {
  it('are answered once', () => {
    const { clock, told, requests, asker, answer } = rig();
    requests.open('t1', asker('first'));
    requests.open('t2', asker('second'));
    requests.sent('t1');
    requests.sent('t2');
    expect(clock.waitingCount).toBe(1);
    answer('t2', 413);
    answer('t2', 200);
    answer('t1');
    expect(told).toEqual(['second 413', 'first 200']);
    clock.advance(60_000);
    expect(told).toHaveLength(2);
    expect(clock.waitingCount).toBe(0);
  });

  it('are answered while they are being written; then nobody waits', () => {
    const { clock, told, requests, asker, answer } = rig();
    requests.open('t1', asker('first'));
    answer('t1', 413);
    requests.sent('t1');
    requests.sentUntimed('t1');
    clock.advance(60_000);
    expect(told).toEqual(['first 413']);
    expect(clock.waitingCount).toBe(0);
  });

  it('are missed 30 s after their last octet, two seconds later at most, and then an answer is too late (T-05, T-13)', () => {
    const { clock, told, requests, asker, answer } = rig();
    requests.open('t0', asker('zeroth'));
    requests.sent('t0');
    clock.advance(999);
    requests.open('t1', asker('first'));
    clock.advance(60_000);
    answer('t0');
    expect(told).toEqual(['zeroth missed']);
    requests.sent('t1');
    clock.advance(30_000);
    expect(told).toHaveLength(1);
    clock.advance(2000);
    expect(told).toEqual(['zeroth missed', 'first missed']);
    answer('t1');
    expect(told).toHaveLength(2);
    expect(clock.waitingCount).toBe(0);
  });

  it('lose no time while nothing is read', () => {
    const { clock, told, state, requests, asker, answer } = rig();
    requests.open('t1', asker('first'));
    requests.sent('t1');
    clock.advance(15_000);
    state.isReading = false;
    clock.advance(300_000);
    state.isReading = true;
    clock.advance(14_000);
    expect(told).toEqual([]);
    answer('t1');
    expect(told).toEqual(['first 200']);
    clock.advance(2000);
    expect(clock.waitingCount).toBe(0);
  });

  it('lose little time while the process stands still: answers that came meanwhile have not been read yet', () => {
    const { told, asker } = rig();
    const timers = new ManualClock();
    let nowMs = 0;
    const requests = new OpenRequests({ nowMs: () => nowMs, after: (ms, fire) => timers.after(ms, fire) }, () => true);
    requests.open('t1', asker('first'));
    requests.sent('t1');
    nowMs = 300_000;
    timers.advance(1000);
    expect(told).toEqual([]);
    requests.close(LOST);
    expect(timers.waitingCount).toBe(0);
  });

  it('may be forgotten', () => {
    const { clock, told, requests, asker, answer } = rig();
    requests.open('t1', asker('first'));
    requests.sent('t1');
    requests.forget('t1');
    answer('t1');
    clock.advance(60_000);
    expect(told).toEqual([]);
    expect(clock.waitingCount).toBe(0);
  });

  it('without time hear errors for as long as 1024 of them are remembered, and set no timer (T-18)', () => {
    const { clock, told, requests, asker, answer } = rig();
    for (let index = 0; index <= 1024; index += 1) {
      requests.open(`t${index}`, asker(`${index}`));
      requests.sentUntimed(`t${index}`);
    }
    expect(clock.waitingCount).toBe(0);
    clock.advance(3_600_000);
    answer('t0', 415);
    answer('t1', 415);
    answer('t1024', 415);
    expect(told).toEqual(['1 415', '1024 415']);
  });

  it("without time that were answered before they were written take nobody else's place", () => {
    const { told, requests, asker, answer } = rig();
    requests.open('first', asker('first'));
    requests.sentUntimed('first');
    for (let index = 0; index <= 1024; index += 1) {
      requests.open(`t${index}`, asker('other'));
      requests.answer({ transactionId: `t${index}`, status: 413 } as Head);
      requests.sentUntimed(`t${index}`);
    }
    answer('first', 415);
    expect(told.at(-1)).toBe('first 415');
  });

  it('hear that their connection is gone, whether they were written or not', () => {
    const { clock, told, requests, asker, answer } = rig();
    requests.open('t1', asker('first'));
    requests.sent('t1');
    requests.open('t2', asker('second'));
    requests.open('t3', { answered: () => told.push('third'), missed: () => told.push('third') });
    requests.close(LOST);
    requests.close(LOST);
    answer('t1');
    expect(told).toEqual(['first MSRP_CONNECTION_LOST', 'second MSRP_CONNECTION_LOST']);
    expect(clock.waitingCount).toBe(0);
  });
});
