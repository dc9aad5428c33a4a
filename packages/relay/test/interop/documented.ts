/** The configurations that docs/interop.md shows, made to work on this machine and otherwise left as they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCUMENT = join(import.meta.dirname, '../../../../docs/interop.md');

/** What stands in the document, and what is to stand there instead. All of it must be there. */
export type Replacements = Readonly<Record<string, string>>;

/** The file that is shown under the heading that ends in its name. */
export function documentedFile(name: string, replacements: Replacements): string {
  const text = readFileSync(DOCUMENT, 'utf8');
  const [, section] = text.split(`\`${name}\`\n\n\`\`\``);
  const file = section?.slice(section.indexOf('\n') + 1, section.indexOf('\n```\n') + 1);
  if (file === undefined) throw new Error(`docs/interop.md does not show ${name}`);
  return Object.entries(replacements).reduce((changed, [shown, used]) => {
    if (!changed.includes(shown)) throw new Error(`${name} in docs/interop.md does not mention ${shown}`);
    return changed.replaceAll(shown, used);
  }, file);
}
