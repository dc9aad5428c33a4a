/** The entries of the conversation: messages of both sides followed to their end, and notes in between. */
import { type Signal, signal } from '@preact/signals';
import { fileNameOf, type IncomingMessage, type OutgoingMessage } from './connection.ts';
import type { Fate, Item, State } from './state.ts';
import { canGoOn, inWords, isUncertain } from './words.ts';

/** A longer text is shown as a file. */
const MAX_TEXT_OCTETS = 65_536;

/** A file is gathered in the browser, and no more of it than this. */
const MAX_FILE_OCTETS = 500_000_000;

/** Pieces are handed to the browser's store of blobs in portions of this size: it may put them on disk. */
const PORTION_OCTETS = 8_388_608;

const UNDER_WAY: Fate = { kind: 'under way' };

/** A message of ours, followed from session to session. */
interface Outgoing {
  readonly message: Signal<OutgoingMessage>;
  readonly fate: Signal<Fate>;
  readonly doneOctets: Signal<number>;
}

/** Writes the items of a state. */
export class Transcript {
  readonly #items: State['items'];
  readonly #delivered: () => void;
  /** What failed with its session, and why. */
  readonly #interrupted = new Map<Outgoing, unknown>();
  #nextId = 1;

  /** @param delivered - called when a message of ours was reported delivered. */
  constructor({ items }: Pick<State, 'items'>, delivered: () => void) {
    this.#items = items;
    this.#delivered = delivered;
  }

  /** Says something in the page's own name; what it has just said is not said again. */
  note(text: string, isProblem = false): void {
    const last = this.#items.value.at(-1);
    if (last?.kind === 'note' && last.text === text) return;
    this.#add({ kind: 'note', ...this.#stamp(), text, isProblem });
  }

  /** A text that is on its way out. */
  sentText(from: string, text: string, message: OutgoingMessage): void {
    const { fate } = this.#follow(message);
    this.#add({ kind: 'text', ...this.#stamp(), isMine: true, from, text, fate });
  }

  /** A file that is on its way out. */
  sentFile(from: string, file: File, message: OutgoingMessage): void {
    const outgoing = this.#follow(message);
    const { fate, doneOctets } = outgoing;
    this.#add({
      kind: 'file',
      ...this.#stamp(),
      isMine: true,
      from,
      name: file.name,
      contentType: file.type,
      octets: signal(file.size),
      doneOctets,
      fate,
      url: signal(file.size > 0 && isPicture(file.type) ? URL.createObjectURL(file) : undefined),
      cancel: () => {
        fate.value = { kind: 'cancelled' };
        this.#interrupted.delete(outgoing);
        outgoing.message.value.abort();
      },
    });
  }

  /** Goes on, in a new session, with what the last one has interrupted. */
  resume(send: (message: OutgoingMessage) => OutgoingMessage): void {
    const interrupted = [...this.#interrupted.keys()];
    this.#interrupted.clear();
    for (const outgoing of interrupted) {
      try {
        outgoing.message.value = send(outgoing.message.value);
        this.#watch(outgoing);
      } catch (error) {
        settle(outgoing, error);
      }
    }
  }

  /** What was interrupted stays so. */
  giveUp(): void {
    for (const [outgoing, error] of this.#interrupted) settle(outgoing, error);
    this.#interrupted.clear();
  }

  /** A message that begins to come in: a text, or whatever else as a file. */
  async received(from: string, message: IncomingMessage): Promise<void> {
    const name = fileNameOf(message);
    const isText = /^text\/plain/i.test(message.contentType) && (message.totalOctets ?? 0) <= MAX_TEXT_OCTETS;
    if (name === undefined && isText) await this.#receivedText(from, message);
    else await this.#receivedFile(from, name ?? 'message', message);
  }

  /** Forgets all, the content of files included. */
  clear(): void {
    this.#interrupted.clear();
    for (const item of this.#items.value) {
      if (item.kind === 'file' && item.url.value !== undefined) URL.revokeObjectURL(item.url.value);
    }
    this.#items.value = [];
  }

  async #receivedText(from: string, message: IncomingMessage): Promise<void> {
    try {
      const text = await message.text(MAX_TEXT_OCTETS);
      const fate = signal<Fate>({ kind: 'delivered' });
      this.#add({ kind: 'text', ...this.#stamp(), isMine: false, from, text, fate });
    } catch (error) {
      this.note(`A message of ${from} was lost. ${inWords(error)}`, true);
    }
  }

  async #receivedFile(from: string, name: string, message: IncomingMessage): Promise<void> {
    const fate = signal<Fate>(UNDER_WAY);
    const octets = signal(message.totalOctets);
    const doneOctets = signal(0);
    const url = signal<string | undefined>(undefined);
    const { contentType } = message;
    const cancel = () => {
      fate.value = { kind: 'cancelled' };
      message.reject(413, 'Cancelled');
    };
    const entry = { ...this.#stamp(), isMine: false, from, name, contentType, octets, doneOctets, fate, url, cancel };
    this.#add({ kind: 'file', ...entry });
    try {
      const content = await gather(message, (done) => {
        doneOctets.value = done;
        octets.value = message.totalOctets;
      });
      octets.value = content.size;
      url.value = URL.createObjectURL(content);
      fate.value = { kind: 'delivered' };
    } catch (error) {
      if (fate.value.kind !== 'cancelled') fate.value = { kind: 'failed', words: inWords(error) };
    }
  }

  #follow(message: OutgoingMessage): Outgoing {
    const outgoing = { message: signal(message), fate: signal<Fate>(UNDER_WAY), doneOctets: signal(0) };
    this.#watch(outgoing);
    return outgoing;
  }

  #watch(outgoing: Outgoing): void {
    const { fate, doneOctets } = outgoing;
    const message = outgoing.message.value;
    message.on('progress', ({ acceptedOctets }) => {
      doneOctets.value = acceptedOctets;
    });
    message.accepted.then(
      () => {
        if (fate.value.kind === 'under way') fate.value = { kind: 'accepted' };
      },
      () => undefined,
    );
    message.delivered.then(
      () => {
        fate.value = { kind: 'delivered' };
        this.#delivered();
      },
      (error: unknown) => {
        if (fate.value.kind === 'cancelled') return;
        if (canGoOn(error)) {
          fate.value = UNDER_WAY;
          this.#interrupted.set(outgoing, error);
        } else settle(outgoing, error);
      },
    );
  }

  #stamp() {
    this.#nextId += 1;
    return { id: this.#nextId, atMs: Date.now() };
  }

  #add(item: Item): void {
    this.#items.value = [...this.#items.value, item];
  }
}

/** Whether a browser shows it as it is, and runs nothing that is in it. */
export function isPicture(contentType: string): boolean {
  return /^image\/(?:png|jpeg|gif|webp|avif)\s*(?:;|$)/i.test(contentType);
}

function settle({ fate }: Outgoing, error: unknown): void {
  if (fate.value.kind === 'cancelled') return;
  fate.value = { kind: isUncertain(error) ? 'unknown' : 'failed', words: inWords(error) };
}

async function gather(message: IncomingMessage, progress: (octets: number) => void): Promise<Blob> {
  const portions: Blob[] = [];
  let pieces: BlobPart[] = [];
  let portionOctets = 0;
  let octets = 0;
  const close = () => {
    portions.push(new Blob(pieces));
    pieces = [];
    portionOctets = 0;
  };
  if ((message.totalOctets ?? 0) > MAX_FILE_OCTETS) message.reject(413, 'Too large');
  for await (const piece of message) {
    octets += piece.length;
    portionOctets += piece.length;
    if (octets > MAX_FILE_OCTETS) message.reject(413, 'Too large');
    pieces.push(piece as Uint8Array<ArrayBuffer>);
    if (portionOctets >= PORTION_OCTETS) close();
    progress(octets);
  }
  close();
  return new Blob(portions, {
    type: isPicture(message.contentType) ? message.contentType : 'application/octet-stream',
  });
}
