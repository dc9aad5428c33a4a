/** `msrp-relay trace`: every message of one session, as it happens. */
import { adminClient, adminOptions, cellOf, jsonOption, pathTo } from './admin.ts';
import { type Command, textOf } from './command.ts';
import { sessionArgument } from './sessions.ts';

/** The command. */
export const traceCommand: Command = {
  name: 'trace',
  summary: 'Follows the messages of one session, heads only, until it ends or is interrupted.',
  arguments: sessionArgument,
  options: [...adminOptions, jsonOption],
  async run(values, context) {
    const { terminal, onSignal } = context;
    const abort = new AbortController();
    const endListening = onSignal(() => abort.abort());
    const isReadable = terminal.isInteractive && values.json !== true;
    try {
      const path = `${pathTo('sessions', textOf(values.session) ?? '')}/trace`;
      await adminClient(values, context).follow(
        path,
        (line) => terminal.out(isReadable ? readable(line) : line),
        abort.signal,
      );
      return 0;
    } finally {
      endListening();
    }
  },
};

/** The fields that somebody at a terminal looks for first. */
const FIRST = ['step', 'method', 'status', 'reason', 'range', 'flag', 'messageId'];

function readable(line: string): string {
  const fields = new Map<string, unknown>(Object.entries(JSON.parse(line)));
  const time = cellOf(fields.get('at')).slice(11, 23);
  fields.delete('at');
  const first = FIRST.filter((name) => fields.has(name)).map((name) => cellOf(fields.get(name)));
  const rest = [...fields].filter(([name]) => !FIRST.includes(name)).map(([name, value]) => `${name}=${cellOf(value)}`);
  return [time, ...first, ...rest].join(' ');
}
