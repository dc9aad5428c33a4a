/** Failure REPORTs that the relay makes itself (RFC 4976 §6.4.1; RFC 4975 §7.1.3, §7.1.4). */
import { formatEndLine, formatRequestHead, type MsrpUri, makeIdent } from 'msrp/wire';
import { countedStatus } from './counted.ts';
import { type Counters, count } from './counters.ts';
import type { Flow } from './flow.ts';
import type { Hop } from './hop.ts';
import type { Observer } from './ports.ts';
import type { Loss } from './transactions.ts';

/** Octets of a message that went by a flow: `octets` of them, the first of which has number `start`. */
export interface SentRange {
  readonly flow: Flow;
  readonly messageId: string;
  readonly start: number;
  readonly octets: number;
  /** Size of the message, once known. */
  readonly total: number | undefined;
}

/** More octets of REPORTs than this are not kept for a sender that does not read them. */
const MAX_UNREAD_OCTETS = 16_777_216;

/** A connection to a relay, opened if need be; undefined when there can be none. */
type WayToRelay = (relay: MsrpUri) => Hop | undefined;

/** Makes REPORTs and sends each on the connection that its SEND came from. */
export class Reports {
  readonly #counters: Counters;
  readonly #observer: Observer;
  readonly #wayTo: WayToRelay;

  constructor(counters: Counters, observer: Observer, wayTo: WayToRelay) {
    this.#counters = counters;
    this.#observer = observer;
    this.#wayTo = wayTo;
  }

  /**
   * Reports one failed range to its sender. When the connection that the SEND came on is gone, a relay that had proved its
   * name there is told on another one, and nobody else is told.
   */
  send(range: SentRange, { status, comment, trigger }: Loss): void {
    const { flow, messageId, start, octets, total } = range;
    const { ingress, previousRelay } = flow;
    const hop = ingress.isUsable || previousRelay === undefined ? ingress : this.#wayTo(previousRelay);
    if (hop?.isUsable !== true) return;
    if (hop.connection.urgentOctets > MAX_UNREAD_OCTETS) {
      return count(this.#counters.refused, 'REPORTs left unread');
    }
    const code = comment === '' ? String(status) : `${status} ${comment}`;
    const byteRange = `${start}-${start + octets - 1}/${total ?? '*'}`;
    const lines = `Message-ID: ${messageId}\r\nByte-Range: ${byteRange}\r\nStatus: 000 ${code}\r\n`;
    const id = makeIdent();
    const head = formatRequestHead(id, 'REPORT', flow.fromPath, flow.reporter, lines, false);
    hop.connection.writeUrgent(head + formatEndLine(id, '$'));
    this.#observer.follow?.({
      ...{ step: 'reported', sessionUris: flow.sessionUris, method: 'REPORT', connection: hop.number },
      ...{ transactionId: id, messageId, range: byteRange, status, reason: trigger },
    });
    if (!hop.isStream) this.#counters.requestOut('REPORT');
    count(this.#counters.reports, `${trigger} ${countedStatus(status)}`);
  }

  /** Reports ranges that failed in one event; those that touch are one. */
  sendMerged(ranges: readonly SentRange[], loss: Loss): void {
    for (const ofFlow of Map.groupBy(ranges, ({ flow }) => flow).values()) this.#sendMergedOf(ofFlow, loss);
  }

  #sendMergedOf(ranges: readonly SentRange[], loss: Loss): void {
    const ordered = ranges.toSorted((a, b) => compare(a.messageId, b.messageId) || a.start - b.start);
    let merged: SentRange | undefined;
    for (const range of ordered) {
      const joined = merged === undefined ? range : join(merged, range);
      if (joined === undefined && merged !== undefined) this.send(merged, loss);
      merged = joined ?? range;
    }
    if (merged !== undefined) this.send(merged, loss);
  }
}

/** Both, of one way, as one range when the second begins where the first ends. */
function join(first: SentRange, second: SentRange): SentRange | undefined {
  if (first.messageId !== second.messageId) return undefined;
  if (first.start + first.octets !== second.start) return undefined;
  return { ...range(first), octets: first.octets + second.octets, total: second.total ?? first.total };
}

function range({ flow, messageId, start, octets, total }: SentRange): SentRange {
  return { flow, messageId, start, octets, total };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
