/**
 * Writes docs/configuration.md from the schema of the configuration; without `--write` only tells whether it is current.
 * Run with `node --conditions=source checks/configuration-docs.ts`.
 */
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILE = join(import.meta.dirname, '../docs/configuration.md');
const PROGRAM = join(import.meta.dirname, '../packages/relay/src/cli/main.ts');

/** One place in the JSON Schema, as far as the page shows it. */
interface JsonSchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly oneOf?: readonly JsonSchemaNode[];
  readonly 'x-environment'?: string;
}

/** The schema, as `msrp-relay config schema` prints it. */
export function configJsonSchema(): JsonSchemaNode {
  const words = ['--conditions=source', PROGRAM, 'config', 'schema'];
  return JSON.parse(execFileSync(process.execPath, words, { encoding: 'utf8' })) as JsonSchemaNode;
}

const BEFORE = `# Configuration

<!-- Made by checks/configuration-docs.ts from the schema: change that instead. -->

\`msrp-relay serve --config FILE\` reads YAML. A mistake is told with line and column, all of them at once, by
\`msrp-relay config check FILE\`, and \`serve\` refuses to start. \`msrp-relay config init\` writes a file to start from;
\`msrp-relay config schema\` prints the JSON Schema for your editor. Keys that are not in this table are mistakes.

Every key can be set by the environment instead, which wins over the file. Lists and sections are written as YAML:
\`MSRP_RELAY_LISTEN='["tls://0.0.0.0:2855"]'\`. The name followed by \`_FILE\` names a file that holds the value, for secrets.
A key of an entry of a list has the number of the entry in its name, from 0: \`MSRP_RELAY_CREDENTIALS__0__PASSWORD_FILE\`.
Variables that begin with \`MSRP_RELAY_\` and are not in this table are mistakes. Without \`--config\` and without
\`MSRP_RELAY_HOSTNAME\` the relay starts in development mode, on this machine only; the other variables work there too.

Paths in the file are relative to its folder, those in variables to where the relay is started. \`SIGHUP\` makes a running
relay read everything again; the log says which changes need a restart.
`;

const NETWORKS = `
## Networks and names

\`nextHops\` and \`relays\` take networks (\`10.0.0.0/8\`, \`2001:db8::/32\`), addresses, names, names with everything under them
(\`*.example.org\`), and the words \`loopback\`, \`private\`, \`linklocal\` and \`any\`. What is in \`allow\` is allowed; what is not,
but is in \`deny\`, is denied; everything else is allowed.
`;

/** The manual page, as it should be. */
export function configurationPage(): string {
  const rows: string[] = [];
  const schema = configJsonSchema();
  for (const [key, node] of Object.entries(schema.properties ?? {})) addRows(rows, [key], node);
  return `${BEFORE}
| key | value | default | variable | what for |
|---|---|---|---|---|
${rows.join('\n')}
${NETWORKS}${credentialsChapter(schema)}`;
}

function addRows(rows: string[], path: readonly string[], node: JsonSchemaNode): void {
  if (node.properties !== undefined) {
    for (const [key, inner] of Object.entries(node.properties)) addRows(rows, [...path, key], inner);
    return;
  }
  const cells = [
    `\`${path.join('.')}\``,
    kindOf(node),
    defaultOf(node),
    `\`${node['x-environment']}\``,
    node.description ?? '',
  ];
  rows.push(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}

function kindOf(node: JsonSchemaNode): string {
  if (node.anyOf !== undefined) return node.anyOf.map(kindOf).join(' or ');
  if (node.const !== undefined) return `\`${String(node.const)}\``;
  switch (node.type) {
    case 'integer':
      return node.maximum === Number.MAX_SAFE_INTEGER
        ? `${node.minimum} or more`
        : `${node.minimum} to ${node.maximum}`;
    case 'boolean':
      return '`true` or `false`';
    case 'array':
      return 'list';
    default:
      return 'text';
  }
}

function defaultOf(node: JsonSchemaNode): string {
  return node.default === undefined ? '' : `\`${JSON.stringify(node.default)}\``;
}

function credentialsChapter(schema: JsonSchemaNode): string {
  const stores = (schema.properties?.credentials?.items?.oneOf ?? []).map(({ properties = {} }) => {
    const keys = Object.entries(properties).map(([key, node]) => {
      const { const: value, description = '' } = node;
      if (value !== undefined) return `### \`type: ${String(value)}\`\n\n${description}\n`;
      return `- \`${key}\`${node.default === undefined ? '' : ` (${defaultOf(node)})`}: ${description}`;
    });
    return keys.join('\n');
  });
  return `\n## Credential stores\n\nEach entry of \`credentials\` has a \`type\` and what that type needs.\n\n${stores.join('\n\n')}\n`;
}

/** Whether the page that is there is the page that should be. */
export function isCurrent(): boolean {
  return readFileSync(FILE, 'utf8') === configurationPage();
}

if (import.meta.main) {
  if (process.argv.includes('--write')) writeFileSync(FILE, configurationPage());
  else if (!isCurrent()) {
    console.error(
      'docs/configuration.md is not current: node --conditions=source checks/configuration-docs.ts --write',
    );
    process.exitCode = 1;
  }
}
