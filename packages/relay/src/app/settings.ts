/** What an operator changes while the relay runs: judged by the schema of the configuration, and laid over it. */
import type { Settings, SettingsChange } from '../admin/settings.ts';
import type { Config } from './config.ts';
import { ConfigError, formatPath, formatValue, type Problem } from './config-place.ts';
import { configSchema } from './config-schema.ts';

const SECTIONS = ['rates', 'limits', 'timers', 'log'] as const;

/** The settings in force. */
export function settingsOf({ rates, limits, timers, log }: Config): Settings {
  return { rates: { ...rates }, limits: { ...limits }, timers: { drainMs: timers.drainMs }, log: { ...log } };
}

/**
 * `config` with a change laid over it.
 *
 * @throws {ConfigError} with everything that is wrong with the change.
 */
export function withSettings(config: Config, change: SettingsChange): Config {
  const problems: Problem[] = [];
  const changed: Record<string, unknown> = {};
  for (const section of SECTIONS) {
    const wish = change[section];
    if (wish === undefined) continue;
    const outcome = configSchema.shape[section].safeParse({ ...config[section], ...wish });
    if (outcome.success) changed[section] = outcome.data;
    for (const { path, message } of outcome.error?.issues ?? []) {
      const key = [section, ...path.map(String)];
      const found = formatValue(key, new Map<string, unknown>(Object.entries(wish)).get(key[1] ?? ''));
      const text = `${formatPath(key)}: expected ${message}, found ${found}`;
      problems.push({ place: { label: 'change', order: problems.length }, text });
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return { ...config, ...(changed as Partial<Config>) };
}
