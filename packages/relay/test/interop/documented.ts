/** The configurations that the manual shows, made to work on this machine and otherwise left as they are. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DOCS = join(import.meta.dirname, '../../../../docs');

/** What stands in the document, and what is to stand there instead. All of it must be there. */
export type Replacements = Readonly<Record<string, string>>;

/** The file that is shown under the heading that ends in its name, in docs/interop.md unless said otherwise. */
export function documentedFile(name: string, replacements: Replacements, page = 'interop.md'): string {
  const text = readFileSync(join(DOCS, page), 'utf8');
  const [, section] = text.split(`\`${name}\`\n\n\`\`\``);
  const file = section?.slice(section.indexOf('\n') + 1, section.indexOf('\n```\n') + 1);
  if (file === undefined) throw new Error(`docs/${page} does not show ${name}`);
  return Object.entries(replacements).reduce((changed, [shown, used]) => {
    if (!changed.includes(shown)) throw new Error(`${name} in docs/${page} does not mention ${shown}`);
    return changed.replaceAll(shown, used);
  }, file);
}
