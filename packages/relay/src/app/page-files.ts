/** The files of the web page: built ones beside the program, or bundled on the spot where it runs from its sources. */
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

/** One file, ready to be served. */
export interface PageFile {
  readonly octets: Uint8Array;
  readonly contentType: string;
  /** Quoted, as ETag has it. */
  readonly tag: string;
}

/** The only files that there are: path of the request, name, type. */
const FILES = [
  ['/', 'index.html', 'text/html; charset=utf-8'],
  ['/page.js', 'page.js', 'text/javascript; charset=utf-8'],
  ['/page.css', 'page.css', 'text/css; charset=utf-8'],
  ['/icon.svg', 'icon.svg', 'image/svg+xml'],
] as const;

const BUILT = new URL('../web/', import.meta.url);
/** In the source tree only. */
const BUNDLER = new URL('../../../web/bundle.ts', import.meta.url);

/**
 * Reads or bundles the files, by the path that they are asked for.
 *
 * @throws what reading or bundling throws: a source tree without its development dependencies cannot bundle.
 */
export async function loadPageFiles(): Promise<ReadonlyMap<string, PageFile>> {
  const contents = existsSync(BUILT) ? await readBuilt() : await bundleSources();
  return new Map(
    FILES.map(([path, name, contentType]) => {
      const octets = contents.get(name) ?? new Uint8Array(0);
      const tag = `"${createHash('sha256').update(octets).digest('base64url').slice(0, 22)}"`;
      return [path, { octets, contentType, tag }];
    }),
  );
}

async function readBuilt(): Promise<ReadonlyMap<string, Uint8Array>> {
  const read = FILES.map(async ([, name]) => [name, await readFile(new URL(name, BUILT))] as const);
  return new Map(await Promise.all(read));
}

async function bundleSources(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { bundle }: { bundle(): Promise<ReadonlyMap<string, Uint8Array>> } = await import(BUNDLER.href);
  return await bundle();
}
