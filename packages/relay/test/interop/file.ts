/** A file on its way: sent in chunks by a client that keeps a few of them unanswered, and put together again. */
import { randomBytes } from 'node:crypto';
import { type Message, sendRequest } from '../endpoint.ts';
import type { Got } from '../relay/attend.ts';
import type { Client } from './neighbours.ts';

/** Octets of all kinds, with lines in them that look like the end of a message. */
export function fileOf(octets: number): Buffer {
  const file = randomBytes(octets);
  for (let at = 999; at + 40 < octets; at += 50_000) file.write('\r\n-------a786hjs2$\r\n-------\r\n', at, 'latin1');
  return file;
}

/** How a file is sent. */
export interface FileWish {
  readonly chunkOctets: number;
  /** How many chunks may wait for their answers. */
  readonly window: number;
}

/** Sends `file` from one client to the other, and tells how often each status came; REPORTs count as `REPORT`. */
export async function sendFile(from: Client, to: Client, file: Buffer, wish: FileWish): Promise<Map<string, number>> {
  const count = Math.ceil(file.length / wish.chunkOctets);
  const heard = new Map<string, number>();
  const sendChunk = (index: number) => {
    const start = index * wish.chunkOctets;
    const body = file.subarray(start, start + wish.chunkOctets);
    const byteRange = `${start + 1}-${start + body.length}/${file.length}`;
    const paths = { toPath: `${from.usePath} ${to.path}`, fromPath: from.endpoint.uri };
    const flag = index === count - 1 ? '$' : '+';
    void from.endpoint.send(sendRequest({ ...paths, messageId: 'file-1', byteRange, body, flag }));
  };
  for (let index = 0; index < Math.min(wish.window, count); index += 1) sendChunk(index);
  for (let answered = 0; answered < count; ) {
    const { method, status } = await from.endpoint.next(isNews);
    heard.set(method ?? String(status), (heard.get(method ?? String(status)) ?? 0) + 1);
    if (method !== undefined) continue;
    answered += 1;
    if (answered + wish.window <= count) sendChunk(answered + wish.window - 1);
  }
  return heard;
}

function isNews({ status, method }: Message): boolean {
  return status !== undefined || method === 'REPORT';
}

/** What has been received, in its place; nothing where nothing came. */
export function assembled(received: readonly Got[], octets: number): Buffer {
  const file = Buffer.alloc(octets);
  for (const { start, message } of received) message.body?.copy(file, start - 1);
  return file;
}

/** How many octets have been received. */
export function octetsOf(received: readonly Got[]): number {
  return received.reduce((sum, { octets }) => sum + octets, 0);
}
