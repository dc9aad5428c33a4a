/** The error of this package. */

/** Every code an error of this package may carry. Renaming one is a breaking change. */
export type MsrpErrorCode =
  | 'MSRP_BAD_START_LINE'
  | 'MSRP_HEAD_TOO_LARGE'
  | 'MSRP_BAD_URI'
  | 'MSRP_BAD_USER_NAME'
  | 'MSRP_BAD_AUTH_VALUE'
  | 'MSRP_BAD_SDP'
  | 'MSRP_DIAL_FAILED'
  | 'MSRP_DIAL_TIMEOUT'
  | 'MSRP_DIAL_DENIED'
  | 'MSRP_BAD_PEER_NAME'
  | 'MSRP_LOOKUP_FAILED'
  | 'MSRP_LOOKUP_BUSY'
  | 'MSRP_BAD_PATH'
  | 'MSRP_BAD_CONTENT'
  | 'MSRP_INSECURE'
  | 'MSRP_BAD_FINGERPRINT'
  | 'MSRP_AUTH_FAILED'
  | 'MSRP_AUTH_DOWNGRADE'
  | 'MSRP_REFUSED'
  | 'MSRP_TIMEOUT'
  | 'MSRP_UNCONFIRMED'
  | 'MSRP_NOT_ACCEPTED'
  | 'MSRP_TOO_LARGE'
  | 'MSRP_ABORTED'
  | 'MSRP_NOT_RESUMABLE'
  | 'MSRP_CONNECTION_LOST'
  | 'MSRP_SESSION_CLOSED'
  | 'MSRP_SESSION_FAILED';

/** The one error class of the package: callers branch on `code`, never on `message`. */
export class MsrpError extends Error {
  override readonly name = 'MsrpError';
  readonly code: MsrpErrorCode;
  /** What a node answered or reported, where that is the reason: a status of RFC 4975 §10. */
  readonly status: number | undefined;

  constructor(code: MsrpErrorCode, message: string, options: ErrorOptions & { readonly status?: number } = {}) {
    super(message, options);
    this.code = code;
    this.status = options.status;
  }
}
