/** Begins: asks the relay where it is, and draws the page. */
import { render } from 'preact';
import { Chat, type PageSettings } from '../chat/chat.ts';
import { emptyState } from '../chat/state.ts';
import { Page } from './page.tsx';

async function begin(place: HTMLElement): Promise<void> {
  const response = await fetch('/settings.json');
  const settings: PageSettings = await response.json();
  const url = `${location.protocol === 'https:' ? 'wss:' : 'ws:'}//${location.host}/`;
  const state = emptyState();
  const chat = new Chat(state, settings, url);
  addEventListener('pagehide', () => chat.close());
  render(<Page chat={chat} state={state} />, place);
}

const place = document.getElementById('page');
if (place !== null) await begin(place);
