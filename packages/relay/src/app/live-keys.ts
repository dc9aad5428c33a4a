/** Which changes of a configuration a running service takes over. */
import { isDeepStrictEqual } from 'node:util';
import type { Config } from './config.ts';

/** What can change while running: keys, or whole sections. */
const LIVE_KEYS: ReadonlySet<string> = new Set([
  'listen',
  'tls',
  'realm',
  'realms',
  'auth.algorithms',
  'auth.addressFailures',
  'auth.userFailures',
  'auth.failuresWindowMs',
  'auth.blockMs',
  'credentials',
  'chunk',
  'rates',
  'limits',
  'resolver',
  'relays.ca',
  'relays.allow',
  'relays.deny',
  'timers.drainMs',
  'log',
  'admin.token',
  'admin.readToken',
]);

/** The keys that differ and take effect only after a restart, such as `auth.failures` or `hostname`. */
export function keysForRestart(before: Config, after: Config): string[] {
  const former = leaves(before);
  return [...leaves(after)]
    .filter(([key, value]) => !isDeepStrictEqual(value, former.get(key)))
    .map(([key]) => key)
    .filter((key) => !LIVE_KEYS.has(key) && !LIVE_KEYS.has(key.split('.', 1).join()));
}

/** The values by key; those of a section by the keys in it. */
function leaves(config: Config): Map<string, unknown> {
  const found = new Map<string, unknown>();
  for (const [section, value] of Object.entries(config)) {
    if (typeof value !== 'object' || Array.isArray(value)) found.set(section, value);
    else for (const [key, inner] of Object.entries(value)) found.set(`${section}.${key}`, inner);
  }
  return found;
}
