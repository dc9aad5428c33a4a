/** Writes what the relay's rules tell into the log, secrets only as short hashes; and hands the steps of messages to whoever follows them. */
import type { Traces } from '../admin/traces.ts';
import type { Observer, Step } from '../relay/ports.ts';
import { sessionHash } from '../relay/session-hash.ts';
import type { Logger } from './logging.ts';

/** AUTH outcomes that are part of every day. */
const USUAL: ReadonlySet<string> = new Set(['granted', 'challenged', 'stale']);

/** An observer that logs: trouble at level warn, the rest at debug, and single steps only when debug is on. */
export class LogObserver implements Observer {
  /** A plain field: this is looked at several times for each message. Set anew when the level changes, or who traces. */
  follow: ((step: Step) => void) | undefined;
  readonly #logger: Logger;
  readonly #traces: Traces;

  constructor(logger: Logger, traces: Traces) {
    this.#logger = logger;
    this.#traces = traces;
    const choose = () => {
      this.follow = this.#chosen();
    };
    logger.on('level-change', choose);
    traces.onChange = choose;
    choose();
  }

  authEnded(from: string, outcome: string, user: string | undefined): void {
    const level = USUAL.has(outcome) ? 'debug' : 'warn';
    this.#logger[level]({ from, outcome, user }, 'AUTH ended');
  }

  connectionEnded(from: string, direction: 'accepted' | 'dialled', error: Error | undefined): void {
    this.#logger.debug({ from, direction, reason: error?.message }, 'connection ended');
  }

  sessionEnded(sessionUri: string): void {
    this.#traces.sessionEnded(sessionUri);
    // Not even a hash is made for nobody.
    if (this.#logger.isLevelEnabled('debug')) {
      this.#logger.debug({ session: sessionHash(sessionUri) }, 'session ended');
    }
  }

  #chosen(): ((step: Step) => void) | undefined {
    const isLogged = this.#logger.isLevelEnabled('debug');
    const isTraced = !this.#traces.isIdle;
    if (isLogged && isTraced) {
      return (step) => {
        this.#log(step);
        this.#traces.tell(step);
      };
    }
    if (isTraced) return (step) => this.#traces.tell(step);
    return isLogged ? (step) => this.#log(step) : undefined;
  }

  /** Paths are left out: they are long, and always the same. */
  #log({ step, sessionUris, toPath, fromPath, ...rest }: Step): void {
    this.#logger.debug({ session: sessionUris.map(sessionHash).join(' '), ...rest }, `message ${step}`);
  }
}
