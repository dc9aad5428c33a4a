/** What an operator may look at and do, at all workers as if they were one relay. */
import type { Clock } from 'msrp/base';
import type { OperationSource, TraceSource } from '../admin/source.ts';
import { type Block, Blocks } from '../relay/blocks.ts';
import { numbersAbove, ownerOfNumber } from '../relay/numbering.ts';
import type { Page, PageWish } from '../relay/operation.ts';
import { sessionIdOf } from '../relay/session-hash.ts';
import type { ConnectionView, SessionView } from '../relay/views.ts';
import type { WorkerSlot } from './worker-slot.ts';

/** Finds the worker that something is about; what is about all goes to all. */
export class AllOperations implements OperationSource, TraceSource {
  /** The truth about who is blocked; workers have copies. */
  readonly blocks = new Blocks();
  readonly #slots: readonly WorkerSlot[];
  readonly #clock: Clock;
  #lastTrace = 0;

  /** @param slots - in the order of their owners. */
  constructor(slots: readonly WorkerSlot[], clock: Clock) {
    this.#slots = slots;
    this.#clock = clock;
  }

  connections(wish: PageWish): Promise<Page<ConnectionView>> {
    return this.#page(wish, (slot, part) => slot.look('connections', part));
  }

  async connection(id: number): Promise<ConnectionView | undefined> {
    return this.#slotOf(ownerOfNumber(id))?.ask('connection', id);
  }

  async closeConnection(id: number): Promise<boolean> {
    return (await this.#slotOf(ownerOfNumber(id))?.ask('closeConnection', id)) === true;
  }

  sessions(wish: PageWish, user?: string): Promise<Page<SessionView>> {
    return this.#page(wish, (slot, part) => slot.look('sessions', part, user));
  }

  async sessionsCalled(hash: string): Promise<readonly { readonly uri: string; readonly view: SessionView }[]> {
    const found = await Promise.all(this.#slots.map((slot) => slot.look('sessionsCalled', hash)));
    return found.flatMap((sessions) => sessions ?? []);
  }

  async endSession(uri: string): Promise<void> {
    await this.#slotOf(ownerOfSession(uri))?.ask('endSession', uri);
  }

  async block(block: Omit<Block, 'sinceMs'>): Promise<Block | undefined> {
    const entry = this.blocks.add({ ...block, sinceMs: this.#clock.nowMs() });
    // One that does not answer now does it when it hears of it.
    if (entry !== undefined) await Promise.all(this.#slots.map((slot) => slot.look('block', entry)));
    return entry;
  }

  async unblock(block: Omit<Block, 'sinceMs'>): Promise<boolean> {
    const wasThere = this.blocks.remove(block);
    if (wasThere) await Promise.all(this.#slots.map((slot) => slot.look('unblock', { ...block, sinceMs: 0 })));
    return wasThere;
  }

  /** A trace is read from the worker at the pace of whoever reads it here. */
  async open(sessionUri: string): Promise<ReadableStream<Uint8Array> | undefined> {
    const slot = this.#slotOf(ownerOfSession(sessionUri));
    this.#lastTrace += 1;
    const trace = this.#lastTrace;
    if ((await slot?.ask('beginTrace', trace, sessionUri)) !== true || slot === undefined) return undefined;
    const read = () => slot.ask('readTrace', trace);
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          // The worker ends, and with it the session.
          const part = await read().catch(() => undefined);
          try {
            if (part === undefined) controller.close();
            else controller.enqueue(part);
          } catch {
            // The reader has gone away.
          }
        },
        cancel: async () => void (await slot.look('endTrace', trace)),
      },
      { highWaterMark: 0 },
    );
  }

  /** One worker after the other: the numbers of each are above those of the one before. */
  async #page<View>(
    { after, limit }: PageWish,
    ask: (slot: WorkerSlot, wish: PageWish) => Promise<Page<View> | undefined>,
  ): Promise<Page<View>> {
    const items: View[] = [];
    let next = after;
    for (const slot of this.#slots) {
      const end = numbersAbove(String(Number(slot.owner) + 1));
      if (after >= end) continue;
      const part = await ask(slot, { after, limit: limit - items.length });
      items.push(...(part?.items ?? []));
      if (part?.next !== undefined) return { items, next: items.length === 0 ? next : Math.max(next, part.next) };
      next = end;
    }
    return { items, next: undefined };
  }

  #slotOf(owner: string): WorkerSlot | undefined {
    return this.#slots.find((slot) => slot.owner === owner && slot.isRunning);
  }
}

function ownerOfSession(uri: string): string {
  return sessionIdOf(uri).split('.', 1).join();
}
