/** The name of a file as it travels: a Content-Disposition (RFC 2183), UTF-8 as MSRP has it. */

/** The value of a Content-Disposition for a file of this name. */
export function dispositionFor(name: string): string {
  const plain = name.replaceAll(/\p{Cc}/gu, '_');
  return `attachment; filename="${plain.replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** Its last part, without what a system would take for more than a name; undefined when there is none. */
export function fileNameIn(disposition: string): string | undefined {
  const [, quoted, token] = /;\s*filename=(?:"((?:[^"\\]|\\.)*)"|([^\s;"]+))/i.exec(disposition) ?? [];
  const written = quoted?.replaceAll(/\\(.)/g, '$1') ?? token ?? '';
  const last = written.split(/[/\\]/).at(-1) ?? '';
  const plain = last
    .replaceAll(/[\p{Cc}\p{Cf}:*?"<>|]/gu, '_')
    .replace(/^\./, '_')
    .trim();
  return plain === '' ? undefined : plain.slice(0, 200);
}
