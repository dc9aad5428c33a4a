/** A client on either side of the two relays, and what they write to each other. */
import { expect } from 'vitest';
import { type Endpoint, type Message, request, responseTo, sendRequest } from '../endpoint.ts';
import type { Replacements } from './documented.ts';
import type { Kamailio } from './kamailio.ts';
import {
  type Client,
  clientOfKamailio,
  clientOfOurs,
  documentedKamailio,
  documentedRelay,
  type Ours,
} from './neighbours.ts';

/** Both relays and a client of each, until the test is over. */
interface Crossing {
  readonly kamailio: Kamailio;
  readonly ours: Ours;
  /** At our relay. */
  readonly alice: Client;
  /** At Kamailio. */
  readonly bob: Client;
}

/** What is to be different from the documented `kamailio.cfg` and `msrp-relay.yaml`. */
interface Changes {
  readonly cfg?: Replacements;
  readonly yaml?: Replacements;
}

/** Starts both relays; the two clients have authenticated. */
export async function openCrossing({ cfg = {}, yaml = {} }: Changes = {}): Promise<Crossing> {
  const [kamailio, ours] = await Promise.all([documentedKamailio({ cfg }), documentedRelay(yaml)]);
  return { kamailio, ours, alice: await clientOfOurs(ours), bob: await clientOfKamailio(kamailio) };
}

/** A SEND from one client to the other, through the relays of both. */
export function write(
  from: Client,
  to: Client,
  wish: Omit<Parameters<typeof sendRequest>[0], 'toPath' | 'fromPath'>,
): Buffer {
  return sendRequest({ ...wish, toPath: `${from.usePath} ${to.path}`, fromPath: from.endpoint.uri });
}

/** A REPORT about `message` from the one who has received it. */
export function report(by: Client, message: Message, status: string): Buffer {
  const extra = [
    ['Message-ID', message.header('Message-ID') ?? ''],
    ['Byte-Range', message.header('Byte-Range') ?? ''],
    ['Status', `000 ${status}`],
  ] as const;
  return request('REPORT', { toPath: message.header('From-Path') ?? '', fromPath: by.endpoint.uri, extra });
}

/** What a REPORT says. */
export function summary(message: Message): (string | undefined)[] {
  return ['Message-ID', 'Byte-Range', 'Status'].map((name) => message.header(name));
}

/** Answers 200. */
export function answer(endpoint: Endpoint, message: Message): void {
  void endpoint.send(responseTo(message, 200));
}

/** A message from one client to the other, with all that belongs to it. */
export async function pass(from: Client, to: Client): Promise<void> {
  expect((await from.endpoint.ask(write(from, to, { body: 'hello' }))).status).toBe(200);
  const got = await to.endpoint.next();
  expect(got.body?.toString()).toBe('hello');
  answer(to.endpoint, got);
}
