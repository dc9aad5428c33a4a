/** Scripted endpoints over WebSocket; their HTTP and framing are those of the library ws. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type net from 'node:net';
import type { Duplex } from 'node:stream';
import { createWebSocketStream, WebSocket } from 'ws';
import { randomId } from '../message.ts';
import { Endpoint } from '../scripted-connection.ts';
import { authority } from './harness.ts';

/** What may be different about a handshake. */
export interface WebWish {
  readonly protocols?: readonly string[];
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly perMessageDeflate?: boolean;
  /** A connection that stands already; a new one when left out. */
  readonly over?: Duplex;
  /** Where to come from. */
  readonly localAddress?: string;
}

/** An endpoint, its WebSocket, and the messages that came on it. */
export interface WebEndpoint {
  readonly endpoint: Endpoint;
  readonly webSocket: WebSocket;
  /** Every WebSocket message that came, and whether it was binary. */
  readonly messages: { readonly octets: Buffer; readonly isBinary: boolean }[];
  /** The head of the 101. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Settles with the code that the connection was closed with. */
  readonly closeCode: Promise<number>;
}

/** Connects to a listener, as `ws://…` or `wss://…`. */
export async function connectWeb(url: string, wish: WebWish = {}): Promise<WebEndpoint> {
  const { protocols = ['msrp'], origin, headers = {}, perMessageDeflate = false, over, localAddress } = wish;
  const trust = { ca: authority.ca, servername: 'localhost' };
  const createConnection = over === undefined ? undefined : () => over;
  const options = {
    ...trust,
    ...(origin === undefined ? {} : { origin }),
    headers,
    perMessageDeflate,
    createConnection,
    localAddress,
  };
  const webSocket = new WebSocket(url, [...protocols], options);
  const messages: { octets: Buffer; isBinary: boolean }[] = [];
  webSocket.on('message', (octets: Buffer, isBinary) => void messages.push({ octets, isBinary }));
  const closeCode = once(webSocket, 'close').then(([code]) => code as number);
  closeCode.catch(() => {});
  const [[response]] = await Promise.all([once(webSocket, 'upgrade'), once(webSocket, 'open')]);
  const stream = createWebSocketStream(webSocket, { readableObjectMode: true });
  const socket = Object.assign(stream, { setNoDelay() {} }) as unknown as net.Socket;
  const uri = `msrps://${randomId()}.invalid:2855/${randomId()};ws`;
  return { endpoint: new Endpoint(socket, uri), webSocket, messages, headers: response.headers, closeCode };
}

/** What a handshake is refused with: the answer's head. */
export async function refusal(url: string, wish: WebWish): Promise<IncomingMessage> {
  const { protocols = ['msrp'], origin, headers = {} } = wish;
  const trust = { ca: authority.ca, servername: 'localhost' };
  const options = { ...trust, ...(origin === undefined ? {} : { origin }), headers };
  const webSocket = new WebSocket(url, [...protocols], options);
  webSocket.on('error', () => {});
  const [, response] = await once(webSocket, 'unexpected-response');
  webSocket.terminate();
  return response;
}

/** The status that a handshake is refused with. */
export async function refusedWith(url: string, wish: WebWish): Promise<number | undefined> {
  return (await refusal(url, wish)).statusCode;
}
