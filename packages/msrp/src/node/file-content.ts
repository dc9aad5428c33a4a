/** A file as the content of a message: read as it leaves, and again from any octet on. */
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { ContentSource } from '../client/content.ts';

/** As many octets as it has now; what is appended later is not sent. @throws the error of Node when there is no such file, or it is none. */
export async function fileContent(path: string): Promise<ContentSource> {
  const { size } = await stat(path);
  return { octets: size, read: (start) => createReadStream(path, { start, end: size - 1, highWaterMark: 262_144 }) };
}
