/** Begins: asks the relay where it is, and draws the page. */
import { render } from 'preact';
import { Chat } from '../chat/chat.ts';
import { loadSettings } from '../chat/page-settings.ts';
import { emptyState } from '../chat/state.ts';
import { Page } from './page.tsx';

async function begin(place: HTMLElement): Promise<void> {
  const url = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/`;
  const state = emptyState();
  const chat = new Chat(state, await loadSettings(), url);
  addEventListener('pagehide', () => chat.close());
  for (const type of ['online', 'offline']) addEventListener(type, () => chat.networkChanged(type === 'online'));
  render(<Page chat={chat} state={state} />, place);
}

const place = document.getElementById('page');
if (place !== null) await begin(place);
