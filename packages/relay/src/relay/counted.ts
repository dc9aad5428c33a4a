/** The names that things are counted under: all of them, so that no peer can add one. They are the values of labels. */
import { isSuccess } from 'msrp/wire';

/** Methods that are counted by name; every other one is `other`. */
export const METHODS = ['SEND', 'REPORT', 'AUTH', 'NICKNAME', 'other'] as const;
/** Of responses also `none`: it belongs to no request that this relay knows of. */
export const ANSWERED_METHODS = ['SEND', 'AUTH', 'NICKNAME', 'other', 'none'] as const;
/** Statuses that the RFCs know; every other one is its class, or `other`. */
const STATUSES = [
  ...['200', '400', '401', '403', '408', '413', '415', '423', '481', '501', '506'],
  ...['2xx', '4xx', '5xx', 'other'],
] as const;

/** What makes the relay write a REPORT, or answer a SEND with an error although the next hop was known. */
const TRIGGERS = [
  ...(['response', 'timeout', 'lost', 'unreachable', 'denied'] as const),
  ...(['gone', 'closing', 'stalled', 'slow'] as const),
] as const;

/** Why something was refused: before anything was done, by the rules of ways, for its size, because others suffer. */
export const REASONS = [
  ...TRIGGERS,
  ...(['connection', 'blocked', 'token', 'head too large', 'garbage', 'malformed', 'id in use'] as const),
  ...([
    'misaddressed',
    'no session',
    'ends at this relay',
    'wrong direction',
    'not authenticated',
    'base URI',
    'no certificate',
  ] as const),
  ...([
    'bound elsewhere',
    'malformed path',
    'path too long',
    'next hops',
    'cleartext',
    'transport',
    'no port',
  ] as const),
  ...(['cleartext next hop', 'connections', 'method', 'not a message', 'octets', 'message size', 'stopped'] as const),
  ...(['relay busy', 'transactions', 'next hop full', 'REPORTs left unread'] as const),
] as const;

/** What became of AUTHs that ended here; `failed elsewhere` are those that another relay answered 401. */
export const AUTH_ENDS = [
  ...(['granted', 'challenged', 'stale', 'failed', 'forbidden', 'malformed', 'unavailable', 'interval'] as const),
  ...([
    'quota',
    'cleartext',
    'relay denied',
    'relay unproven',
    'refused',
    'blocked',
    'busy',
    'failed elsewhere',
  ] as const),
] as const;

/** What peers did that was not right and was let pass. */
export const ODDITIES = ['malformed response', 'unmatched response', 'misaddressed response'] as const;

export type CountedMethod = (typeof METHODS)[number] | 'none';
export type CountedStatus = (typeof STATUSES)[number];
export type Trigger = (typeof TRIGGERS)[number];
export type Reason = (typeof REASONS)[number];
export type AuthEnd = (typeof AUTH_ENDS)[number];
export type Oddity = (typeof ODDITIES)[number];

const KNOWN_METHODS: ReadonlySet<string> = new Set(METHODS);
const KNOWN_STATUSES: ReadonlySet<string> = new Set(STATUSES);

/** What `method` is counted as. */
export function countedMethod(method: string): CountedMethod {
  return KNOWN_METHODS.has(method) ? (method as CountedMethod) : 'other';
}

/** What `status` is counted as. */
export function countedStatus(status: number): CountedStatus {
  const text = String(status);
  if (KNOWN_STATUSES.has(text)) return text as CountedStatus;
  if (isSuccess(status)) return '2xx';
  return status >= 400 && status < 500 ? '4xx' : status >= 500 && status < 600 ? '5xx' : 'other';
}
