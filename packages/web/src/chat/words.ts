/** Failures in words: what an error of the library means to whoever reads the page. */

/** What of an error is read. */
interface Failure {
  readonly code?: unknown;
  readonly status?: unknown;
  readonly message?: unknown;
}

const BY_STATUS: Readonly<Record<number, string>> = {
  400: 'A relay on the way did not understand it',
  403: 'It was refused',
  408: 'No answer came in time, or the other side cannot be reached any more',
  413: 'The other side does not want it, or no more of it',
  415: 'The other side does not take this kind of content',
  481: 'The session is over: the other side is not there any more',
  501: 'The other side cannot do that',
  506: 'The session is in use over another connection',
};

const BY_CODE: Readonly<Record<string, string>> = {
  MSRP_DIAL_FAILED: 'The relay cannot be reached.',
  MSRP_DIAL_TIMEOUT: 'The relay does not answer.',
  MSRP_CONNECTION_LOST: 'The connection to the relay was lost.',
  MSRP_BAD_PATH: 'That is no MSRP address: one or more msrps:// URIs, with a blank between them.',
  MSRP_BAD_USER_NAME: 'That cannot be a user name.',
  MSRP_AUTH_DOWNGRADE: 'The relay could not prove that it knows the password. Nothing was sent.',
  MSRP_INSECURE: 'The password would travel unprotected.',
  MSRP_ABORTED: 'The other side has cancelled it.',
  MSRP_SESSION_FAILED: 'The session is over: its address has expired.',
  MSRP_SESSION_CLOSED: 'The session has been closed.',
  MSRP_TOO_LARGE: 'It is too large.',
};

/** One or two sentences, with the status where a node has answered one. */
export function inWords(error: unknown): string {
  const { code, status, message } = error as Failure;
  if (code === 'MSRP_AUTH_FAILED') return authFailure(status);
  if (typeof status === 'number') return `${BY_STATUS[status] ?? 'It was refused'} (${status}).`;
  if (code === 'MSRP_TIMEOUT') return 'No answer came in time.';
  const known = BY_CODE[String(code)];
  if (known !== undefined) return known;
  return typeof message === 'string' && message !== '' ? `It did not work: ${message}.` : 'It did not work.';
}

/** Whether nobody knows if the message has arrived. */
export function isUncertain(error: unknown): boolean {
  const { code } = error as Failure;
  return code === 'MSRP_UNCONFIRMED' || code === 'MSRP_CONNECTION_LOST';
}

/** Whether a message failed only because its session did: the next session may go on with it. */
export function canGoOn(error: unknown): boolean {
  const { code, status } = error as Failure;
  return isUncertain(error) || code === 'MSRP_SESSION_FAILED' || status === 481 || status === 506 || status === 408;
}

/** The status of an error, where a node has answered one. */
export function statusOf(error: unknown): number | undefined {
  const { status } = error as Failure;
  return typeof status === 'number' ? status : undefined;
}

/** Whether user or password were refused, which no new attempt changes. */
export function isAuthFailure(error: unknown): boolean {
  const { code, status } = error as Failure;
  return code === 'MSRP_AUTH_FAILED' && (status === 401 || status === 403);
}

function authFailure(status: unknown): string {
  if (status === 401) return 'User or password is wrong.';
  if (status === 403) return 'This user may not use the relay (403).';
  return `The relay did not let you in${typeof status === 'number' ? ` (${status})` : ''}.`;
}
