/** A message that becomes a file: under a name that harms nobody, and never over another one. */
import { link, open, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { IncomingMessage } from 'msrp';
import { fromWire } from 'msrp/digest';

/** So much is written at once where it is there: a call for each piece of 16 KiB takes longer than its octets. */
const BATCH_OCTETS = 262_144;

/** The file name that a Content-Disposition gives; undefined when it gives none that can be used. RFC 2183 §2.3. */
export function fileNameOf(message: Pick<IncomingMessage, 'header'>): string | undefined {
  const disposition = message.header('content-disposition') ?? '';
  const [, quoted, token] = /;\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition) ?? [];
  const written = fromWire(quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '');
  return written === undefined ? undefined : harmless(written);
}

/** The last part of a path, without what a terminal or a shell would take for more than a name. */
function harmless(name: string): string | undefined {
  const last = name.split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replaceAll(/[\p{Cc}:*?"<>|]/gu, '_')
    .replace(/^\./, '_')
    .trim();
  return plain === '' ? undefined : plain.slice(0, 200);
}

/** The value of a Content-Disposition for a file of this name. */
export function dispositionFor(name: string): string {
  return `attachment; filename="${name.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/**
 * Reads a message into a file of `directory`. What is incomplete is called `NAME.part`, and goes when the message fails.
 *
 * @param wrote - is told how many octets are on the disk.
 * @throws an error in one sentence when there is such a file already, after having refused the message with 403; what
 *   reading and writing throw.
 */
export async function saveMessage(
  message: IncomingMessage,
  directory: string,
  name: string,
  wrote: (octets: number) => void,
): Promise<void> {
  const path = join(directory, name);
  const part = `${path}.part`;
  const file = await openNew(path, part).catch((error: unknown) => {
    message.reject(403, 'File exists');
    throw error;
  });
  let octets = 0;
  let batch: Uint8Array[] = [];
  let batchOctets = 0;
  try {
    for await (const piece of message) {
      batch.push(piece);
      batchOctets += piece.length;
      // What else has come is written together. To ask for more is to have done with everything: so that comes first.
      if (batchOctets < BATCH_OCTETS && octets + batchOctets < message.receivedOctets) continue;
      await file.writeFile(Buffer.concat(batch));
      octets += batchOctets;
      batch = [];
      batchOctets = 0;
      wrote(octets);
    }
    await file.close();
    // Unlike renaming, linking never replaces a file.
    await link(part, path);
  } finally {
    await file.close();
    await unlink(part);
  }
}

async function openNew(path: string, part: string) {
  const isThere = await stat(path).then(
    () => true,
    () => false,
  );
  if (isThere) throw new Error(`${path} is there already: refused`);
  try {
    return await open(part, 'wx');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') throw new Error(`${part} is there already: refused`);
    throw error;
  }
}
