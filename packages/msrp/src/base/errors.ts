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
  | 'MSRP_LOOKUP_BUSY';

/** The one error class of the package: callers branch on `code`, never on `message`. */
export class MsrpError extends Error {
  override readonly name = 'MsrpError';
  readonly code: MsrpErrorCode;

  constructor(code: MsrpErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
