/** One text, and what became of it. */

import type { Fate, TextItem } from '../chat/state.ts';
import { Icon, type IconName } from './icons.tsx';

/** A bubble: mine on the right, with a tick when the relay has it, two when the other side has reported it. */
export function MessageBubble({ item }: { readonly item: TextItem }) {
  const fate = item.fate.value;
  return (
    <div class={`bubble ${item.isMine ? 'mine' : 'theirs'} ${fate.kind.replace(' ', '-')}`}>
      <span class="unseen">{item.isMine ? 'You: ' : `${item.from}: `}</span>
      <p class="text">{item.text}</p>
      <p class="meta">
        <Time atMs={item.atMs} />
        {item.isMine && <FateMark fate={fate} />}
      </p>
      {'words' in fate && <p class="why">{fate.words}</p>}
    </div>
  );
}

const MARKS: Readonly<Record<Fate['kind'], readonly [icon: IconName, words: string]>> = {
  'under way': ['clock', 'Sending'],
  accepted: ['tick', 'Accepted by the relay'],
  delivered: ['ticks', 'Delivered'],
  cancelled: ['cross', 'Cancelled'],
  failed: ['warning', 'Not delivered'],
  unknown: ['warning', 'Perhaps not delivered'],
};

/** What became of it, as a drawing; in words for those who do not see it. */
export function FateMark({ fate }: { readonly fate: Fate }) {
  const [icon, words] = MARKS[fate.kind];
  return (
    <span class={`fate ${fate.kind.replace(' ', '-')}`} title={words}>
      <Icon name={icon} />
      <span class="unseen">{words}</span>
    </span>
  );
}

const CLOCK = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });

/** Hours and minutes. */
export function Time({ atMs }: { readonly atMs: number }) {
  return <time dateTime={new Date(atMs).toISOString()}>{CLOCK.format(atMs)}</time>;
}
