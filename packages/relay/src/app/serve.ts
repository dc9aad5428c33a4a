/** A relay as a running service: configuration, relay and admin door, started, reloaded and stopped together. */
import type { Clock } from 'msrp/base';
import { type AdminServer, startAdminServer } from '../admin/server.ts';
import type { SettingsChange } from '../admin/settings.ts';
import type { AdminSource, ChangeOutcome } from '../admin/source.ts';
import { type Config, loadConfig } from './config.ts';
import { type Environment, variableOf } from './config-environment.ts';
import { reason } from './config-file.ts';
import { ConfigError } from './config-place.ts';
import { tokensIn } from './config-values.ts';
import { type Development, prepareDevelopment } from './development.ts';
import { descriptorWarnings } from './file-descriptors.ts';
import { IdleMemory } from './idle-memory.ts';
import { bufferWarnings, type Machine } from './kernel-buffers.ts';
import type { Logger } from './logging.ts';
import type { BuildRelay, ServedRelay } from './running-relay.ts';
import { settingsOf, withSettings } from './settings.ts';
import { version } from './version.ts';
import { shareOf } from './worker-share.ts';

/** What a service needs of its surroundings. */
export interface ServiceOptions {
  /** Without a file, and without a host name in the environment, the service runs in development mode. */
  readonly configFile: string | undefined;
  readonly environment: Environment;
  readonly machine: Machine;
  readonly buildRelay: BuildRelay;
  readonly clock: Clock;
  readonly logger: Logger;
  /** How many lines of the log nobody took. */
  readonly lostLogLines: () => number;
  /** Takes the lines of standard output: `listening …`, and what development mode has to say. */
  readonly out: (line: string) => void;
}

/**
 * Starts a service; resolves when every listener accepts connections and has been announced.
 *
 * @throws {ConfigError} when the configuration is wrong, {Error} in one sentence when a listener cannot be opened.
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const development = isConfigured(options) ? undefined : await prepareDevelopment(options.environment, options.clock);
  const parts: Parts = { relay: undefined, admin: undefined, development };
  try {
    const config = development?.config ?? loadConfig(options.configFile, options.environment, options.clock);
    const service = new Service(options, config, parts);
    await service.start();
    return service;
  } catch (cause) {
    development?.discard();
    throw cause;
  }
}

function isConfigured({ configFile, environment }: ServiceOptions): boolean {
  const hostname = variableOf(['hostname']);
  return (
    configFile !== undefined || environment[hostname] !== undefined || environment[`${hostname}_FILE`] !== undefined
  );
}

interface Parts {
  relay: ServedRelay | undefined;
  admin: AdminServer | undefined;
  readonly development: Development | undefined;
}

/** A running service. Make one with {@link startService}. */
export class Service {
  readonly #options: ServiceOptions;
  readonly #parts: Parts;
  readonly #stopped = Promise.withResolvers<void>();
  #config: Config;
  #idleMemory: IdleMemory | undefined;
  #closing = false;
  #changing: Promise<unknown> = Promise.resolve();

  constructor(options: ServiceOptions, config: Config, parts: Parts) {
    this.#options = options;
    this.#config = config;
    this.#parts = parts;
  }

  /** Resolves when everything has been closed. */
  get stopped(): Promise<void> {
    return this.#stopped.promise;
  }

  /** Opens admin door and relay, then announces the listeners. Closes again what it opened when something fails. */
  async start(): Promise<void> {
    const { clock, logger, out, buildRelay } = this.#options;
    logger.level = this.#config.log.level;
    try {
      const { listen } = this.#config.admin;
      this.#parts.admin = await startAdminServer(listen, this.#adminSource(), tokensOf(this.#config));
      this.#parts.relay = await buildRelay(this.#config, {
        clock,
        logger,
        rendezvous: this.#parts.development?.rendezvous,
      });
    } catch (cause) {
      await this.#parts.admin?.close();
      throw cause;
    }
    this.#warn();
    this.#idleMemory = new IdleMemory(clock);
    const { listening } = this.#parts.relay;
    logger.info({ listening, admin: this.#parts.admin.url }, 'started');
    for (const line of this.#parts.development?.describe(listening, this.#parts.admin.url) ?? []) out(line);
    for (const uri of listening) out(`listening ${uri}`);
  }

  /** Reads configuration and certificates again. A mistake in them is logged and given back, and everything stays as it was. */
  reload(): Promise<ChangeOutcome> {
    return this.#inTurn(async () => {
      const { configFile, environment, clock, logger } = this.#options;
      const { relay, admin, development } = this.#parts;
      if (development !== undefined || relay === undefined || isEnding(relay)) {
        const why = development === undefined ? 'the relay is closing down' : 'nothing to reload in development mode';
        logger.warn(why);
        return { problems: [why] };
      }
      try {
        const config = loadConfig(configFile, environment, clock);
        const needsRestart = await relay.reload(config);
        this.#config = config;
        admin?.replaceTokens(tokensOf(config));
        logger.level = config.log.level;
        logger.info({ needsRestart }, needsRestart.length === 0 ? 'reloaded' : 'reloaded; some changes need a restart');
        return { needsRestart };
      } catch (cause) {
        const problems = cause instanceof ConfigError ? cause.problems : [reason(cause)];
        logger.error({ problems }, 'not reloaded: everything stays as it was');
        return { problems };
      }
    });
  }

  /** Takes over rates, limits and the like until the next reload. */
  change(change: SettingsChange): Promise<ChangeOutcome> {
    return this.#inTurn(async () => {
      const { logger } = this.#options;
      try {
        const config = withSettings(this.#config, change);
        await this.#parts.relay?.tune(config);
        this.#config = config;
        logger.info({ change }, 'settings changed until the next reload');
        logger.level = config.log.level;
        return { needsRestart: [] };
      } catch (cause) {
        return { problems: cause instanceof ConfigError ? cause.problems : [reason(cause)] };
      }
    });
  }

  /** Lets open transactions settle for at most `deadlineMs`, or `timers.drainMs`, then closes. */
  async drain(deadlineMs = this.#config.timers.drainMs): Promise<void> {
    const { logger } = this.#options;
    logger.info({ deadlineMs }, 'draining');
    try {
      await this.#parts.relay?.drain(deadlineMs);
    } catch (cause) {
      logger.error({ reason: reason(cause) }, 'draining failed');
    }
    await this.close();
  }

  /** Closes at once. A second call does nothing. */
  async close(): Promise<void> {
    if (this.#closing) return;
    this.#closing = true;
    this.#idleMemory?.stop();
    const { relay, admin, development } = this.#parts;
    try {
      await relay?.close();
      await admin?.close();
    } catch (cause) {
      this.#options.logger.error({ reason: reason(cause) }, 'closing failed');
    } finally {
      development?.discard();
      this.#options.logger.info('stopped');
      this.#stopped.resolve();
    }
  }

  /** One after the other: two reloads at once could leave half of each. */
  #inTurn(work: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    const done = this.#changing.then(work);
    this.#changing = done;
    return done;
  }

  #adminSource(): AdminSource {
    const { logger, lostLogLines } = this.#options;
    return {
      version,
      lostLogLines,
      state: () => this.#parts.relay?.state ?? 'starting',
      relay: () => this.#parts.relay,
      settings: () => settingsOf(this.#config),
      change: (change) => this.change(change),
      reload: () => this.reload(),
      drain: (deadlineMs = this.#config.timers.drainMs) => {
        // The answer leaves first: an idle relay is closed in a moment.
        setImmediate(() => void this.drain(deadlineMs));
        return deadlineMs;
      },
      acted: (action) => logger.info(action, 'an operator acted'),
      failed: (cause) => logger.error({ reason: reason(cause) }, 'an answer of the admin door failed'),
    };
  }

  #warn(): void {
    const { logger, machine } = this.#options;
    const { trustedNetwork, auth } = this.#config;
    // Nobody tunes a machine to try something out.
    if (this.#parts.development === undefined) {
      const warnings = [
        ...bufferWarnings(this.#config, machine),
        ...descriptorWarnings(shareOf(this.#config), machine),
      ];
      for (const warning of warnings) logger.warn(warning);
    }
    if (!trustedNetwork) return;
    logger.warn('trustedNetwork is on: cleartext is permitted beyond this machine');
    if (auth.allowCleartext) logger.warn('auth.allowCleartext is on: who listens on the network learns session URIs');
  }
}

function isEnding({ state }: ServedRelay): boolean {
  return state === 'draining' || state === 'closed';
}

function tokensOf({ admin }: Config): { operators: string[]; readers: string[] } {
  return { operators: tokensIn(admin.token), readers: tokensIn(admin.readToken) };
}
