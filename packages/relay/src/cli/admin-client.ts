/** Speaks to the API of a running relay, over HTTP or its Unix socket. */
import { type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text as textOfStream } from 'node:stream/consumers';
import type { z } from 'zod';
import { errorSchema } from '../admin/schemas.ts';
import { UsageError } from './command.ts';

/** How long a relay may take to begin its answer. */
const ANSWER_MS = 30_000;

/** Where a relay is and what opens it. */
export interface AdminDoor {
  /** `http://127.0.0.1:9080`, or `unix:` and a path. */
  readonly url: string;
  /** Undefined where none is known. */
  readonly token: string | undefined;
}

/** An answer of the relay that is not what was asked for; each problem is a sentence. */
export class AdminRefusal extends Error {
  override readonly name = 'AdminRefusal';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(problems.join('\n'));
    this.problems = problems;
  }
}

interface Wish {
  readonly method: string;
  readonly path: string;
  readonly signal?: AbortSignal;
}

/** One relay. Every method throws an {Error} in one sentence when it cannot be reached, {AdminRefusal} when it refuses. */
export class AdminClient {
  readonly #door: AdminDoor;

  constructor(door: AdminDoor) {
    this.#door = door;
  }

  /** What the API answers with a body. */
  async ask<Schema extends z.ZodType>(method: string, path: string, schema: Schema): Promise<z.infer<Schema>> {
    const answered = schema.safeParse(jsonOf(await textOfStream(await this.#open({ method, path }))));
    if (!answered.success) throw this.#stranger();
    return answered.data;
  }

  /** Something that is answered without one. */
  async tell(method: string, path: string): Promise<void> {
    await textOfStream(await this.#open({ method, path }));
  }

  /** All items of a list, however many pages they are. */
  async all<Item>(path: string, schema: z.ZodType<{ items: Item[]; next: number | null }>): Promise<Item[]> {
    const items: Item[] = [];
    const mark = path.includes('?') ? '&' : '?';
    for (let after: number | null = 0; after !== null; ) {
      const page: { items: Item[]; next: number | null } = await this.ask(
        'GET',
        `${path}${mark}limit=1000&after=${after}`,
        schema,
      );
      items.push(...page.items);
      after = page.next;
    }
    return items;
  }

  /** Lines as they come; ends when the relay ends them, or `signal` says so. */
  async follow(path: string, line: (text: string) => void, signal: AbortSignal): Promise<void> {
    let rest = '';
    try {
      const stream = await this.#open({ method: 'GET', path, signal });
      stream.setEncoding('utf8');
      for await (const part of stream) {
        const lines = (rest + String(part)).split('\n');
        rest = lines.pop() ?? '';
        for (const text of lines) line(text);
      }
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  }

  /** The body of an answer of success. */
  async #open(wish: Wish): Promise<IncomingMessage> {
    const response = await this.#send(wish);
    const { statusCode: status = 0 } = response;
    if (status >= 200 && status < 300) return response;
    const refused = errorSchema.safeParse(jsonOf(await textOfStream(response)));
    if (!refused.success) throw this.#stranger();
    throw new AdminRefusal(refused.data.problems ?? [refused.data.error]);
  }

  #send({ method, path, signal }: Wish) {
    const { url, token } = this.#door;
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const options = { method, headers, timeout: ANSWER_MS, ...(signal === undefined ? {} : { signal }) };
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
    const request = url.startsWith('unix:')
      ? requestHttp({ ...options, socketPath: url.slice('unix:'.length), path, host: 'localhost' }, resolve)
      : (url.startsWith('https:') ? requestHttps : requestHttp)(new URL(path, url), options, resolve);
    // Once it has begun, an answer may take its time: a trace lasts as long as its session.
    request.on('response', () => request.setTimeout(0));
    request.on('timeout', () => request.destroy(new Error('it does not answer')));
    request.on('error', (cause) => reject(new Error(whyNot(url, cause), { cause })));
    request.end();
    return promise;
  }

  #stranger(): Error {
    return new Error(`${this.#door.url} answers, but not as this version of msrp-relay does; is --admin right?`);
  }
}

/** Throws a {UsageError} when `url` is none that a relay can be reached at; gives it back. */
export function checkedDoorUrl(url: string): string {
  if (url.startsWith('unix:/')) return url;
  const isHttp = URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  if (!isHttp) throw new UsageError(`--admin: expected http://HOST:PORT or unix:/PATH, found ${JSON.stringify(url)}`);
  return url;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function whyNot(url: string, cause: Error): string {
  const code = 'code' in cause ? cause.code : undefined;
  if (code === 'ECONNREFUSED' || code === 'ENOENT')
    return `no relay answers at ${url}; does it run, and is --admin right?`;
  if (code === 'EACCES') return `${url} may not be opened by this user; the socket is for the user of the relay`;
  return `the relay at ${url} cannot be reached: ${cause.message}`;
}
