/**
 * Where two pages learn each other's path, in development mode only: in real use that is SIP's part. Names and paths are
 * kept in memory while their page keeps asking. It is no part of the relay, and the relay knows nothing of it.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock, Timer } from 'msrp/base';
import { z } from 'zod';

const MAX_PEOPLE = 64;
const MAX_BODY_OCTETS = 16_384;

/** A question waits so long for something new. */
const POLL_MS = 20_000;

/** Whoever does not ask again within this time has left. */
const GRACE_MS = 2500;

const path = z
  .string()
  .regex(/^[\x21-\x7e]+(?: [\x21-\x7e]+)*$/)
  .max(2000);
const question = z.strictObject({
  name: z.string().min(1).max(256),
  path,
  /** Whom this page wants to talk to. */
  calls: path.optional(),
  /** What the page knows already. */
  version: z.int().min(0),
  /** The path that it had before. */
  replaces: path.optional(),
  leaves: z.literal(true).optional(),
});

type Question = z.output<typeof question>;

interface Person {
  name: string;
  calls: string | undefined;
  /** Answers the question that is open; undefined between questions. */
  answer: (() => void) | undefined;
  /** Ends the wait for something new, or the time in which a new question has to come. */
  timer: Timer | undefined;
}

/** Who is here, and by which path. */
export class Rendezvous {
  readonly #clock: Clock;
  readonly #people = new Map<string, Person>();
  #version = 1;
  #isClosed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Answers a POST: takes the page's own entry and gives those of the others, once they are news to it. */
  async take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Another site must not learn paths: neither by a name that leads here, nor by a form.
    if (!isFromThisMachine(request)) return respond(response, 403);
    const asked = question.safeParse(await bodyOf(request));
    if (!asked.success) return respond(response, 400);
    if (asked.data.leaves === true) {
      this.#remove(asked.data.path);
      return respond(response, 204);
    }
    if (this.#isClosed || (!this.#people.has(asked.data.path) && this.#people.size >= MAX_PEOPLE)) {
      return respond(response, 503);
    }
    this.#wait(asked.data, response);
  }

  /** Answers every open question. */
  close(): void {
    this.#isClosed = true;
    for (const { timer } of this.#people.values()) timer?.cancel();
    for (const { answer } of [...this.#people.values()]) answer?.();
    this.#people.clear();
  }

  #wait({ name, path: own, calls, version, replaces }: Question, response: ServerResponse): void {
    if (replaces !== undefined) this.#people.delete(replaces);
    const before = this.#people.get(own);
    before?.answer?.();
    before?.timer?.cancel();
    const person: Person = { name, calls, answer: undefined, timer: undefined };
    this.#people.set(own, person);
    const answer = () => {
      if (person.answer === undefined) return;
      person.answer = undefined;
      person.timer?.cancel();
      person.timer = this.#clock.after(GRACE_MS, () => this.#remove(own, person));
      const people = [...this.#people].filter(([other]) => other !== own);
      const others = people.map(([other, { name, calls }]) => ({ name, path: other, calls }));
      // The server is about to stop, too: nobody is to go on asking it.
      if (this.#isClosed) response.setHeader('Connection', 'close');
      respond(response, 200, { version: this.#version, people: others });
    };
    person.answer = answer;
    // A page that goes away takes its question with it.
    response.once('close', answer);
    if (before?.name !== name || before.calls !== calls) this.#changed(person);
    if (version !== this.#version || this.#isClosed) answer();
    else person.timer = this.#clock.after(POLL_MS, answer);
  }

  #remove(own: string, person = this.#people.get(own)): void {
    if (person === undefined || this.#people.get(own) !== person) return;
    this.#people.delete(own);
    person.timer?.cancel();
    this.#changed(person);
  }

  #changed(by: Person): void {
    this.#version += 1;
    for (const person of [...this.#people.values()]) if (person !== by) person.answer?.();
  }
}

function isFromThisMachine({ headers }: IncomingMessage): boolean {
  const { host = '', origin, 'content-type': type } = headers;
  const isLoopback = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(host);
  return isLoopback && type === 'application/json' && (origin === undefined || origin === `http://${host}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  let octets = 0;
  try {
    for await (const piece of request) {
      octets += piece.length;
      if (octets > MAX_BODY_OCTETS) return undefined;
      pieces.push(piece);
    }
    return JSON.parse(Buffer.concat(pieces).toString());
  } catch {
    return undefined;
  }
}

function respond(response: ServerResponse, status: number, value?: unknown): void {
  if (response.destroyed || response.writableEnded) return;
  const type = value === undefined ? {} : { 'Content-Type': 'application/json' };
  response.writeHead(status, { ...type, 'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff' });
  response.end(value === undefined ? undefined : JSON.stringify(value));
}
