/** Reads one head from text: line by line, once, without judging more than its form (RFC 4975 §9). */
import { parseByteRange } from './byte-range.ts';
import type { ContinuationFlag, FailureReport, Head } from './head.ts';
import { HeadDraft } from './head-draft.ts';
import { isIdentAt } from './ident.ts';
import { bitOf, type KnownHeader, knownHeader } from './known-headers.ts';
import { LineMemory, type RememberedLine } from './line-memory.ts';
import { PathMemory } from './path-memory.ts';

/** How the reading of a head ended: it wants more text, a body follows, or its end-line came with this flag. */
export type HeadEnding = 'incomplete' | 'body' | ContinuationFlag;

/** Longest ids that are taken (generated ones have at most 32 characters): UUIDs are common. */
const MAX_TRANSACTION_ID = 64;
const MAX_MESSAGE_ID = 256;

const HYPHENS = '-------';
const HYPHEN = 45;
const TAB = 9;
const CR = 13;
const SPACE = 32;
const ZERO = 48;

const BOTH_PATHS = bitOf('To-Path') | bitOf('From-Path');
const STATUS = bitOf('Status');

/** Before there is one, and when the last one has been given away. */
const NO_HEAD = new HeadDraft();

/** Those that say the same in most heads of a connection. */
const CONSTANT = bitOf('Content-Type') | bitOf('Failure-Report') | bitOf('Success-Report');

/** Of all connections: most peers write these lines alike, and what many look at stays near the processor. */
const LINES = new LineMemory();

/**
 * Reads heads one after the other. After `read` the fields tell what was found; `head()` gives it away.
 * A head that does not read well is still read to its end, so that the connection stays in step; the first
 * thing wrong is its `fault`.
 */
export class HeadReader {
  /** Offset of the first character after the head, when it is complete. */
  next = 0;
  /** True once the start line was read and found impossible: nothing after it can be framed. */
  isGarbage = false;
  lineCount = 0;
  /** Where the Message-ID stands in the text; both 0 when there is none. */
  messageIdStart = 0;
  messageIdEnd = 0;
  /** Of requests and of responses, which go the other way. */
  readonly #requestPaths = new PathMemory();
  readonly #responsePaths = new PathMemory();
  #draft = NO_HEAD;
  /** Bits of the headers that were read. */
  #seen = 0;
  #hasContentHeader = false;
  #linesStart = 0;
  #linesEnd = 0;
  #rangeStart = -1;
  #rangeEnd = -1;
  #contentTypeStart = -1;

  /** Reads the head that starts at `from`. When it is incomplete, call again from its start with more text. */
  read(text: string, from: number, maxLines: number): HeadEnding {
    this.#reset();
    let at = this.#readStartLine(text, from);
    if (at < 0) return 'incomplete';
    const paths = this.#draft.method === '' ? this.#responsePaths : this.#requestPaths;
    if (paths.standsAt(text, at)) at = this.#takePaths(paths, at);
    for (;;) {
      const known = LINES.standingAt(text, at);
      const end = known === undefined ? text.indexOf('\r\n', at) : at + known.text.length - 2;
      if (end < 0) return 'incomplete';
      if (end === at) return this.#finish('body', at, end + 2);
      if (text.charCodeAt(at) === HYPHEN) {
        const flag = this.#flagOfEndLine(text, at, end);
        if (flag !== undefined) return this.#finish(flag, at, end + 2);
      }
      this.lineCount += 1;
      if (this.lineCount > maxLines) return 'incomplete';
      if (known === undefined) this.#readHeader(text, at, end);
      else this.#takeLine(known, text, at, end);
      at = end + 2;
    }
  }

  /** The transaction id of the head that was read. */
  get transactionId(): string {
    return this.#draft.transactionId;
  }

  /**
   * Gives away what was read so far.
   *
   * @param text - what it was read from.
   * @param messageId - the text between `messageIdStart` and `messageIdEnd`, not as a view: it is kept for long.
   */
  head(text: string, messageId: string): Head {
    const draft = this.#draft;
    const lines = text.slice(this.#linesStart, Math.max(this.#linesStart, this.#linesEnd));
    const insertAt = this.#contentTypeStart >= 0 ? this.#contentTypeStart - this.#linesStart : lines.length;
    draft.messageId = messageId;
    draft.hasBody = this.#contentTypeStart >= 0;
    draft.lines = lines;
    draft.rangeStart = this.#rangeStart >= 0 ? this.#rangeStart - this.#linesStart : insertAt;
    draft.rangeEnd = this.#rangeStart >= 0 ? this.#rangeEnd - this.#linesStart : insertAt;
    return draft;
  }

  /** Lets go of the head that was read last. */
  forget(): void {
    this.#draft = NO_HEAD;
  }

  #reset(): void {
    this.#draft = new HeadDraft();
    this.isGarbage = false;
    this.lineCount = 0;
    this.messageIdStart = 0;
    this.messageIdEnd = 0;
    this.#seen = 0;
    this.#hasContentHeader = false;
    this.#linesStart = 0;
    this.#linesEnd = 0;
    this.#rangeStart = -1;
    this.#contentTypeStart = -1;
  }

  /** Returns the offset after the start line; -1 when it is incomplete or garbage. */
  #readStartLine(text: string, from: number): number {
    const lineFeed = text.indexOf('\n', from);
    const isWhole = lineFeed >= 0;
    const isMsrp = text.startsWith('MSRP ', from) || (!isWhole && 'MSRP '.startsWith(text.slice(from)));
    this.isGarbage = !isMsrp || (isWhole && !this.#readWords(text, from + 5, lineFeed - 1));
    if (this.isGarbage || !isWhole) return -1;
    this.#linesStart = lineFeed + 1;
    return this.#linesStart;
  }

  /** What follows `MSRP`: an id, a blank, and the kind of message, up to a CR at `end`. */
  #readWords(text: string, from: number, end: number): boolean {
    const space = text.indexOf(' ', from);
    if (text.charCodeAt(end) !== CR || space < 0 || space >= end) return false;
    this.#draft.transactionId = text.slice(from, space);
    return isIdentAt(text, from, space, MAX_TRANSACTION_ID) && this.#readKind(text, space + 1, end);
  }

  /** Third token: a method, or three digits and perhaps a comment (RFC 4975 §9). */
  #readKind(text: string, from: number, end: number): boolean {
    if (isDigit(text.charCodeAt(from))) return this.#readStatus(text, from, end);
    for (let at = from; at < end; at += 1) {
      const code = text.charCodeAt(at);
      if (code < 65 || code > 90) return false;
    }
    this.#draft.method = text.slice(from, end);
    return end > from;
  }

  #readStatus(text: string, from: number, end: number): boolean {
    const isFormed = end === from + 3 || text.charCodeAt(from + 3) === SPACE;
    const [hundreds, tens, ones] = [text.charCodeAt(from), text.charCodeAt(from + 1), text.charCodeAt(from + 2)];
    if (!isFormed || !isDigit(tens) || !isDigit(ones)) return false;
    this.#draft.status = (hundreds - ZERO) * 100 + (tens - ZERO) * 10 + (ones - ZERO);
    if (end <= from + 4) return true;
    this.#draft.comment = text.slice(from + 4, end);
    if (hasControl(text, from + 4, end)) this.#blame('a control character in the comment');
    return true;
  }

  #flagOfEndLine(text: string, at: number, end: number): ContinuationFlag | undefined {
    const { transactionId } = this.#draft;
    const idStart = at + HYPHENS.length;
    if (end !== idStart + transactionId.length + 1) return undefined;
    if (text.slice(at, idStart) !== HYPHENS || text.slice(idStart, end - 1) !== transactionId) return undefined;
    const flag = text.charAt(end - 1);
    return flag === '$' || flag === '+' || flag === '#' ? flag : undefined;
  }

  /** The head begins with path lines that were read before; returns the offset after them. */
  #takePaths(paths: PathMemory, at: number): number {
    this.#draft.toPath = paths.toPath;
    this.#draft.fromPath = paths.fromPath;
    this.#seen = BOTH_PATHS;
    this.lineCount = 2;
    this.#linesStart = at + paths.lines.length;
    return this.#linesStart;
  }

  /** Both path lines were read, the first ones of the head. */
  #learnPaths(text: string, start: number, end: number): void {
    const { method, toPath, fromPath } = this.#draft;
    const paths = method === '' ? this.#responsePaths : this.#requestPaths;
    paths.learn(text, start, end, toPath, fromPath);
  }

  #readHeader(text: string, at: number, end: number): void {
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon >= end) return this.#blame('a header line without a colon');
    const header = knownHeader(text, at, colon);
    if (header === undefined) return this.#readUnknown(text, at, colon, end);
    if (!this.#mayCome(header)) return;
    let first = colon + 1;
    while (isBlank(text.charCodeAt(first))) first += 1;
    let last = end;
    while (last > first && isBlank(text.charCodeAt(last - 1))) last -= 1;
    if (header.name === 'Message-ID') {
      this.messageIdStart = first;
      this.messageIdEnd = last;
    }
    const value = text.slice(first, last);
    this.#keep(header, value, text, at, end + 2);
    if ((header.bit & CONSTANT) !== 0 && this.#draft.fault === undefined) {
      LINES.learn(text, at, end + 2, header, value);
    }
  }

  /** A line that was read before, and read well. */
  #takeLine({ header, value }: RememberedLine, text: string, at: number, end: number): void {
    if (this.#mayCome(header)) this.#keep(header, value, text, at, end + 2);
  }

  #mayCome({ name, bit }: KnownHeader): boolean {
    if ((this.#seen & bit) !== 0) {
      this.#blame(`a second ${name}`);
      return false;
    }
    this.#seen |= bit;
    if (this.#contentTypeStart >= 0) this.#blame('a header after Content-Type');
    return true;
  }

  #keep({ name }: KnownHeader, value: string, text: string, lineStart: number, lineEnd: number): void {
    const draft = this.#draft;
    switch (name) {
      case 'To-Path':
        if (this.lineCount !== 1) this.#blame('To-Path is not the first header');
        draft.toPath = value;
        break;
      case 'From-Path':
        if (this.lineCount !== 2) this.#blame('From-Path is not the second header');
        draft.fromPath = value;
        if (this.lineCount === 2 && draft.fault === undefined) this.#learnPaths(text, this.#linesStart, lineEnd);
        this.#linesStart = lineEnd;
        break;
      case 'Message-ID':
        if (!isIdentAt(text, this.messageIdStart, this.messageIdEnd, MAX_MESSAGE_ID))
          this.#blame('Message-ID is malformed');
        break;
      case 'Byte-Range':
        draft.byteRange = parseByteRange(value);
        if (draft.byteRange === undefined) this.#blame('Byte-Range is malformed');
        this.#rangeStart = lineStart;
        this.#rangeEnd = lineEnd;
        break;
      case 'Success-Report':
        draft.successReport = this.#keyword(value, name, SUCCESS_REPORT) === 'yes';
        break;
      case 'Failure-Report':
        draft.failureReport = this.#keyword(value, name, FAILURE_REPORT) ?? 'yes';
        break;
      case 'Status':
        if (!isStatus(value) || hasControl(value, 0, value.length)) this.#blame('Status is malformed');
        break;
      case 'Content-Type':
        this.#contentTypeStart = lineStart;
        if (hasControl(value, 0, value.length)) this.#blame('a control character in a header');
        break;
      default:
        if (hasControl(value, 0, value.length)) this.#blame('a control character in a header');
    }
  }

  #keyword<T extends string>(value: string, name: string, keywords: readonly T[]): T | undefined {
    const keyword = oneOf(keywords, value) ?? oneOf(keywords, value.toLowerCase());
    if (keyword === undefined) this.#blame(`${name} has an unknown value`);
    return keyword;
  }

  #readUnknown(text: string, at: number, colon: number, end: number): void {
    if (!isHeaderName(text, at, colon)) return this.#blame('a header name is malformed');
    if (this.#contentTypeStart >= 0) this.#blame('a header after Content-Type');
    if (colon - at > 8 && text.slice(at, at + 8).toLowerCase() === 'content-') this.#hasContentHeader = true;
    if (hasControl(text, colon + 1, end)) this.#blame('a control character in a header');
  }

  #finish(ending: HeadEnding, linesEnd: number, next: number): HeadEnding {
    this.next = next;
    this.#linesEnd = linesEnd;
    if ((this.#seen & BOTH_PATHS) !== BOTH_PATHS) this.#blame('To-Path and From-Path are missing');
    const hasType = this.#contentTypeStart >= 0;
    if (ending === 'body' && !hasType) this.#blame('a body without Content-Type');
    if (ending !== 'body' && (hasType || this.#hasContentHeader)) this.#blame('Content headers without a body');
    const { method } = this.#draft;
    if (method === '') {
      if (hasType || ending === 'body') this.#blame('a response with a body');
    } else if (method === 'SEND' || method === 'REPORT') {
      if (this.messageIdEnd === 0) this.#blame('Message-ID is missing');
      if (method === 'REPORT' && (this.#seen & STATUS) === 0) this.#blame('Status is missing');
    }
    return ending;
  }

  #blame(fault: string): void {
    this.#draft.fault ??= fault;
  }
}

const SUCCESS_REPORT = ['yes', 'no'] as const;
const FAILURE_REPORT: readonly FailureReport[] = ['yes', 'no', 'partial'];

/** Which of a few it is: a Map would have to hash the text, which is a new one each time. */
function oneOf<T extends string>(keywords: readonly T[], value: string): T | undefined {
  for (const keyword of keywords) if (keyword === value) return keyword;
  return undefined;
}

/** A letter, then token characters (RFC 4975 §9 `hname`). */
function isHeaderName(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at) | 32;
    const isLetter = code >= 97 && code <= 122;
    if (!isLetter && (at === from || !TOKEN_REST.includes(text.charAt(at)))) return false;
  }
  return end > from;
}

const TOKEN_REST = "0123456789!#$%&'*+-.^_`{|}~";

/** `000 200 OK`: a namespace, a code, perhaps a comment (RFC 4975 §9). */
function isStatus(value: string): boolean {
  if (value.length < 7 || value.charCodeAt(3) !== SPACE) return false;
  if (value.length > 7 && value.charCodeAt(7) !== SPACE) return false;
  for (const at of [0, 1, 2, 4, 5, 6]) if (!isDigit(value.charCodeAt(at))) return false;
  return true;
}

/** Header values hold HTAB, visible characters and octets above 127, nothing else (RFC 4975 §9 `utf8text`). */
function hasControl(text: string, from: number, end: number): boolean {
  for (let at = from; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if ((code < SPACE && code !== TAB) || code === 127) return true;
  }
  return false;
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isBlank(code: number): boolean {
  return code === SPACE || code === TAB;
}
