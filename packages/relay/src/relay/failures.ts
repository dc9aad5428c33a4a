/** What becomes of accepted chunks when something breaks: each failed range is signalled once (RFC 4976 §6.4.1). */
import type { Hop } from './hop.ts';
import type { Pace } from './pace.ts';
import { RelayedRequest } from './relayed-request.ts';
import type { Reports } from './reports.ts';
import { SendTransaction } from './send-transaction.ts';
import type { Session } from './sessions.ts';
import type { Loss, Transaction } from './transactions.ts';

/** The client that the chunks were for is gone, or its session URI is. */
export const CLIENT_GONE: Loss = { status: 481, comment: 'Session does not exist', trigger: 'gone' };

/** The relay itself is going. */
export const CLOSING: Loss = { status: 408, comment: 'Closing down', trigger: 'closing' };

/** The next hop has taken no octet for too long. */
export const STALLED: Loss = { status: 408, comment: 'Next hop does not read', trigger: 'stalled' };

const TOO_SLOW: Loss = { status: 413, comment: 'Receiver too slow', trigger: 'slow' };

/** Settles transactions that no response will settle any more. */
export class Failures {
  readonly #reports: Reports;

  constructor(reports: Reports) {
    this.#reports = reports;
  }

  /** Everything open toward `hop` comes to nothing. `clientLoss` is what it means where the hop was a client's. */
  hopLost(hop: Hop, loss: Loss, clientLoss: Loss = loss): void {
    this.#lost(hop.transactions.clear(), loss, clientLoss);
  }

  /** Nothing more is waited for from `hop`. What another worker has taken over that one reports itself. */
  givenUp(hop: Hop, loss: Loss): void {
    this.#lost(
      hop.transactions.clear(({ isTakenOver }) => !isTakenOver),
      loss,
      loss,
    );
  }

  #lost(transactions: readonly Transaction[], loss: Loss, clientLoss: Loss): void {
    const toPeer: SendTransaction[] = [];
    const toClient: SendTransaction[] = [];
    for (const transaction of transactions) {
      if (transaction instanceof SendTransaction)
        (transaction.flow.leadsToClient ? toClient : toPeer).push(transaction);
      else if (transaction instanceof RelayedRequest) transaction.fail(loss.status, loss.comment);
    }
    this.#tell(toPeer, loss);
    this.#tell(toClient, clientLoss);
  }

  /**
   * What waits for the inside hop of an ended session does not leave any more; what left may still be answered. What came from
   * there was accepted and goes on, also when a client ended its connection right after.
   */
  sessionEnded(session: Session): void {
    for (const pace of [...session.paces]) {
      if (pace.inward === session) this.#dropQueued(pace, () => true, CLIENT_GONE);
      pace.retire();
    }
  }

  /** The next hop wants no more of a message: what waits of it does not leave, nor does what is still to come (RFC 4975 §10.5). */
  messageStopped(pace: Pace, messageId: string, loss: Loss): void {
    pace.stop(messageId, loss.status);
    this.#dropQueued(pace, (send) => send?.messageId === messageId, loss);
  }

  /** A receiver was too slow for too long: what waits unanswered is refused, and so is what comes. */
  paceGivenUp(pace: Pace): void {
    const held = pace.refuse();
    const messages = new Set(held.map(({ messageId }) => messageId));
    for (const messageId of messages) pace.stop(messageId, TOO_SLOW.status);
    this.#dropQueued(pace, (send) => send !== undefined && messages.has(send.messageId), TOO_SLOW);
    // What has left in the meantime was taken over.
    for (const answer of held) answer.accept();
    if (pace.lane.chunks.length === 0) pace.laneIsLow();
  }

  /** One chunk failed by itself. */
  chunkFailed(send: SendTransaction, loss: Loss): void {
    if (!send.answersFor(loss)) this.#reports.send(send, loss);
    send.over();
  }

  /** Drops what waits and is meant; chunks with Failure-Report no have no transaction, and nobody is told of them. */
  #dropQueued(pace: Pace, isMeant: (send: SendTransaction | undefined) => boolean, loss: Loss): void {
    const sends: SendTransaction[] = [];
    pace.egress.connection.drop(pace.lane, ({ sender }) => {
      const send = sender instanceof SendTransaction ? sender : undefined;
      const isDropped = isMeant(send);
      if (isDropped && send !== undefined) sends.push(send);
      return isDropped;
    });
    for (const send of sends) pace.egress.transactions.close(send);
    this.#tell(sends, loss);
  }

  #tell(sends: readonly SendTransaction[], loss: Loss): void {
    this.#reports.sendMerged(
      sends.filter((send) => send.lose() && !send.answersFor(loss)),
      loss,
    );
    for (const send of sends) send.over();
  }
}
