/** The messages that one session has sent, for as long as anything may be heard of them (RFC 4975 §7.3.2). */
import type { MsrpError } from '../base/errors.ts';
import { type Head, headerValues } from '../wire/head.ts';
import { isSuccess } from '../wire/status.ts';
import type { Sending } from './outgoing-message.ts';

/** So many messages are remembered that were accepted, and of which nothing but a failure may still be heard. */
const MAX_ACCEPTED = 256;

/** By Message-ID. */
export class SentMessages {
  readonly #open = new Map<string, Sending>();
  /** Their content is not kept for that: who has let go of a message is not told of it any more. */
  readonly #accepted = new Map<string, WeakRef<Sending>>();

  /** Whether a message with this id is under way. */
  has(messageId: string): boolean {
    return this.#open.has(messageId);
  }

  add(sending: Sending): void {
    this.#open.set(sending.messageId, sending);
  }

  /** Nothing more is expected of `sending`. */
  settled(sending: Sending): void {
    const { messageId, options } = sending;
    this.#open.delete(messageId);
    // The next hop has it. That it did not get any further may still be reported, if anybody wants to hear of it.
    if (sending.hasFailed || options.successReport || options.failureReport === 'no') return;
    this.#accepted.set(messageId, new WeakRef(sending));
    for (const oldest of this.#accepted.keys()) {
      if (this.#accepted.size <= MAX_ACCEPTED) break;
      this.#accepted.delete(oldest);
    }
  }

  /** Tells the message of a REPORT. @returns the failure that it tells of; undefined for all others, and for unknown messages. */
  report(head: Head): { readonly status: number; readonly comment: string } | undefined {
    const [value = ''] = headerValues(head, 'status');
    const [, namespace, code, comment = ''] = /^(\d{3}) (\d{3})(?: (.*))?$/.exec(value) ?? [];
    const known = this.#open.get(head.messageId) ?? this.#accepted.get(head.messageId);
    if (namespace !== '000' || known === undefined) return undefined;
    const status = Number(code);
    const { start = 1, end } = head.byteRange ?? {};
    const sending = known instanceof WeakRef ? known.deref() : known;
    sending?.report(status, comment, start, end);
    return isSuccess(status) ? undefined : { status, comment };
  }

  /** The session is over. @param isClosed - its peer can still be told what was given up. */
  endWith(error: MsrpError, isClosed: boolean): void {
    for (const sending of [...this.#open.values()]) sending.endWith(error, isClosed);
  }
}
