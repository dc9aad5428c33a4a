/** What a relay says in a test: challenges, grants and refusals, judged by a Digest that is not the project's. */
import { answerDigest, digestParameters } from '../../../relay/test/digest-answer.ts';
import type { Message } from '../../../relay/test/message.ts';
import type { FarEnd } from './network.ts';

/** The user of these tests. */
export const NADIA = { user: 'nadia', password: 'Kx7-lantern-harbour' };

/** What is granted. */
export interface ScriptedGrant {
  readonly usePath: string;
  /** Seconds; 3600 when left out. */
  readonly expires?: number;
  /** What the relay proves with; the right thing when left out. */
  readonly rspauth?: string;
}

/** The challenge of each relay, by the URI that is asked. */
function challengeFor(target: string): string {
  const realm = /^msrps:\/\/(?:[^@]*@)?([^:;/]+)/.exec(target)?.[1] ?? target;
  return `Digest realm="${realm}", nonce="nonce of ${realm}", qop="auth", algorithm=SHA-256`;
}

/** An answer to a request that is not a SEND: to the whole From-Path, with these header lines. */
export function answer(asked: Message, status: string, ...lines: readonly string[]): string {
  const [toPath, fromPath] = [asked.header('From-Path'), asked.header('To-Path')?.split(' ')[0]];
  const head = [`MSRP ${asked.tid} ${status}`, `To-Path: ${toPath}`, `From-Path: ${fromPath}`, ...lines];
  return `${head.join('\r\n')}\r\n-------${asked.tid}$\r\n`;
}

/** Answers one AUTH: a challenge when it has no credentials, the grant when they are right, else 401. */
export function answerAuth(far: FarEnd, asked: Message, grant: ScriptedGrant): void {
  const target = asked.header('To-Path')?.split(' ').at(-1) ?? '';
  const given = digestParameters(asked.header('Authorization') ?? '');
  const challenges = [challengeFor(target)];
  const refuse = () => far.send(answer(asked, '401 Unauthorized', `WWW-Authenticate: ${challenges[0]}`));
  const [nonceCount, cnonce] = [given.get('nc'), given.get('cnonce')];
  if (nonceCount === undefined || cnonce === undefined) return refuse();
  const right = answerDigest({ ...NADIA, algorithm: 'SHA-256', challenges, digestUri: target, nonceCount, cnonce });
  if (given.get('response') !== digestParameters(right.authorization).get('response')) return refuse();
  const { usePath, expires = 3600, rspauth = right.rspauth } = grant;
  const lines = [`Use-Path: ${usePath}`, `Expires: ${expires}`, `Authentication-Info: rspauth="${rspauth}", qop=auth`];
  far.send(answer(asked, '200 OK', ...lines));
}

/** Answers AUTHs until one is granted. @returns all that were asked. */
export async function grantNext(far: FarEnd, grant: ScriptedGrant): Promise<Message[]> {
  const asked: Message[] = [];
  for (;;) {
    const message = await far.next();
    if (message.method !== 'AUTH') throw new Error(`expected AUTH, got ${message.startLine}`);
    asked.push(message);
    answerAuth(far, message, grant);
    if (message.header('Authorization') !== undefined) return asked;
  }
}
