/** `msrp-relay block` and `unblock`: users and addresses that a running relay keeps out. */
import { z } from 'zod';
import { blockSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions, jsonOption, pathTo, showJson, showTable } from './admin.ts';
import { type Command, type Described, textOf } from './command.ts';

const USER: Described = { flags: '<name>', summary: 'user name' };
const ADDRESS: Described = { flags: '<name>', summary: 'IP address, or a network such as 192.0.2.0/24' };

/** The command `block list`. */
export const blockList: Command = {
  name: 'block list',
  summary: 'Lists who is blocked at a running relay.',
  options: [...adminOptions, jsonOption],
  async run(values, context) {
    const schema = z.object({ items: z.array(blockSchema) });
    const { items } = await adminClient(values, context).ask('GET', '/v1/blocks', schema);
    if (values.json === true) showJson(context.terminal, items);
    else {
      const rows = items.map(({ kind, value, since }) => [kind, value, since]);
      showTable(context.terminal, ['KIND', 'WHO', 'SINCE'], rows);
    }
    return 0;
  },
};

/** The commands that put one entry in or take it out. */
export const blockCommands: readonly Command[] = [
  blocking('block user', USER, 'Keeps a user out of a running relay, at once, until unblocked or the relay restarts.'),
  blocking(
    'block address',
    ADDRESS,
    'Keeps an address or network out, at once, until unblocked or the relay restarts.',
  ),
  blocking('unblock user', USER, 'Lets a user in again.'),
  blocking('unblock address', ADDRESS, 'Lets an address or network in again.'),
];

function blocking(name: string, argument: Described, summary: string): Command {
  const isBlock = name.startsWith('block');
  const list = name.endsWith('user') ? 'blocks/users' : 'blocks/addresses';
  return {
    name,
    summary,
    arguments: [argument],
    options: adminOptions,
    async run(values, context) {
      const who = textOf(values.name) ?? '';
      await adminClient(values, context).tell(isBlock ? 'PUT' : 'DELETE', pathTo(list, who));
      context.terminal.out(`${isBlock ? 'blocked' : 'unblocked'} ${who}`);
      return 0;
    },
  };
}
