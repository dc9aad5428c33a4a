/** Lines of a session description: `x=value`, each with its number. RFC 8866 §5, §9. */
import { MsrpError } from '../base/errors.ts';

/** One line as it came, without its line ending. */
export interface SdpLine {
  /** Counted from 1. */
  readonly number: number;
  /** The letter before the `=`. */
  readonly type: string;
  /** All that follows the `=`, blanks included. */
  readonly value: string;
}

/** The error that every reader here throws: it names the line and what should stand there, and quotes nothing. */
export function badLine(number: number, expected: string): MsrpError {
  return new MsrpError('MSRP_BAD_SDP', `line ${number}: expected ${expected}`);
}

/**
 * Cuts a text into its lines. They end in CRLF or LF, the last one need not; empty lines at the very end are let pass.
 *
 * @throws MsrpError `MSRP_BAD_SDP` for a line that is not a letter, `=` and a value, or holds a CR or NUL.
 */
export function readLines(text: string): SdpLine[] {
  const rows = text.split('\n').map((row) => (row.endsWith('\r') ? row.slice(0, -1) : row));
  while (rows.at(-1) === '') rows.pop();
  return rows.map((row, index) => {
    if (!/^[A-Za-z]=/.test(row)) throw badLine(index + 1, 'a letter, "=" and a value');
    if (row.includes('\r') || row.includes('\0')) throw badLine(index + 1, 'a value without CR and NUL');
    return { number: index + 1, type: row.charAt(0), value: row.slice(2) };
  });
}

/**
 * Writes one line with its CRLF.
 *
 * @throws MsrpError `MSRP_BAD_SDP` when the value holds CR, LF or NUL, which would make it more than one line.
 */
export function formatLine(type: string, value: string): string {
  if (/[\r\n\0]/.test(value)) throw new MsrpError('MSRP_BAD_SDP', `${type}= to be written: expected one line`);
  return `${type}=${value}\r\n`;
}
