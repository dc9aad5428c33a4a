/** Reads MSRP from a socket without keeping it: for hundreds of megabytes where `Endpoint` would keep every message. */
import type { Socket } from 'node:net';

/** One SEND that has come to its end; its body was told piece by piece. */
interface StreamedChunk {
  readonly tid: string;
  /** Start line and headers. */
  readonly head: string;
  readonly bodyOctets: number;
  readonly flag: string;
}

/** What a stream of messages is told to. */
interface StreamEvents {
  readonly body?: (octets: Uint8Array) => void;
  readonly chunk?: (chunk: StreamedChunk) => void;
  readonly response?: (tid: string, status: number) => void;
}

const NOTHING = Buffer.alloc(0);

/** Knows SENDs with a body and responses, nothing else; anything else throws. */
export class StreamReader {
  readonly #events: StreamEvents;
  #rest: Buffer = NOTHING;
  #tid = '';
  #head = '';
  #mark = NOTHING;
  #bodyOctets = 0;

  constructor(socket: Socket, events: StreamEvents) {
    this.#events = events;
    socket.removeAllListeners('data');
    socket.on('data', (octets: Buffer) => this.#read(octets));
  }

  #read(octets: Buffer): void {
    const input = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    let at = 0;
    for (let next = this.#step(input, at); next !== at; next = this.#step(input, at)) at = next;
    this.#rest = input.subarray(at);
  }

  /** The offset after what could be read at `at`; `at` when more octets are needed. */
  #step(input: Buffer, at: number): number {
    if (this.#tid !== '') return this.#readBody(input, at);
    const lineEnd = input.indexOf('\r\n', at);
    if (lineEnd < 0) return at;
    const [, tid = '', what = ''] = /^MSRP (\S+) (\S+)/.exec(input.toString('latin1', at, lineEnd)) ?? [];
    return what === 'SEND' ? this.#readHead(input, at, tid) : this.#readResponse(input, at, tid, Number(what));
  }

  #readResponse(input: Buffer, at: number, tid: string, status: number): number {
    if (!Number.isInteger(status) || tid === '') throw new Error('neither a SEND nor a response');
    const line = `-------${tid}$\r\n`;
    const end = input.indexOf(line, at);
    if (end < 0) return at;
    this.#events.response?.(tid, status);
    return end + line.length;
  }

  #readHead(input: Buffer, at: number, tid: string): number {
    const end = input.indexOf('\r\n\r\n', at);
    if (end < 0) return at;
    this.#tid = tid;
    this.#head = input.toString('latin1', at, end);
    this.#mark = Buffer.from(`\r\n-------${tid}`);
    this.#bodyOctets = 0;
    return end + 4;
  }

  #readBody(input: Buffer, at: number): number {
    const found = input.indexOf(this.#mark, at);
    const end = found < 0 ? Math.max(at, input.length - this.#mark.length) : found;
    if (end > at) {
      this.#bodyOctets += end - at;
      this.#events.body?.(input.subarray(at, end));
    }
    const tail = end + this.#mark.length;
    if (found < 0 || input.length < tail + 3) return end;
    const [tid, head, bodyOctets] = [this.#tid, this.#head, this.#bodyOctets];
    this.#tid = '';
    this.#events.chunk?.({ tid, head, bodyOctets, flag: input.toString('latin1', tail, tail + 1) });
    return tail + 3;
  }
}
