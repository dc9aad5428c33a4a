/** The whole page: who you are at the top, and below it what can be done now. */

import type { Chat } from '../chat/chat.ts';
import type { Phase, State } from '../chat/state.ts';
import { AddressCard } from './address-card.tsx';
import { Conversation } from './conversation.tsx';
import { Icon } from './icons.tsx';
import { PeopleCard } from './people-card.tsx';
import { SignInCard } from './sign-in-card.tsx';

/** What most rooms are given. */
export interface Parts {
  readonly chat: Chat;
  readonly state: State;
}

const STATUS: Readonly<Record<Phase, string>> = {
  'signed-out': 'Not signed in',
  connecting: 'Connecting',
  ready: 'Connected',
  lost: 'Connection lost',
};

/** Draws it. */
export function Page({ chat, state }: Parts) {
  const phase = state.phase.value;
  const isOffline = state.isOffline.value;
  // Whoever has no address yet has nothing else to do than to sign in.
  const isInside = state.address.value !== '';
  const isTalking = state.peer.value !== undefined || state.items.value.length > 0;
  return (
    <div class={`page ${isInside ? 'inside' : 'outside'} ${isTalking ? 'talking' : ''}`}>
      <header class="top">
        <h1>
          <Icon name="logo" />
          <span class="title">MSRP</span>
        </h1>
        <p class={`status ${isOffline ? 'lost' : phase}`} role="status">
          {isOffline ? 'Offline' : STATUS[phase]}
          {isInside && <span class="who"> as {state.user}</span>}
        </p>
        {isInside && (
          <button type="button" class="quiet" onClick={() => chat.signOut()}>
            Sign out
          </button>
        )}
      </header>
      {isInside ? (
        <main class="desk">
          <div class="side">
            <PeopleCard chat={chat} state={state} />
            <AddressCard address={state.address.value} />
          </div>
          <Conversation chat={chat} state={state} />
        </main>
      ) : (
        <main class="door">
          <SignInCard chat={chat} state={state} />
        </main>
      )}
    </div>
  );
}
