/** Makes guessing passwords hopeless: addresses and users whose AUTHs fail too often are not judged for a while. */
import type { Clock } from 'msrp/base';
import type { AuthOrigin } from '../relay/ports.ts';
import { subscriberOf } from '../transport/admissions.ts';
import { BoundedTable } from './bounded-table.ts';

/** How many failures are too many. */
export interface AuthGuardLimits {
  /** Of one address; 0 for any number. */
  readonly addressFailures: number;
  /** Of one user name, from wherever; 0 for any number. */
  readonly userFailures: number;
  /** Within this time. */
  readonly windowMs: number;
  /** How long an address or user is blocked then. */
  readonly blockMs: number;
}

/** Addresses, users, and places where users have logged in: as many of each. */
const MAX_ENTRIES = 20_000;

/** Something that the guard of one worker has seen, and those of the others have to know. */
export type Seen =
  | { readonly what: 'failed'; readonly user: string | undefined; readonly origin: AuthOrigin }
  | { readonly what: 'succeeded'; readonly user: string; readonly origin: AuthOrigin };

/** The way between the guards of several workers. */
export interface GuardLink {
  /** Tells the others. */
  readonly tell: (seen: Seen) => void;
  /** Is given whoever wants to know what the others tell. */
  readonly listen: (learn: (seen: Seen) => void) => void;
}

interface Failures {
  count: number;
  /** When the first of them is forgotten, and all others with it. */
  readonly untilMs: number;
  blockedUntilMs: number;
}

/**
 * Counts failures across connections. A user who has logged in from an address is at home there: what others do, from there or
 * elsewhere, locks nobody out of where they are; at home as many failures count as elsewhere, but by themselves.
 */
export class AuthGuard {
  readonly #clock: Clock;
  readonly #addresses = new BoundedTable<Failures>(MAX_ENTRIES);
  readonly #users = new BoundedTable<Failures>(MAX_ENTRIES);
  readonly #homes = new BoundedTable<Failures>(MAX_ENTRIES);
  /** May be replaced at any time. */
  limits: AuthGuardLimits;
  readonly #tell: GuardLink['tell'];

  /** @param link - to the guards of other workers, if there are any. */
  constructor(clock: Clock, limits: AuthGuardLimits, link?: GuardLink) {
    this.#clock = clock;
    this.limits = limits;
    this.#tell = link?.tell ?? (() => {});
    link?.listen((seen) => this.#learn(seen));
  }

  /**
   * Whether an AUTH is not to be judged.
   *
   * @param user - the name that was given, whether there is such a user or not; undefined when there was none, but a token.
   */
  blocks(user: string | undefined, origin: AuthOrigin): boolean {
    const home = user === undefined ? undefined : this.#homes.get(homeOf(user, origin));
    if (home !== undefined) return this.#isBlocked(home);
    if (user !== undefined && this.#isBlocked(this.#users.get(user))) return true;
    return origin.isOfClient && this.#isBlocked(this.#addresses.get(subscriberOf(origin.address)));
  }

  /** Whether a user is at home there, and no failures at home stand against that. */
  isAtHome(user: string, origin: AuthOrigin): boolean {
    const home = this.#homes.get(homeOf(user, origin));
    return home !== undefined && !this.#isBlocked(home);
  }

  /** A secret was wrong, or there is no such user, as in `blocks`. */
  failed(user: string | undefined, origin: AuthOrigin): void {
    this.#countFailure(user, origin);
    this.#tell({ what: 'failed', user, origin });
  }

  #countFailure(user: string | undefined, origin: AuthOrigin): void {
    const { userFailures, addressFailures } = this.limits;
    if (user !== undefined) {
      const home = homeOf(user, origin);
      if (this.#homes.get(home) !== undefined) return this.#count(this.#homes, home, userFailures);
      this.#count(this.#users, user, userFailures);
    }
    if (origin.isOfClient) this.#count(this.#addresses, subscriberOf(origin.address), addressFailures);
  }

  /** The password was right: the user is at home here from now on, and failures at home are forgotten. */
  succeeded(user: string, origin: AuthOrigin): void {
    // Most AUTHs come from where their users are at home, without a failure: the others know that, too.
    if (this.#homes.get(homeOf(user, origin))?.count === 0) return;
    this.#settle(user, origin);
    this.#tell({ what: 'succeeded', user, origin });
  }

  #settle(user: string, origin: AuthOrigin): void {
    this.#homes.set(homeOf(user, origin), { count: 0, untilMs: 0, blockedUntilMs: 0 });
  }

  #learn(seen: Seen): void {
    if (seen.what === 'failed') this.#countFailure(seen.user, seen.origin);
    else this.#settle(seen.user, seen.origin);
  }

  #isBlocked(failures: Failures | undefined): boolean {
    return failures !== undefined && failures.blockedUntilMs > this.#clock.nowMs();
  }

  #count(table: BoundedTable<Failures>, key: string, limit: number): void {
    if (limit === 0) return;
    const nowMs = this.#clock.nowMs();
    const { windowMs, blockMs } = this.limits;
    const known = table.get(key);
    const failures =
      known !== undefined && known.untilMs > nowMs ? known : { count: 0, untilMs: nowMs + windowMs, blockedUntilMs: 0 };
    failures.count += 1;
    if (failures.count >= limit) failures.blockedUntilMs = nowMs + blockMs;
    table.set(key, failures);
  }
}

function homeOf(user: string, { address }: AuthOrigin): string {
  return `${subscriberOf(address)} ${user}`;
}
