/** What goes wrong when dialling, in words that name the host. */
import { MsrpError } from '../base/errors.ts';

/** `MSRP_DIAL_FAILED`. */
export function failed(host: string, why: string, cause?: unknown): MsrpError {
  return new MsrpError('MSRP_DIAL_FAILED', `no connection to ${host}: ${why}`, { cause });
}

/** `MSRP_DIAL_TIMEOUT`. */
export function timedOut(host: string): MsrpError {
  return new MsrpError('MSRP_DIAL_TIMEOUT', `no connection to ${host} in the time allowed`);
}
