/** The error of whoever keeps or changes credentials. */

/** Every code an error about credentials may carry. */
export type CredentialsErrorCode =
  | 'BAD_USER_NAME'
  | 'BAD_PASSWORD'
  | 'USER_EXISTS'
  | 'NO_SUCH_USER'
  | 'NO_DATABASE'
  | 'NO_PERMISSION'
  | 'NOT_A_USER_DATABASE'
  | 'NEWER_DATABASE'
  | 'DATABASE_FAILED';

/** Callers branch on `code`; the message is a sentence for operators and has no password and no H(A1) in it. */
export class CredentialsError extends Error {
  override readonly name = 'CredentialsError';
  readonly code: CredentialsErrorCode;

  constructor(code: CredentialsErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
  }
}
