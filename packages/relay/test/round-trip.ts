/** Messages of a client to itself, by way of its relay: the shortest way to see that a session works. */
import { type Endpoint, responseTo, sendRequest } from './endpoint.ts';

/** A client that has authenticated. */
export interface LoneClient {
  readonly endpoint: Endpoint;
  readonly usePath: string;
}

/**
 * Sends one message and answers it where it arrives.
 *
 * @throws when it arrives otherwise than it was sent, or the relay answers anything but 200.
 */
export async function roundTrip({ endpoint, usePath }: LoneClient, body = 'hello'): Promise<void> {
  const toPath = `${usePath} ${usePath} ${endpoint.uri}`;
  const answered = endpoint.ask(sendRequest({ toPath, fromPath: endpoint.uri, body }));
  const got = await endpoint.next(({ method }) => method === 'SEND');
  void endpoint.send(responseTo(got, 200));
  const { status } = await answered;
  const arrived = got.body?.toString();
  if (status !== 200 || arrived !== body) throw new Error(`${body} was answered ${status}, and arrived as ${arrived}`);
}

/** Messages of several clients, each sending one after the other, until they are stopped. */
export class Traffic {
  readonly #done: Promise<number[]>;
  #isOn = true;
  /** How long the slowest message took so far. */
  slowestMs = 0;

  constructor(clients: readonly LoneClient[]) {
    this.#done = Promise.all(clients.map((client) => this.#run(client)));
  }

  /** How many messages of each client arrived. @throws when one did not, as `roundTrip` does. */
  stop(): Promise<number[]> {
    this.#isOn = false;
    return this.#done;
  }

  async #run(client: LoneClient): Promise<number> {
    let count = 0;
    for (; this.#isOn; count += 1) {
      const startMs = performance.now();
      await roundTrip(client, `message ${count}`);
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startMs);
    }
    return count;
  }
}
