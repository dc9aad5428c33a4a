/** The statuses this package and the relay write, and the comments that go with them. RFC 4975 §10, RFC 4976 §10. */

/** The whole set: a relay invents no others. */
const COMMENTS: ReadonlyMap<number, string> = new Map([
  [200, 'OK'],
  [400, 'Bad Request'],
  [401, 'Unauthorized'],
  [403, 'Forbidden'],
  [408, 'Request Timeout'],
  [413, 'Message too large'],
  [415, 'Media type not supported'],
  [423, 'Interval Out-of-Bounds'],
  [481, 'Session does not exist'],
  [501, 'Unknown method'],
  [506, 'Session in use on another connection'],
]);

/** The comment written after `status` when nothing more exact is known; empty for a status this project never makes. */
export function commentOf(status: number): string {
  return COMMENTS.get(status) ?? '';
}

/** Any 2xx is success; every other status, known or not, is failure. RFC 4976 §6.4.1, §6.4.3. */
export function isSuccess(status: number): boolean {
  return status >= 200 && status <= 299;
}
