/** The log: JSON lines, one an event, with nothing secret in them and no control character of a stranger. */
import { type DestinationStream, type Logger, pino } from 'pino';
import { withoutSessions } from '../relay/session-hash.ts';
import { LogOutput } from './log-output.ts';

export type { Logger } from 'pino';

/** Fields that are never written, wherever they stand, whoever puts them into a record. */
const SECRET_FIELDS = [
  'password',
  'nonce',
  'cnonce',
  'response',
  'authorization',
  'usePath',
  'sessionId',
  'key',
  'ha1',
];

/** The log of the process. Nothing on the path of a message may log. */
export function makeLogger(to: DestinationStream): Logger {
  const logger = pino(
    {
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (level) => ({ level }) },
      redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[hidden]' },
      hooks: { streamWrite: withoutSecrets },
    },
    to,
  );
  if (to instanceof LogOutput) {
    to.onRecovered = (lines) => logger.error({ lines }, 'lines of the log were lost: nobody took them in time');
  }
  return logger;
}

/** Parameters of Digest whose values are secret, in quotes that JSON has escaped or not. */
const DIGEST_PARAMETER = /\b(c?nonce|nextnonce|response|rspauth|opaque)=(\\?")[^"\\]*\\?"/gi;
/** What JSON leaves as it is and a terminal obeys, or takes for the end of a line. */
const UNSAFE_CHARACTER = /[\u007f-\u009f\u2028\u2029]/g;

/** The last gate before the log is written: works on the finished line, so no field and no error text gets around it. */
function withoutSecrets(line: string): string {
  return withoutSessions(line)
    .replace(DIGEST_PARAMETER, (_, name: string, mark: string) => `${name}=${mark}[hidden]${mark}`)
    .replace(UNSAFE_CHARACTER, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}
