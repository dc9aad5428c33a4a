/** Finds the imports of a TypeScript file without a compiler: comments, strings and regular expressions are blanked first. */

/** One import or re-export. */
export interface Import {
  readonly specifier: string;
  /** 1-based. */
  readonly line: number;
  /** `import type` or `export type`: gone when the program runs. */
  readonly isTypeOnly: boolean;
  /** `export * from`, with or without a name. */
  readonly reexportsAll: boolean;
}

const STATEMENT =
  /(?<![\w$.])(?:import\s*\(\s*|import\s*(?=["'])|(?:import|export)\b(?<what>[^"'`;()=]*?)\bfrom\s*)["']/g;

/** What stands in `${}` of a template: any code with at most one level of braces or templates inside. */
const INTERPOLATION = /\$\{(?:[^{}`]|\{[^{}]*\}|`[^`]*`)*\}/.source;

/** Comments, strings, templates, and regular expressions (a slash where a value may stand). */
const TEXT = new RegExp(
  [
    /\/\/[^\n]*/.source,
    /\/\*[\s\S]*?\*\//.source,
    /"(?:\\.|[^"\\\n])*"/.source,
    /'(?:\\.|[^'\\\n])*'/.source,
    `\`(?:\\\\[\\s\\S]|${INTERPOLATION}|[^\\\\\`])*\``,
    /(?<=(?:^|[(,=:[!&|?{};]|=>|\breturn)\s*)\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+\/[a-z]*/.source,
  ].join('|'),
  'g',
);

/** Everything a file imports, in order: `import`, `export ... from`, `import()` of a plain string. */
export function importsIn(source: string): Import[] {
  return [...withoutText(source).matchAll(STATEMENT)].map((match) => {
    const opening = match.index + match[0].length - 1;
    const closing = source.indexOf(source.charAt(opening), opening + 1);
    return {
      specifier: source.slice(opening + 1, closing),
      line: lineAt(source, match.index),
      isTypeOnly: /^type\b/.test(match.groups?.what?.trim() ?? ''),
      reexportsAll: match[0].startsWith('export') && /^(?:type\s*)?\*/.test(match.groups?.what?.trim() ?? ''),
    };
  });
}

/** 1-based line of an offset. */
export function lineAt(source: string, offset: number): number {
  return source.slice(0, offset).split('\n').length;
}

/** The source with the insides of all text replaced by blanks; every character keeps its offset. */
export function withoutText(source: string): string {
  return source.replace(TEXT, (text) => (text.startsWith('`') ? withoutTemplateText(text) : blank(text)));
}

function withoutTemplateText(template: string): string {
  const pieces = new RegExp(`${INTERPOLATION}|\\\\[\\s\\S]|[\\s\\S]`, 'g');
  return template.replace(pieces, (piece) =>
    piece.startsWith('${') && piece.length > 1 ? `  ${withoutText(piece.slice(2, -1))} ` : piece.replace(/[^\n]/g, ' '),
  );
}

/** Keeps the first and the last character (the quotes) and the lines. */
function blank(text: string): string {
  return text.charAt(0) + text.slice(1, -1).replace(/[^\n]/g, ' ') + text.slice(-1);
}
