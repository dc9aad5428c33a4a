/**
 * Loaded before the built relay (`node --import`), switches off what it measures: the histograms with the looks at the clock
 * that they need, the pauses, the counters of requests and responses, and the look at the event loop. What is left is plain
 * fields that count up in the middle of forwarding, and the question whether somebody follows a step.
 */
import { syncBuiltinESMExports } from 'node:module';
import perfHooks from 'node:perf_hooks';

const DIST = new URL('../packages/relay/dist/', import.meta.url);

/** Replaces methods and getters of a class in the built relay by ones that do nothing and give 0. */
async function switchOff(file: string, name: string, members: readonly string[]): Promise<void> {
  const module: Record<string, { readonly prototype: object }> = await import(new URL(file, DIST).href);
  const prototype = module[name]?.prototype ?? {};
  for (const member of members) {
    const described = Object.getOwnPropertyDescriptor(prototype, member);
    if (described === undefined) throw new Error(`${file} has no ${name}.${member} to switch off`);
    const inert = described.get === undefined ? { value: () => {} } : { get: () => 0 };
    Object.defineProperty(prototype, member, { ...inert, configurable: true });
  }
}

await switchOff('transport/histogram.js', 'Histogram', ['add']);
await switchOff('transport/turn.js', 'Turn', ['ticks', 'timePassed']);
await switchOff('transport/pauses.js', 'Pauses', ['begin', 'end']);
await switchOff('relay/counters.js', 'Counters', ['requestIn', 'requestOut', 'responseIn', 'responseOut']);

const { monitorEventLoopDelay } = perfHooks;
perfHooks.monitorEventLoopDelay = (options) =>
  Object.assign(monitorEventLoopDelay(options), { enable: () => false, disable: () => false });
syncBuiltinESMExports();
