/** The configuration: file and environment to one frozen value, or to a list of everything that is wrong. */
import { resolve } from 'node:path';
import { type Clock, systemClock } from 'msrp/base';
import type { z } from 'zod';
import { parseDatabaseAddress } from '../auth/database-address.ts';
import { type PemPath, readAuthorities, readTlsMaterial, type TlsMaterial } from './config-certificate.ts';
import type { CredentialSettings } from './config-credentials.ts';
import { type Environment, overlayEnvironment } from './config-environment.ts';
import { type ConfigSource, emptySource, readConfigFile } from './config-file.ts';
import { readJwtKeys } from './config-jwt-rules.ts';
import {
  ConfigError,
  type ConfigPath,
  formatPath,
  formatValue,
  keysAt,
  type Problem,
  valueAt,
} from './config-place.ts';
import { checkRules, type Finding } from './config-rules.ts';
import { configJsonSchema, configSchema, type Sections } from './config-schema.ts';
import { nearest } from './nearest.ts';

type DeepReadonly<T> = T extends object ? { readonly [Key in keyof T]: DeepReadonly<T[Key]> } : T;

/** Grouped as in the YAML; paths are absolute, `realm` is filled in. Nothing in it ever changes. `tls` and every `ca` are as they were written. */
export type Settings = DeepReadonly<Omit<Sections, 'realm'>> & { readonly realm: string };

/** Settings together with what `tls` and every `ca` name: certificates and keys in PEM. Holds secrets: never log it. */
export type Config = Omit<Settings, 'tls' | 'relays'> & {
  readonly tls: TlsMaterial & Pick<Settings['tls'], 'rsaCbcSuite'>;
  readonly relays: Omit<Settings['relays'], 'ca'> & { readonly ca?: string };
};

/**
 * Reads configuration file and environment, and the certificate they name.
 *
 * @param file - undefined: the environment alone.
 * @param clock - tells whether the certificate is in date.
 * @throws {ConfigError} with every problem, in the order of the file.
 */
export function loadConfig(file: string | undefined, environment: Environment, clock: Clock = systemClock): Config {
  return configFrom(sourceOf(file), environment, clock);
}

/** Like {@link loadConfig}, without reading certificates and keys: for whoever only needs to know where the users are. */
export function loadSettings(file: string | undefined, environment: Environment): Settings {
  const source = overlayEnvironment(sourceOf(file), environment);
  const { problems, sections } = judge(source);
  return finish(source, sections, problems);
}

/** Like {@link loadConfig}, from values that stand elsewhere than in a file. */
export function configFrom(base: ConfigSource, environment: Environment, clock: Clock): Config {
  const source = overlayEnvironment(base, environment);
  const { problems, sections } = judge(source);
  const { hostname, aliases = [], domains = [], tls = {}, relays } = sections;
  const folderOfPem = (path: PemPath) => folderOf(source, path);
  const { material, findings } = readTlsMaterial(tls, {
    names: [...(hostname === undefined ? [] : [hostname]), ...aliases, ...domains],
    nowMs: clock.nowMs(),
    folderOf: folderOfPem,
  });
  const ofRelays = readAuthorities(['relays', 'ca'], relays?.ca, { folderOf: folderOfPem });
  const ofStores = (sections.credentials ?? []).map((store, at) =>
    readAuthorities(['credentials', at, 'ca'], 'ca' in store ? store.ca : undefined, { folderOf: folderOfPem }),
  );
  const ofJwts = (sections.credentials ?? []).map((store, at) =>
    readJwtKeys(['credentials', at, 'keys'], 'keys' in store ? store.keys : undefined, { folderOf: folderOfPem }),
  );
  const found = [findings, ofRelays.findings, ...[...ofStores, ...ofJwts].map((ofStore) => ofStore.findings)].flat();
  problems.push(...found.map((finding) => locate(source, finding)));
  const settings = finish(source, sections, problems);
  const { ca: _path, ...rest } = settings.relays;
  return deepFreeze({
    ...settings,
    tls: { ...material, rsaCbcSuite: settings.tls.rsaCbcSuite },
    relays: ofRelays.ca === undefined ? rest : { ...rest, ca: ofRelays.ca },
    credentials: settings.credentials.map((store, at) => {
      const read = 'ca' in store ? { ...store, ca: ofStores[at]?.ca } : store;
      return read.type === 'jwt' ? { ...read, keys: ofJwts[at]?.keys } : read;
    }),
  });
}

function sourceOf(file: string | undefined): ConfigSource {
  return file === undefined ? emptySource('environment') : readConfigFile(file);
}

/** Judges each section by itself, so that a mistake in one does not hide those in another. */
function judge(source: ConfigSource): { problems: Problem[]; sections: Partial<Sections> } {
  const problems = [...source.problems];
  const known: Readonly<Record<string, z.ZodType>> = configSchema.shape;
  const value = source.value;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    problems.push(locate(source, { path: [], text: `expected a mapping, found ${formatValue([], value)}` }));
    return { problems, sections: {} };
  }
  const sections: Record<string, unknown> = {};
  const given = new Map<string, unknown>(Object.entries(value));
  for (const [key, schema] of Object.entries(known)) {
    const outcome = schema.safeParse(given.get(key));
    if (outcome.success) sections[key] = outcome.data;
    else problems.push(...outcome.error.issues.flatMap((issue) => describe(source, key, issue)));
  }
  problems.push(
    ...[...given.keys()].filter((key) => !Object.hasOwn(known, key)).map((key) => unknownKey(source, [], key)),
  );
  const judged: Partial<Sections> = sections;
  problems.push(...checkRules(judged).map((finding) => locate(source, finding)));
  return { problems, sections: judged };
}

function describe(source: ConfigSource, section: string, issue: z.core.$ZodIssue): Problem[] {
  const path: ConfigPath = [section, ...issue.path.map((step) => (typeof step === 'number' ? step : String(step)))];
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => unknownKey(source, path, key));
  // A record whose key is wrong says why inside.
  const message = issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  const found = issue.code === 'invalid_key' ? 'another name' : formatValue(path, valueAt(source.value, path));
  return [locate(source, { path, text: `expected ${message}, found ${found}` }, issue.code === 'invalid_key')];
}

function unknownKey(source: ConfigSource, path: ConfigPath, key: string): Problem {
  const schema = configJsonSchema();
  const elsewhere = Object.keys(schema.properties ?? {}).find((section) => keysAt(schema, [section]).includes(key));
  const near = nearest(key, keysAt(schema, path)) ?? (elsewhere === undefined ? undefined : `${elsewhere}.${key}`);
  const text = `unknown key${near === undefined ? '' : `, did you mean ${near}?`}`;
  return locate(source, { path: [...path, key], text }, true);
}

function locate(source: ConfigSource, { path, text }: Finding, atKey = false): Problem {
  const key = path.length === 0 ? 'configuration' : formatPath(path);
  return { place: source.locate(path, atKey ? 'key' : 'value'), text: `${key}: ${text}` };
}

function finish(source: ConfigSource, sections: Partial<Sections>, problems: readonly Problem[]): Settings {
  if (problems.length > 0) throw new ConfigError(problems);
  // Without problems every section has been judged.
  const { realm, credentials, ...rest } = sections as Sections;
  const settings = {
    ...rest,
    realm: realm ?? rest.hostname,
    credentials: credentials.map((store, at) => withPath(store, (key) => folderOf(source, ['credentials', at, key]))),
  };
  return deepFreeze(settings);
}

/** A store whose file is named by its absolute path. */
function withPath(store: CredentialSettings, folder: (key: string) => string): CredentialSettings {
  if (store.type === 'sqlite') return { ...store, path: resolve(folder('path'), store.path) };
  if (store.type !== 'subscriber') return store;
  const address = parseDatabaseAddress(store.url);
  return address?.kind === 'sqlite' ? { ...store, url: `sqlite:${resolve(folder('url'), address.path)}` } : store;
}

/** Paths in a file start in its folder, those of a variable where the process was started. */
function folderOf(source: ConfigSource, path: ConfigPath): string {
  return source.locate(path, 'value').order === Number.POSITIVE_INFINITY ? process.cwd() : source.folder;
}

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null) {
    for (const inner of Object.values(value)) deepFreeze(inner);
    Object.freeze(value);
  }
  return value;
}
