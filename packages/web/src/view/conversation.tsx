/** The conversation: what was said, and where to say more. */
import { useEffect, useRef } from 'preact/hooks';
import type { Item } from '../chat/state.ts';
import { Avatar } from './avatar.tsx';
import { Composer } from './composer.tsx';
import { DropZone } from './drop-zone.tsx';
import { Icon } from './icons.tsx';
import { MessageBubble } from './message-bubble.tsx';
import type { Parts } from './page.tsx';
import { TransferRow } from './transfer-row.tsx';

/** With an empty state for as long as there is nobody. */
export function Conversation({ chat, state }: Parts) {
  const list = useRef<HTMLDivElement>(null);
  const items = state.items.value;
  const peer = state.peer.value;
  useEffect(() => keepAtEnd(list.current), [peer === undefined && items.length === 0]);
  const isOpen = peer !== undefined && state.phase.value === 'ready' && !state.peerHasLeft.value;
  if (peer === undefined && items.length === 0) return <Nobody />;
  return (
    <section class="card conversation" aria-labelledby="peer">
      <div class="head">
        {peer !== undefined && <Avatar name={peer.name} />}
        <h2 id="peer">{peer?.name ?? 'Session ended'}</h2>
        <button type="button" class="quiet" onClick={() => void chat.hangUp()}>
          Close session
        </button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls has to scroll by keys, too */}
      <div ref={list} class="items" role="log" aria-label="Messages" tabIndex={0}>
        <ol>
          {items.map((item) => (
            <li key={item.id} class={item.kind}>
              <Entry item={item} />
            </li>
          ))}
        </ol>
      </div>
      <Lost chat={chat} state={state} />
      <Composer chat={chat} isOpen={isOpen} name={peer?.name ?? ''} hasLeft={state.peerHasLeft.value} />
      <DropZone isOpen={isOpen} drop={(files) => chat.sendFiles(files)} />
    </section>
  );
}

/** What comes is shown, as long as nobody has scrolled up to read what was before. @returns what ends that. */
function keepAtEnd(list: HTMLDivElement | null): (() => void) | undefined {
  const content = list?.firstElementChild;
  if (list === null || content === null || content === undefined) return undefined;
  let isAtEnd = true;
  list.onscroll = () => {
    isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 40;
  };
  const observer = new ResizeObserver(() => {
    if (isAtEnd) list.scrollTop = list.scrollHeight;
  });
  observer.observe(content);
  observer.observe(list);
  return () => observer.disconnect();
}

function Entry({ item }: { readonly item: Item }) {
  if (item.kind === 'text') return <MessageBubble item={item} />;
  if (item.kind === 'file') return <TransferRow item={item} />;
  return <p class={item.isProblem ? 'problem' : ''}>{item.text}</p>;
}

function Lost({ chat, state }: Parts) {
  const isLost = state.phase.value === 'lost';
  if (state.isOffline.value) {
    return (
      <div class="cut-off" role="alert">
        <Icon name="warning" />
        <p>This device has no network. {isLost ? 'The page connects' : 'What you write goes'} when it is back.</p>
      </div>
    );
  }
  if (!isLost) return null;
  return (
    <div class="cut-off" role="alert">
      <Icon name="warning" />
      <p>{state.problem} Trying again by itself.</p>
      <button type="button" onClick={() => chat.retryNow()}>
        Reconnect now
      </button>
    </div>
  );
}

function Nobody() {
  return (
    <section class="card conversation nobody" aria-label="Conversation">
      <Icon name="chat" />
      <h2>No session yet</h2>
      <p>Choose somebody who is here, paste an address, or hand yours to somebody and wait.</p>
    </section>
  );
}
