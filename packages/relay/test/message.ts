/**
 * MSRP messages as a test sees them, read and written straight from RFC 4975 §9. Knows nothing of
 * the project's own parser and serializer, so that it can contradict them.
 */
import { randomBytes } from 'node:crypto';

/** One request or response, taken apart. Strings hold one character per octet. */
export interface Message {
  readonly startLine: string;
  readonly tid: string;
  readonly method: string | undefined;
  readonly status: number | undefined;
  readonly comment: string;
  readonly headers: readonly (readonly [name: string, value: string])[];
  /** The value of the first header of that name (any case), or `undefined`. */
  header(name: string): string | undefined;
  /** `undefined`: no body. Length 0: an empty one. */
  readonly body: Buffer | undefined;
  readonly flag: string;
  /** Every octet of the message, from `MSRP` to the CRLF of the end-line. */
  readonly raw: Buffer;
}

/** A message found at the front of a buffer, or how far the search for its end got. */
export type ReadResult = { readonly message: Message } | { readonly scannedOctets: number };

/** The two header lines whose place and form are fixed, by line number; later ones pass a relay as they came. */
const HEADER_LINES: Readonly<Record<number, RegExp>> = {
  1: /^To-Path: (?i:msrps?):\S+( (?i:msrps?):\S+)*$/,
  2: /^From-Path: (?i:msrps?):\S+( (?i:msrps?):\S+)*$/,
};

interface Head {
  readonly lines: readonly string[];
  /** Offset after the last header line. */
  readonly endOctets: number;
  /** Whether an empty line and a body follow. */
  readonly hasBody: boolean;
}

/**
 * Reads the message at the front of `octets`.
 *
 * @param scannedOctets - what an earlier call on the same, shorter buffer returned.
 * @throws when the octets cannot be MSRP as a relay must write it.
 */
export function readMessage(octets: Buffer, scannedOctets = 0): ReadResult {
  const head = readHead(octets);
  if (head === undefined) return { scannedOctets: 0 };
  const tid = /^MSRP (\S+) /.exec(head.lines[0] ?? '')?.[1] ?? '';
  const mark = Buffer.from(`${head.hasBody ? '\r\n' : ''}-------${tid}`, 'latin1');
  for (let from = Math.max(head.endOctets, scannedOctets); ; ) {
    const at = octets.indexOf(mark, from);
    if (at < 0) return { scannedOctets: Math.max(head.endOctets, octets.length - mark.length + 1) };
    const tail = octets.toString('latin1', at + mark.length, at + mark.length + 3);
    if (tail.length < 3) return { scannedOctets: at };
    if (/^[$+#]\r\n$/.test(tail)) return { message: take(octets, head, at, at + mark.length + 3) };
    from = at + 1;
  }
}

function readHead(octets: Buffer): Head | undefined {
  const lines: string[] = [];
  for (let at = 0; ; ) {
    const end = octets.indexOf('\r\n', at);
    if (end < 0) return undefined;
    const line = octets.toString('latin1', at, end);
    if (lines.length === 0 && !/^MSRP [A-Za-z0-9][A-Za-z0-9.+%=-]{3,31} ([A-Z]+|\d{3}( .*)?)$/.test(line)) {
      throw new Error(`not an MSRP start line: ${JSON.stringify(line)}`);
    }
    if (lines.length > 0 && line === '') return { lines, endOctets: end + 2, hasBody: true };
    if (line.startsWith('-------')) return { lines, endOctets: at, hasBody: false };
    const expected = HEADER_LINES[lines.length] ?? /^[A-Za-z][^\s:]*:/;
    if (lines.length > 0 && !expected.test(line)) {
      throw new Error(`header line ${lines.length} is not as it must be: ${JSON.stringify(line)}`);
    }
    lines.push(line);
    at = end + 2;
  }
}

function take(octets: Buffer, head: Head, bodyEnd: number, end: number): Message {
  const [startLine = '', ...headerLines] = head.lines;
  if (!head.hasBody && bodyEnd !== head.endOctets) throw new Error(`a line of another message ends ${startLine}`);
  const [, tid = '', third = '', comment = ''] = /^MSRP (\S+) (\S+) ?(.*)$/.exec(startLine) ?? [];
  const headers = headerLines.map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  if (headers.length < 2) throw new Error(`the two paths are missing: ${startLine}`);
  if (head.hasBody && headers.at(-1)?.[0] !== 'Content-Type') {
    throw new Error(`a body must directly follow Content-Type: ${startLine}`);
  }
  const isResponse = /^\d{3}$/.test(third);
  return {
    startLine,
    tid,
    method: isResponse ? undefined : third,
    status: isResponse ? Number(third) : undefined,
    comment,
    headers,
    header: (name) => headers.find(([other]) => other.toLowerCase() === name.toLowerCase())?.[1],
    body: head.hasBody ? octets.subarray(head.endOctets, bodyEnd) : undefined,
    flag: octets.toString('latin1', end - 3, end - 2),
    raw: octets.subarray(0, end),
  };
}

/** A new transaction or message id: `octets` random octets as hexadecimal digits behind a letter. */
export function randomId(octets = 10): string {
  return `t${randomBytes(octets).toString('hex')}`;
}

/** The parts of a request; what is left out is left out on the wire. */
export interface RequestParts {
  readonly tid?: string;
  readonly toPath: string;
  readonly fromPath: string;
  /** Any header lines, name and value, behind From-Path and the headers named here, before Content-Type. */
  readonly extra?: readonly (readonly [name: string, value: string])[];
  readonly contentType?: string;
  /** A string is one octet per character. With a body and no `contentType`, text/plain is said. */
  readonly body?: string | Uint8Array;
  readonly flag?: '$' | '+' | '#';
}

/** The parts of a SEND. */
export interface SendParts extends RequestParts {
  /** A random one when left out; `null` for none at all. */
  readonly messageId?: string | null;
  readonly byteRange?: string;
  readonly failureReport?: string;
  readonly successReport?: string;
}

/** The octets of a SEND. */
export function sendRequest(parts: SendParts): Buffer {
  const { messageId = randomId(), byteRange, failureReport, successReport, extra = [] } = parts;
  const own = [
    ['Message-ID', messageId],
    ['Byte-Range', byteRange],
    ['Failure-Report', failureReport],
    ['Success-Report', successReport],
  ] as const;
  const present = own.flatMap(([name, value]) =>
    value === undefined || value === null ? [] : [[name, value] as const],
  );
  return request('SEND', { ...parts, extra: [...present, ...extra] });
}

/** The octets of a request of any method. */
export function request(method: string, parts: RequestParts): Buffer {
  const { tid = randomId(), toPath, fromPath, extra = [], body, flag = '$' } = parts;
  const contentType = parts.contentType ?? (body === undefined ? undefined : 'text/plain');
  const lines = [
    `MSRP ${tid} ${method}`,
    `To-Path: ${toPath}`,
    `From-Path: ${fromPath}`,
    ...extra.map(([name, value]) => `${name}: ${value}`),
    ...(contentType === undefined ? [] : [`Content-Type: ${contentType}`]),
  ];
  const head = Buffer.from(`${lines.join('\r\n')}\r\n`, 'latin1');
  const end = Buffer.from(`-------${tid}${flag}\r\n`, 'latin1');
  if (body === undefined) return Buffer.concat([head, end]);
  const content = typeof body === 'string' ? Buffer.from(body, 'latin1') : body;
  return Buffer.concat([head, Buffer.from('\r\n'), content, Buffer.from('\r\n'), end]);
}

/** The octets of an endpoint's answer: a SEND is answered to the previous hop, anything else to the whole path. */
export function responseTo(message: Message, status: number, comment = ''): Buffer {
  const back = message.header('From-Path') ?? '';
  const lines = [
    `MSRP ${message.tid} ${status}${comment === '' ? '' : ` ${comment}`}`,
    `To-Path: ${message.method === 'SEND' ? back.split(' ')[0] : back}`,
    `From-Path: ${(message.header('To-Path') ?? '').split(' ')[0]}`,
    `-------${message.tid}$\r\n`,
  ];
  return Buffer.from(lines.join('\r\n'), 'latin1');
}
