/** Which other relays may do what; they have proved their names already (RFC 4976 §6.3). */
import { NameList } from './name-list.ts';

/** Names, suffixes or `any`, as the configuration has them. */
export interface RelayRules {
  readonly allow: readonly string[];
  readonly deny: readonly string[];
}

/** Judges other relays by name: allow beats deny, and who is in neither list is admitted. */
export class RelayPolicy {
  /** Whether a relay has to prove its name before it may write to a client. */
  readonly requiresCertificate: boolean;
  #allow: NameList;
  #deny: NameList;
  #deniesAny: boolean;

  constructor(rules: RelayRules, requiresCertificate: boolean) {
    this.requiresCertificate = requiresCertificate;
    this.#allow = new NameList(rules.allow);
    this.#deny = new NameList(rules.deny);
    this.#deniesAny = deniesAny(rules);
  }

  /** Whether the relay of this name, lower case, may bring clients. */
  admits(name: string): boolean {
    return this.#allow.has(name) || !(this.#deniesAny || this.#deny.has(name));
  }

  /** Other rules from now on; what they do to sessions that stand is for the caller to see to. */
  replace(rules: RelayRules): void {
    this.#allow = new NameList(rules.allow);
    this.#deny = new NameList(rules.deny);
    this.#deniesAny = deniesAny(rules);
  }
}

function deniesAny({ allow, deny }: RelayRules): boolean {
  return deny.includes('any') && !allow.includes('any');
}
