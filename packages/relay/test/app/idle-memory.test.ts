import { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { IdleMemory, ownFootprint } from '../../src/app/idle-memory.ts';

const MB = 1_000_000;

interface State {
  cpuMs: number;
  residentOctets: number | undefined;
  heapOctets: number;
  collections: number;
}

/** A process of which everything is set by hand; a collection leaves `leftOctets`. */
function watched({ leftOctets = 100 * MB } = {}) {
  const clock = new ManualClock();
  const state: State = { cpuMs: 0, residentOctets: 100 * MB, heapOctets: 20 * MB, collections: 0 };
  const memory = new IdleMemory(clock, {
    cpuMs: () => state.cpuMs,
    residentOctets: () => state.residentOctets,
    heapOctets: () => state.heapOctets,
    collect: () => {
      state.collections += 1;
      state.residentOctets = leftOctets;
    },
  });
  onTestFinished(() => memory.stop());
  return { clock, state, memory };
}

describe('The memory of an idle relay', () => {
  it('goes back to the system once, five seconds after the load', () => {
    const { clock, state } = watched();
    state.residentOctets = 300 * MB;
    state.cpuMs += 4000;
    clock.advance(5000);
    expect(state.collections).toBe(0);
    state.cpuMs += 90;
    clock.advance(5000);
    expect(state.collections).toBe(1);
    clock.advance(60_000);
    expect(state.collections).toBe(1);
  });

  it('goes back after each load, also when the next one follows at once', () => {
    const { clock, state } = watched();
    for (let load = 1; load <= 3; load += 1) {
      state.residentOctets = 200 * MB;
      clock.advance(5000);
      expect(state.collections).toBe(load);
    }
  });

  it('is left alone while there is work, however little is to be had', () => {
    const { clock, state } = watched();
    state.residentOctets = 300 * MB;
    for (let look = 0; look < 10; look += 1) {
      state.cpuMs += 110;
      clock.advance(5000);
    }
    expect(state.collections).toBe(0);
  });

  it('is left alone while the system cannot say how large it is, as without file descriptors', () => {
    const { clock, state } = watched();
    state.residentOctets = undefined;
    clock.advance(60_000);
    expect(state.collections).toBe(0);
    state.residentOctets = 300 * MB;
    clock.advance(5000);
    expect(state.collections).toBe(1);
  });

  it('is left alone when it has hardly grown', () => {
    const { clock, state } = watched();
    state.residentOctets = 110 * MB;
    clock.advance(60_000);
    expect(state.collections).toBe(0);
  });

  it('is left alone when a collection would take long', () => {
    const { clock, state } = watched();
    state.residentOctets = 900 * MB;
    state.heapOctets = 500 * MB;
    clock.advance(60_000);
    expect(state.collections).toBe(0);
  });

  it('is not tried for again when nothing came of it', () => {
    const { clock, state } = watched({ leftOctets: 250 * MB });
    state.residentOctets = 260 * MB;
    clock.advance(120_000);
    expect(state.collections).toBe(1);
  });

  it('is no longer looked after once stopped', () => {
    const { clock, memory } = watched();
    memory.stop();
    expect(clock.waitingCount).toBe(0);
  });

  it('is really collected in this process', async () => {
    expect(ownFootprint.cpuMs()).toBeGreaterThan(0);
    expect(ownFootprint.heapOctets()).toBeLessThan(ownFootprint.residentOctets() ?? 0);
    const collected = Promise.withResolvers<void>();
    const registry = new FinalizationRegistry(() => collected.resolve());
    (() => registry.register(new Array(10), undefined))();
    ownFootprint.collect();
    await collected.promise;
  });
});
