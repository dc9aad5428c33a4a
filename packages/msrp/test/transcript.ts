/** What a parser tells, as lines of text that vectors and people can compare. */
import { formatByteRange, type Head, type Parser, type ParserEvents, type ParserLimits } from '../src/wire/index.ts';

/**
 * Writes `pieces` to a parser and returns what it told, bodies joined, so that no cut shows. Each piece lives in
 * memory that is spoiled as soon as `write` returns, as a socket's read buffer would be.
 *
 * @param makeParser - the parser to look at, on memory of the kind that `makeOctets` makes.
 */
export function transcript(
  pieces: Iterable<Uint8Array>,
  limits: ParserLimits,
  makeParser: (events: ParserEvents, limits: ParserLimits) => Parser,
  makeOctets: (octets: Uint8Array) => Uint8Array = (octets) => Buffer.from(octets),
): string[] {
  const recorder = new Recorder();
  const parser = makeParser(recorder, limits);
  for (const piece of pieces) {
    const octets = makeOctets(piece);
    parser.write(octets);
    octets.fill(0x7a);
  }
  return recorder.lines();
}

/** Cuts octets in pieces of one. */
export function octetByOctet(octets: Uint8Array): Uint8Array[] {
  return Array.from(octets, (octet) => Uint8Array.of(octet));
}

/** `text` in quotes, with everything that is not plain ASCII escaped. */
export function quote(text: string): string {
  const escaped = text.replace(/[^ !#-[\]-~]/g, (character) => {
    const known = { '\r': '\\r', '\n': '\\n', '\t': '\\t', '"': '\\"', '\\': '\\\\' }[character];
    return known ?? `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
  return `"${escaped}"`;
}

class Recorder implements ParserEvents {
  readonly #lines: string[] = [];
  #body = '';

  head(head: Head): void {
    this.#flush();
    this.#lines.push(...headLines(head));
  }

  body(octets: Uint8Array): void {
    if (octets.length === 0) throw new Error('a body event without octets');
    this.#body += Buffer.from(octets.buffer, octets.byteOffset, octets.length).toString('latin1');
  }

  end(flag: string): void {
    this.#flush();
    this.#lines.push(`end ${flag}`);
  }

  broken(error: Error & { code: string }, head: Head | undefined): void {
    this.#flush();
    const answer = head === undefined ? '' : `, answer ${head.transactionId} to ${head.fromPath}`;
    this.#lines.push(`broken ${error.code}${answer}`);
    if (head?.failureReport === 'no') this.#lines.push('failure-report no');
  }

  lines(): string[] {
    this.#flush();
    return this.#lines;
  }

  #flush(): void {
    if (this.#body !== '') this.#lines.push(`body ${quote(this.#body)}`);
    this.#body = '';
  }
}

function headLines(head: Head): string[] {
  const kind = head.method === '' ? String(head.status).padStart(3, '0') : head.method;
  const headers = head.lines.split('\r\n').length - 1 + 2;
  const content = head.hasBody ? ' with content' : '';
  const details = [
    head.comment === '' ? '' : `comment ${quote(head.comment)}`,
    head.messageId === '' ? '' : `message-id ${head.messageId}`,
    head.byteRange === undefined ? '' : `byte-range ${formatByteRange(head.byteRange)}`,
    head.successReport ? 'success-report yes' : '',
    head.failureReport === 'yes' ? '' : `failure-report ${head.failureReport}`,
  ].filter((line) => line !== '');
  // Of a head at fault only what an answer to it needs is of interest.
  if (head.fault === undefined) return [`head ${kind} ${head.transactionId} ${headers} headers${content}`, ...details];
  return [
    `fault ${kind} ${head.transactionId} from ${quote(head.fromPath)}`,
    ...details.filter((line) => line.startsWith('failure-report')),
  ];
}
