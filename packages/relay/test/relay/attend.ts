/** For tests of flow control: everything that comes to an endpoint, kept and answered, and a relay that has come to rest. */
import { setTimeout } from 'node:timers/promises';
import type { Clock } from 'msrp/base';
import { type Endpoint, type Message, responseTo } from '../endpoint.ts';
import type { TestRelay } from './harness.ts';

/** One SEND that came. */
export interface Got {
  readonly messageId: string;
  /** First URI of its From-Path: the relay's. */
  readonly from: string;
  readonly start: number;
  readonly octets: number;
  readonly flag: string;
  readonly message: Message;
}

/** What came to an endpoint since it is attended to. */
export interface Attended {
  /** Status by transaction id. */
  readonly answers: ReadonlyMap<string, number>;
  /** Status and Byte-Range of REPORTs, by Message-ID. */
  readonly reports: ReadonlyMap<string, readonly string[]>;
  readonly received: readonly Got[];
  /** How many answers had this status. */
  count(status: number): number;
}

/** Takes what comes to `endpoint` until its connection ends, and answers the SENDs with 200 unless told not to. */
export function attend(endpoint: Endpoint, isAnswered: (got: Got) => boolean = () => true): Attended {
  const answers = new Map<string, number>();
  const reports = new Map<string, string[]>();
  const received: Got[] = [];
  const take = (message: Message) => {
    if (message.status !== undefined) answers.set(message.tid, message.status);
    if (message.method === 'REPORT') {
      const messageId = message.header('Message-ID') ?? '';
      const said = `${message.header('Status')} ${message.header('Byte-Range')}`;
      reports.set(messageId, [...(reports.get(messageId) ?? []), said]);
    }
    if (message.method !== 'SEND') return;
    const got = gotOf(message);
    received.push(got);
    if (isAnswered(got)) void endpoint.send(responseTo(message, 200));
  };
  void takeAll(endpoint, take);
  const count = (wanted: number) => [...answers.values()].filter((status) => status === wanted).length;
  return { answers, reports, received, count };
}

function gotOf(message: Message): Got {
  return {
    messageId: message.header('Message-ID') ?? '',
    from: (message.header('From-Path') ?? '').split(' ')[0] ?? '',
    start: Number(/^\d+/.exec(message.header('Byte-Range') ?? '1')?.[0]),
    octets: message.body?.length ?? 0,
    flag: message.flag,
    message,
  };
}

async function takeAll(endpoint: Endpoint, take: (message: Message) => void): Promise<void> {
  try {
    for (;;) take(await endpoint.next(undefined, 120_000));
  } catch {
    // The connection is gone: nothing more comes.
  }
}

const LOOK_MS = 10;

/** Settles when nothing has moved in or out for `looks` times 10 ms; gives the most octets that waited meanwhile. */
export async function still(relay: TestRelay<Clock>, looks = 20): Promise<number> {
  let queuedOctets = 0;
  let before = -1;
  for (let same = 0; same < looks; ) {
    const snapshot = relay.relay.snapshot();
    const moved = snapshot.octets.in + snapshot.octets.out;
    queuedOctets = Math.max(queuedOctets, snapshot.queuedOctets);
    same = moved === before ? same + 1 : 0;
    before = moved;
    await setTimeout(LOOK_MS);
  }
  return queuedOctets;
}

/** The transaction id of a request. */
export function tidOf(sent: Uint8Array): string {
  const text = Buffer.from(sent.subarray(0, 80)).toString('latin1');
  return text.slice(5, text.indexOf(' ', 5));
}
