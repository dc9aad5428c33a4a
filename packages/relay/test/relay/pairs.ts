/** Pairs of clients that write to each other at the same time, both ways, and what became of every message. */
import { Party } from './party.ts';
import { connectWeb } from './web-client.ts';

/** Two clients. */
export type Pair = readonly [one: Party, other: Party];

/** What became of the messages of all pairs, both ways together. */
export interface Tally {
  readonly sent: number;
  /** Messages that came once, whole and as they were sent. */
  readonly delivered: number;
  /** Messages whose sender got one 200. */
  readonly answered: number;
  /** Messages whose sender got one success REPORT. */
  readonly reported: number;
  /** Anything that came twice, was refused, or was reported failed. */
  readonly wrong: readonly string[];
}

/** A client on a WebSocket, once the relay has let it in. @param url - of the relay's listener. */
export async function webParty(url: string, user: string, password: string): Promise<Party> {
  const { endpoint } = await connectWeb(url);
  return new Party(endpoint, await endpoint.auth({ user, password, target: 'msrps://localhost;ws' }));
}

/** Each writes `count` messages to the other, the next one when the last has been reported delivered. */
export async function exchange(pairs: readonly Pair[], count: number): Promise<Tally> {
  const talks = pairs.flatMap(([one, other]) => [talk(one, other, count), talk(other, one, count)]);
  const tallies = await Promise.all(talks);
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    sent: sum(({ sent }) => sent),
    delivered: sum(({ delivered }) => delivered),
    answered: sum(({ answered }) => answered),
    reported: sum(({ reported }) => reported),
    wrong: tallies.flatMap(({ wrong }) => wrong),
  };
}

async function talk(from: Party, to: Party, count: number): Promise<Tally> {
  const tally = { sent: 0, delivered: 0, answered: 0, reported: 0, wrong: [] as string[] };
  for (let number = 0; number < count; number += 1) {
    const messageId = `${number}.${from.endpoint.uri.slice(-20).replace(/\W/g, '-')}`;
    const body = `${messageId} `.repeat(5);
    const wish = { to: from.pathTo(to), messageId, body, successReport: 'yes' };
    const [tid = ''] = (await from.send(wish)).keys();
    await from.until(() => from.answers.has(tid) && from.reported(messageId).length > 0, 60_000);
    const came = (to.received.get(messageId) ?? []).map((chunk) => `${chunk.body} ${chunk.flag}`);
    const answers = from.answers.get(tid) ?? [];
    const reports = from.reported(messageId).map(({ status }) => status);
    tally.sent += 1;
    if (came.join() === `${body} $`) tally.delivered += 1;
    if (answers.join() === '200') tally.answered += 1;
    if (reports.join() === '000 200 OK') tally.reported += 1;
    if (came.length > 1 || answers.length > 1 || reports.length > 1 || answers[0] !== 200)
      tally.wrong.push(`${messageId}: came ${came.length} times, answered ${answers}, reported ${reports}`);
  }
  return tally;
}
