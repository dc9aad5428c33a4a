/** `msrp-relay user list`: who is in the database. */
import type { Command } from './command.ts';
import { databaseOptions, withDatabase } from './user.ts';

/** The command. */
export const userList: Command = {
  name: 'user list',
  summary: 'Lists users: name, realm, and whether they are blocked.',
  options: databaseOptions,
  async run(values, context) {
    await withDatabase(values, context, ({ users, realm }) => {
      for (const entry of users.list()) {
        if (realm !== undefined && entry.realm !== realm) continue;
        context.terminal.out(`${entry.user}\t${entry.realm}${entry.mayUse ? '' : '\tblocked'}`);
      }
    });
    return 0;
  },
};
