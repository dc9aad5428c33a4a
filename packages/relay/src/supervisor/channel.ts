/** Questions, answers and tidings between two processes. */
import type { Clock } from 'msrp/base';

/** The end of the channel that Node gives to a process or to its parent. */
export interface ChannelPort {
  readonly connected: boolean;
  send(message: object, handle: undefined, options: object, sent: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
}

/** Methods, all of which can be called from elsewhere: what goes in and out is copied. */
type Calls<Methods> = { readonly [Name in keyof Methods]: (...given: never[]) => unknown };
export type Given<Method> = Method extends (...given: infer Values) => unknown ? Values : never;
export type Answer<Method> = Method extends (...given: never[]) => infer Value ? Awaited<Value> : never;

/** A question, or a tiding when it has no number; or the answer to one. */
interface Message {
  readonly question?: number;
  readonly name?: string;
  readonly given?: readonly unknown[];
  readonly answered?: number;
  readonly value?: unknown;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (cause: Error) => void;
}

/** So many questions may be asked without a word from the other side: it is not there, and they would pile up. */
const MAX_UNHEARD = 100;

/** One end of a channel. `Own` is what this side does, `Theirs` what the other one does. */
export class Channel<Own extends Calls<Own>, Theirs extends Calls<Theirs>> {
  readonly #port: ChannelPort;
  readonly #own: Own;
  readonly #clock: Clock;
  readonly #waiting = new Map<number, Waiting>();
  #lastQuestion = 0;
  #unheard = 0;

  constructor(port: ChannelPort, own: Own, clock: Clock) {
    this.#port = port;
    this.#own = own;
    this.#clock = clock;
    port.on('message', (message) => void this.#hear(message as Message));
  }

  /** Asks; rejects with what the other side says is wrong, or when it does not answer within `limitMs`. */
  ask<Name extends keyof Theirs & string>(
    limitMs: number,
    name: Name,
    ...given: Given<Theirs[Name]>
  ): Promise<Answer<Theirs[Name]>> {
    if (this.#unheard >= MAX_UNHEARD)
      return Promise.reject(new Error(`no answer to ${name}, nor to what was asked before`));
    this.#unheard += 1;
    this.#lastQuestion += 1;
    const question = this.#lastQuestion;
    const { promise, resolve, reject } = Promise.withResolvers<Answer<Theirs[Name]>>();
    this.#waiting.set(question, { resolve, reject });
    const late = () => reject(new Error(`no answer to ${name} within ${limitMs} ms`));
    const timer = limitMs === Number.POSITIVE_INFINITY ? undefined : this.#clock.after(limitMs, late);
    this.#send({ question, name, given }).catch(reject);
    return promise.finally(() => {
      timer?.cancel();
      this.#waiting.delete(question);
    });
  }

  /** Tells; resolves when it has been handed to the system. */
  tell<Name extends keyof Theirs & string>(name: Name, ...given: Given<Theirs[Name]>): Promise<void> {
    return this.#send({ name, given });
  }

  /** The other side is gone: nothing will be answered. */
  end(cause: Error): void {
    for (const { reject } of this.#waiting.values()) reject(cause);
  }

  async #hear({ question, name, given = [], answered, value, error }: Message): Promise<void> {
    this.#unheard = 0;
    if (answered !== undefined) {
      const waiting = this.#waiting.get(answered);
      if (error === undefined) waiting?.resolve(value as never);
      else waiting?.reject(new Error(error));
      return;
    }
    const answer = await this.#do(name as keyof Own, given);
    if (question !== undefined) await this.#send({ answered: question, ...answer }).catch(() => {});
  }

  async #do(name: keyof Own, given: readonly unknown[]): Promise<Pick<Message, 'value' | 'error'>> {
    try {
      return { value: await this.#own[name](...(given as never[])) };
    } catch (cause) {
      return { error: cause instanceof Error ? cause.message : String(cause) };
    }
  }

  #send(message: Message): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    if (this.#port.connected) this.#port.send(message, undefined, {}, (error) => (error ? reject(error) : resolve()));
    else reject(new Error('the other process is gone'));
    return promise;
  }
}
