/** Writes what the relay's rules tell into the log; secrets only as short hashes. */
import type { ChunkStep, Observer } from '../relay/ports.ts';
import { type Logger, shortHash } from './logging.ts';

/** AUTH outcomes that are part of every day. */
const USUAL: ReadonlySet<string> = new Set(['granted', 'challenged', 'stale']);

/** An observer that logs: trouble at level warn, the rest at debug, and single chunks only when debug is on. */
export class LogObserver implements Observer {
  readonly #logger: Logger;
  readonly #follow: (step: ChunkStep) => void;

  constructor(logger: Logger) {
    this.#logger = logger;
    this.#follow = ({ step, sessionUri, ...chunk }) => {
      logger.debug({ session: shortHash(sessionUri), ...chunk }, `chunk ${step}`);
    };
  }

  /** The level may change at any time. */
  get follow(): ((step: ChunkStep) => void) | undefined {
    return this.#logger.isLevelEnabled('debug') ? this.#follow : undefined;
  }

  authEnded(from: string, outcome: string, user: string | undefined): void {
    const level = USUAL.has(outcome) ? 'debug' : 'warn';
    this.#logger[level]({ from, outcome, user }, 'AUTH ended');
  }

  connectionEnded(from: string, direction: 'accepted' | 'dialled', error: Error | undefined): void {
    this.#logger.debug({ from, direction, reason: error?.message }, 'connection ended');
  }
}
