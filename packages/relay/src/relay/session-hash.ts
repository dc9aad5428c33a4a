/** Short names for secrets: what logs and operators see instead of a session URI. */
import { hash } from 'node:crypto';

/** A name for a secret that tells two apart and gives neither away. */
export function shortHash(secret: string): string {
  return hash('sha256', secret).slice(0, 8);
}

/** The session-id of a session URI; '' when it has none. */
export function sessionIdOf(uri: string): string {
  const slash = uri.indexOf('/', 8);
  const end = uri.indexOf(';', slash);
  return slash < 0 ? '' : uri.slice(slash + 1, end < 0 ? undefined : end);
}

/** The session part of an MSRP URI inside any text, such as a path or the message of an error. */
const SESSION_PART = /(msrps?:\/\/[^/\s"\\]*\/)([^;\s"\\]+)/gi;

/** `text` with the hash of each session-id in its place. */
export function withoutSessions(text: string): string {
  return text.replace(SESSION_PART, (_, front: string, session: string) => `${front}#${shortHash(session)}`);
}

/** What a session is called wherever people see it. */
export function sessionHash(uri: string): string {
  return shortHash(sessionIdOf(uri));
}
