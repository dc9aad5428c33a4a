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

/** What is in force after a reload: what can change while running is as in `after`, all else as in `before`. */
export function withLiveKeys(before: Config, after: Config): Config {
  const former: Readonly<Record<string, unknown>> = { ...before };
  const sections = Object.entries(after).map(([section, value]): [string, unknown] => {
    if (LIVE_KEYS.has(section)) return [section, value];
    const known = former[section];
    if (!isSection(value) || !isSection(known)) return [section, known];
    const live = Object.entries(value).filter(([key]) => LIVE_KEYS.has(`${section}.${key}`));
    const fixed = Object.entries(known).filter(([key]) => !LIVE_KEYS.has(`${section}.${key}`));
    return [section, Object.fromEntries([...fixed, ...live])];
  });
  return Object.fromEntries(sections) as unknown as Config;
}

function isSection(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

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
    if (!isSection(value)) found.set(section, value);
    else for (const [key, inner] of Object.entries(value)) found.set(`${section}.${key}`, inner);
  }
  return found;
}
