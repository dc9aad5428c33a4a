/** A file as the content of a message: read as it leaves, and again from any octet on. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { MsrpError } from '../base/errors.ts';
import type { ContentSource } from '../client/content.ts';

const PIECE_OCTETS = 262_144;

/**
 * What the file holds now; what is added to it later is not sent. It is opened when it is read, not before: many may wait.
 *
 * @throws MsrpError `MSRP_BAD_CONTENT` for a folder or a device, else the error of Node when there is no such file.
 */
export async function fileContent(path: string): Promise<ContentSource> {
  const found = await stat(path);
  if (!found.isFile()) throw new MsrpError('MSRP_BAD_CONTENT', `${path} is no file`);
  return { octets: found.size, read: (start) => read(path, start, found.size) };
}

async function* read(path: string, start: number, size: number): AsyncGenerator<Uint8Array, void> {
  if (start < size) yield* createReadStream(path, { start, end: size - 1, highWaterMark: PIECE_OCTETS });
}
