/** One file on its way, or there: progress, a way to stop it, a preview, a way to keep it. */

import type { FileItem } from '../chat/state.ts';
import { isPicture } from '../chat/transcript.ts';
import { Icon } from './icons.tsx';
import { FateMark, Time } from './message-bubble.tsx';
import { sizeInWords } from './sizes.ts';

/** A bubble that holds a file. */
export function TransferRow({ item }: { readonly item: FileItem }) {
  const fate = item.fate.value;
  const url = item.url.value;
  const isMoving = fate.kind === 'under way' || (item.isMine && fate.kind === 'accepted');
  return (
    <div class={`bubble file ${item.isMine ? 'mine' : 'theirs'} ${fate.kind.replace(' ', '-')}`}>
      <span class="unseen">{item.isMine ? 'You sent the file: ' : `${item.from} sent the file: `}</span>
      {url !== undefined && isPicture(item.contentType) && <img src={url} alt={item.name} />}
      <div class="row">
        <Icon name="file" />
        <p class="what">
          <span class="name">{item.name}</span>
          <span class="size">{sizes(item)}</span>
        </p>
        {isMoving && fate.kind === 'under way' && (
          <button type="button" class="round" aria-label={`Cancel ${item.name}`} onClick={() => item.cancel()}>
            <Icon name="cross" />
          </button>
        )}
        {!item.isMine && url !== undefined && (
          <a class="round" href={url} download={item.name} aria-label={`Save ${item.name}`}>
            <Icon name="save" />
          </a>
        )}
      </div>
      {isMoving && (
        <progress
          aria-label={`${item.name}: how much has arrived`}
          max={item.octets.value ?? 1}
          value={item.doneOctets.value}
        />
      )}
      <p class="meta">
        <Time atMs={item.atMs} />
        {(item.isMine || fate.kind !== 'delivered') && <FateMark fate={fate} />}
      </p>
      {'words' in fate && <p class="why">{fate.words}</p>}
      {fate.kind === 'cancelled' && <p class="why">Cancelled.</p>}
    </div>
  );
}

function sizes({ octets, doneOctets, fate }: FileItem): string {
  const all = octets.value === undefined ? 'size unknown' : sizeInWords(octets.value);
  return fate.value.kind === 'under way' ? `${sizeInWords(doneOctets.value)} of ${all}` : all;
}
