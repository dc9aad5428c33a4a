/** `msrp-relay user add`: a new user. */
import { type Command, textOf } from './command.ts';
import { databaseOptions, neededRealm, newPassword, passwordOptions, userArgument, withDatabase } from './user.ts';

/** The command. */
export const userAdd: Command = {
  name: 'user add',
  summary: 'Adds a user; the database is made if there is none yet.',
  arguments: userArgument,
  options: [...databaseOptions, ...passwordOptions],
  async run(values, context) {
    const { password, generated } = await newPassword(values, context.terminal);
    const name = textOf(values.name) ?? '';
    await withDatabase(values, context, (opened) => {
      const realm = neededRealm(opened);
      opened.users.add(name, realm, password);
      context.terminal.out(`added ${name} to realm ${realm}`);
      if (generated) context.terminal.out(`password ${password}`);
    });
    return 0;
  },
};
