/** Measurements that nobody made, for the tests of what is done with them. */
import { LOADS, type Load } from './loads.ts';
import type { Measurement } from './measure.ts';

/** The load whose name has these words. */
function loadNamed(words: string): Load {
  const found = LOADS.find(({ name }) => name.includes(words));
  if (found === undefined) throw new Error(`There is no load "${words}".`);
  return found;
}

/** Messages of 100 pairs, one run for each µs of CPU a message. */
export function messagesAt(
  contender: string,
  cpu: readonly number[],
  more: Readonly<Record<string, unknown>> = {},
): Measurement {
  const runs = cpu.map((each) => ({
    end: 'ok',
    lost: 0,
    msgs_per_s: 1e6 / each,
    server: { cpu_us_per_msg: each },
    ...more,
  }));
  return { load: loadNamed('TCP 100x8'), contender, runs };
}

/** A contender that cannot carry that load. */
export function unableTo(contender: string, unable: string): Measurement {
  return { load: loadNamed('TCP 100x8'), contender, runs: [], unable };
}
