/** Many REPORTs of all kinds on one way through a relay: made, and checked octet by octet as they arrive. */

/** How the paths stand where the REPORTs are sent, and where they arrive. */
export interface ReportWay {
  readonly sent: { readonly toPath: string; readonly fromPath: string };
  readonly arrived: { readonly toPath: string; readonly fromPath: string };
}

/** What follows From-Path in REPORTs with an even or odd number: success, or a failure with a body found by another node. */
const KINDS = [
  (number: number) => `Message-ID: message-${number}\r\nByte-Range: 1-200/200\r\nStatus: 000 200 OK\r\n`,
  (number: number) =>
    `Status: 000 408 Request timed out\r\nX-Trace: a${number};b=c\r\nMessage-ID: message-${number}\r\n` +
    'Byte-Range: 2049-4096/*\r\nContent-Type: text/plain\r\n\r\nWhy: caf\xc3\xa9 -------not-the-end$\r\n',
] as const;

/** REPORTs `first` to `last`, with the sender's own transaction ids. */
export function reportTexts(way: ReportWay, first: number, last: number): string {
  let texts = '';
  for (let number = first; number <= last; number += 1) {
    const id = `r${number}.${last}`;
    texts += `MSRP ${id} REPORT\r\n${restOf(way.sent, number)}-------${id}$\r\n`;
  }
  return texts;
}

/** Takes what arrives; the REPORTs have to come in order, with nothing changed but the paths and the id. */
export class ReportCheck {
  /** How many have come as they must. */
  count = 0;
  /** The first thing that came and was not as it must be. */
  offence: string | undefined;
  readonly #way: ReportWay;
  #text = '';

  constructor(way: ReportWay) {
    this.#way = way;
  }

  take(octets: Uint8Array): void {
    this.#text += Buffer.from(octets).toString('latin1');
    let at = 0;
    while (this.offence === undefined) {
      const length = this.#lengthOfNext(at);
      if (length === 0) break;
      at += length;
      this.count += 1;
    }
    this.#text = this.#text.slice(at);
  }

  /** The length of the REPORT that begins at `at`; 0 when it is not complete, or not as it must be. */
  #lengthOfNext(at: number): number {
    const endOfLine = this.#text.indexOf('\r\n', at);
    if (endOfLine < 0) return 0;
    const [, id = '', own] = /^MSRP ([A-Za-z0-9]{12,32}|(r\S+)) REPORT$/.exec(this.#text.slice(at, endOfLine)) ?? [];
    const expected = `${restOf(this.#way.arrived, this.count + 1)}-------${id}$\r\n`;
    const end = endOfLine + 2 + expected.length;
    if (this.#text.length < end) return 0;
    if (id !== '' && own === undefined && this.#text.startsWith(expected, endOfLine + 2)) return end - at;
    this.offence = this.#text.slice(at, end);
    return 0;
  }
}

function restOf({ toPath, fromPath }: ReportWay['sent'], number: number): string {
  return `To-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\n${KINDS[number % 2 === 0 ? 0 : 1](number)}`;
}
