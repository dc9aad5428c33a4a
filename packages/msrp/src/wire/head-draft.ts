/** A head while it is being read. */
import type { ByteRange } from './byte-range.ts';
import type { FailureReport, Head } from './head.ts';

/** Filled line by line, then given away as it is: to gather all this in a reader that lives long and copy it would cost more. */
export class HeadDraft implements Head {
  transactionId = '';
  method = '';
  status = 0;
  comment = '';
  toPath = '';
  fromPath = '';
  messageId = '';
  byteRange: ByteRange | undefined = undefined;
  successReport = false;
  failureReport: FailureReport = 'yes';
  hasBody = false;
  lines = '';
  rangeStart = 0;
  rangeEnd = 0;
  fault: string | undefined = undefined;
}
