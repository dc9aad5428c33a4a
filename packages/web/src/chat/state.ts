/** What the page shows, as signals: rooms that draw read them, only the conversation's rules write them. */
import { type ReadonlySignal, type Signal, signal } from '@preact/signals';

/** Where the page stands: without user, on the way to the relay, reachable, or cut off and trying again. */
export type Phase = 'signed-out' | 'connecting' | 'ready' | 'lost';

/** What became of a message. `unknown` is what nobody can tell. */
export type Fate =
  | { readonly kind: 'under way' | 'accepted' | 'delivered' | 'cancelled' }
  | { readonly kind: 'failed' | 'unknown'; readonly words: string };

/** Somebody whose path is known. */
export interface Person {
  readonly name: string;
  readonly path: string;
  /** The path of whom they want to talk to. */
  readonly calls?: string | undefined;
}

interface Shown {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly atMs: number;
}

/** A line of text that was written or came. */
export interface TextItem extends Shown {
  readonly kind: 'text';
  readonly isMine: boolean;
  readonly from: string;
  readonly text: string;
  readonly fate: ReadonlySignal<Fate>;
}

/** A file on its way, or there. */
export interface FileItem extends Shown {
  readonly kind: 'file';
  readonly isMine: boolean;
  readonly from: string;
  readonly name: string;
  readonly contentType: string;
  /** Octets in all; undefined until they are known. */
  readonly octets: ReadonlySignal<number | undefined>;
  /** Octets that are known to have arrived. */
  readonly doneOctets: ReadonlySignal<number>;
  readonly fate: ReadonlySignal<Fate>;
  /** Where the content can be had, once it is there. */
  readonly url: ReadonlySignal<string | undefined>;
  cancel(): void;
}

/** What the page itself has to say in between. */
interface NoteItem extends Shown {
  readonly kind: 'note';
  readonly text: string;
  readonly isProblem: boolean;
}

/** One entry of the conversation. */
export type Item = TextItem | FileItem | NoteItem;

/** Everything that is drawn. */
export interface State {
  readonly phase: Signal<Phase>;
  readonly user: Signal<string>;
  /** The path that others write to; '' without one. */
  readonly address: Signal<string>;
  /** Whether others can be found by name. */
  readonly hasRendezvous: Signal<boolean>;
  readonly people: Signal<readonly Person[]>;
  readonly peer: Signal<Person | undefined>;
  /** Whether the peer was here and is not any more. */
  readonly peerHasLeft: Signal<boolean>;
  readonly items: Signal<readonly Item[]>;
  /** Whether the device says that it has no network. */
  readonly isOffline: Signal<boolean>;
  /** What went wrong last and still holds. */
  readonly problem: Signal<string>;
  /** When the next attempt to connect is made, ms since 1970. */
  readonly retryAtMs: Signal<number | undefined>;
}

/** A page that nobody has signed in to. */
export function emptyState(): State {
  return {
    phase: signal<Phase>('signed-out'),
    user: signal(''),
    address: signal(''),
    hasRendezvous: signal(false),
    people: signal<readonly Person[]>([]),
    peer: signal<Person | undefined>(undefined),
    peerHasLeft: signal(false),
    items: signal<readonly Item[]>([]),
    isOffline: signal(false),
    problem: signal(''),
    retryAtMs: signal<number | undefined>(undefined),
  };
}
