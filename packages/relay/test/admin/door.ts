/** An admin door on a free port of this machine, and somebody who knocks. */
import { onTestFinished } from 'vitest';
import type { Tokens } from '../../src/admin/access.ts';
import { startAdminServer } from '../../src/admin/server.ts';
import type { AdminSource } from '../../src/admin/source.ts';
import type { RunningRelay } from '../../src/app/running-relay.ts';
import { fakeSource } from './fake-source.ts';

export const OPERATOR = 'operator-token-0123456789';
export const READER = 'reader-token-0123456789';
const TOKENS: Tokens = { operators: [OPERATOR], readers: [READER] };

/** What came back. */
interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly type: string | null;
}

/** A door that closes when the test is over. */
export interface Door {
  readonly url: string;
  replaceTokens(tokens: Tokens): void;
  /** Knocks with the token of an operator, unless told otherwise. */
  ask(
    method: string,
    path: string,
    more?: { readonly body?: unknown; readonly token?: string | null },
  ): Promise<Answer>;
}

/** Opens a door to `relay`, or to a source that is given whole. */
export async function openDoor(
  relay?: RunningRelay,
  source: Partial<AdminSource> = {},
  tokens: Tokens = TOKENS,
): Promise<Door> {
  const ofRelay = relay === undefined ? {} : { relay: () => relay, state: () => relay.state };
  const server = await startAdminServer(
    { host: '127.0.0.1', port: 0 },
    { ...fakeSource(), ...ofRelay, ...source },
    tokens,
  );
  onTestFinished(() => server.close());
  return {
    url: server.url,
    replaceTokens: (others) => server.replaceTokens(others),
    ask: (method, path, { body, token = OPERATOR } = {}) => ask(server.url + path, method, token, body),
  };
}

async function ask(url: string, method: string, token: string | null, body: unknown): Promise<Answer> {
  const authorization: Record<string, string> = token === null ? {} : { Authorization: `Bearer ${token}` };
  const content: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' };
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = await fetch(url, {
    method,
    headers: { ...authorization, ...content },
    ...(body === undefined ? {} : { body: text }),
  });
  const got = await response.text();
  const type = response.headers.get('content-type');
  return { status: response.status, type, body: type?.startsWith('application/json') ? JSON.parse(got) : got };
}
