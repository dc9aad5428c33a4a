/**
 * Loaded before the built relay (`node --import`), switches off what it measures: histograms, pauses, counters of requests and
 * responses, and the look at the event loop. What is left is plain fields that count up in the middle of forwarding, the
 * question whether somebody follows a step, and one look at the clock for each read, which flow control needs as well.
 */
import { syncBuiltinESMExports } from 'node:module';
import perfHooks from 'node:perf_hooks';

const DIST = new URL('../packages/relay/dist/', import.meta.url);

/** Replaces methods of a class in the built relay by ones that do nothing. */
async function switchOff(file: string, name: string, members: readonly string[]): Promise<void> {
  const module: Record<string, { readonly prototype: object }> = await import(new URL(file, DIST).href);
  const prototype = module[name]?.prototype ?? {};
  for (const member of members) {
    if (!Object.hasOwn(prototype, member)) throw new Error(`${file} has no ${name}.${member} to switch off`);
    Object.defineProperty(prototype, member, { value: () => {} });
  }
}

await switchOff('transport/histogram.js', 'Histogram', ['add']);
await switchOff('transport/pauses.js', 'Pauses', ['begin', 'end']);
await switchOff('relay/counters.js', 'Counters', ['requestIn', 'requestOut', 'responseIn', 'responseOut']);

const { monitorEventLoopDelay } = perfHooks;
perfHooks.monitorEventLoopDelay = (options) =>
  Object.assign(monitorEventLoopDelay(options), { enable: () => false, disable: () => false });
syncBuiltinESMExports();
