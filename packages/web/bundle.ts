/** The page as files: its modules bundled into one, everything else as it is. For the build, and for `npm start`. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rolldown } from 'rolldown';

const SOURCE = join(import.meta.dirname, 'src/view');
const ASSETS = ['index.html', 'page.css', 'icon.svg'];

/** Bundles from the sources, those of `msrp` included. @returns the files, by name. */
export async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const build = await rolldown({
    input: join(SOURCE, 'main.tsx'),
    platform: 'browser',
    resolve: { conditionNames: ['source', 'browser', 'import', 'default'] },
    transform: { target: 'es2022' },
    onLog: (level, log) => {
      if (level === 'warn') throw new Error(log.message);
    },
  });
  const { output } = await build.generate({ format: 'es', minify: true });
  await build.close();
  const assets = ASSETS.map(async (name) => [name, await readFile(join(SOURCE, name))] as const);
  return new Map([['page.js', new TextEncoder().encode(output[0].code)], ...(await Promise.all(assets))]);
}
