/** A relay as a running service: configuration, relay and admin door, started, reloaded and stopped together. */
import type { Clock } from 'msrp/base';
import { type AdminServer, startAdminServer } from '../admin/server.ts';
import { type Config, loadConfig } from './config.ts';
import { type Environment, variableOf } from './config-environment.ts';
import { reason } from './config-file.ts';
import { ConfigError } from './config-place.ts';
import { type Development, prepareDevelopment } from './development.ts';
import { IdleMemory } from './idle-memory.ts';
import { bufferWarnings, type Machine } from './kernel-buffers.ts';
import type { Logger } from './logging.ts';
import type { BuildRelay, RunningRelay } from './running-relay.ts';

/** What a service needs of its surroundings. */
export interface ServiceOptions {
  /** Without a file, and without a host name in the environment, the service runs in development mode. */
  readonly configFile: string | undefined;
  readonly environment: Environment;
  readonly machine: Machine;
  readonly buildRelay: BuildRelay;
  readonly clock: Clock;
  readonly logger: Logger;
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
  relay: RunningRelay | undefined;
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
      this.#parts.admin = await startAdminServer(this.#config.admin.listen, {
        state: () => this.#parts.relay?.state ?? 'starting',
        snapshot: () => this.#parts.relay?.snapshot(),
        failed: (cause) => logger.error({ reason: reason(cause) }, 'metrics failed'),
      });
      this.#parts.relay = await buildRelay(this.#config, { clock, logger });
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

  /** Reads configuration and certificates again. A mistake in them is logged, and everything stays as it was. */
  async reload(): Promise<void> {
    const { configFile, environment, clock, logger } = this.#options;
    if (this.#parts.development !== undefined) {
      logger.warn('nothing to reload in development mode');
      return;
    }
    try {
      const config = loadConfig(configFile, environment, clock);
      const needsRestart = (await this.#parts.relay?.reload(config)) ?? [];
      this.#config = config;
      logger.level = config.log.level;
      logger.info({ needsRestart }, needsRestart.length === 0 ? 'reloaded' : 'reloaded; some changes need a restart');
    } catch (cause) {
      const problems = cause instanceof ConfigError ? cause.problems : [reason(cause)];
      logger.error({ problems }, 'not reloaded: everything stays as it was');
    }
  }

  /** Lets open transactions settle for at most `timers.drainMs`, then closes. */
  async drain(): Promise<void> {
    const { logger } = this.#options;
    const deadlineMs = this.#config.timers.drainMs;
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

  #warn(): void {
    const { logger, machine } = this.#options;
    const { trustedNetwork, auth } = this.#config;
    // Nobody tunes a machine to try something out.
    if (this.#parts.development === undefined) {
      for (const warning of bufferWarnings(this.#config, machine)) logger.warn(warning);
    }
    if (!trustedNetwork) return;
    logger.warn('trustedNetwork is on: cleartext is permitted beyond this machine');
    if (auth.allowCleartext) logger.warn('auth.allowCleartext is on: who listens on the network learns session URIs');
  }
}
