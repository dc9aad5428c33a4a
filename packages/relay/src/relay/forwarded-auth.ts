/** An AUTH that a client sends to another relay through this one: what becomes of it counts here, too (RFC 4976 §6.3). */
import { type Head, headerValues, lastOf, parseChallenge, parseUri } from 'msrp/wire';
import { type Counters, count } from './counters.ts';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import { type RelayedContext, RelayedRequest } from './relayed-request.ts';

/** A client that fails at so many relays is guessing, however few failures each has seen. */
const MAX_FAILED_RELAYS = 16;

/** A forwarded AUTH that waits for its response. */
export class ForwardedAuth extends RelayedRequest {
  /** The client's connection; undefined when the AUTH came from another relay, which is not closed for what its clients do. */
  readonly #client: Hop | undefined;
  /** Host of the relay that the client authenticates to; undefined when the AUTH has no credentials, and so cannot fail. */
  readonly #relay: string | undefined;
  readonly #counters: Counters;
  readonly #maxFailures: number;

  constructor(context: RelayedContext, flow: Flow, head: Head, maxFailures: number) {
    super(context, flow, head);
    this.#client = flow.sender;
    const hasCredentials = headerValues(head, 'authorization').length > 0;
    this.#relay = hasCredentials ? parseUri(lastOf(flow.toPath))?.host : undefined;
    this.#counters = context.counters;
    this.#maxFailures = maxFailures;
  }

  override answer(head: Head): void {
    super.answer(head);
    if (this.#relay === undefined || head.status !== 401 || isStale(head)) return;
    count(this.#counters.auth, 'failed elsewhere');
    if (this.#client !== undefined) this.#countAgainst(this.#client, this.#relay);
  }

  #countAgainst(client: Hop, relay: string): void {
    client.authFailuresAt ??= new Map();
    const failures = (client.authFailuresAt.get(relay) ?? 0) + 1;
    client.authFailuresAt.set(relay, failures);
    if (failures >= this.#maxFailures || client.authFailuresAt.size >= MAX_FAILED_RELAYS) client.connection.end();
  }
}

/** The credentials might have been right: only the nonce was not. */
function isStale(head: Head): boolean {
  return headerValues(head, 'www-authenticate').some((value) => {
    const challenge = parseChallenge(value);
    return challenge.kind === 'digest' && challenge.value.stale;
  });
}
