/** `msrp-relay user passwd`: another password. */
import { type Command, textOf } from './command.ts';
import { databaseOptions, neededRealm, newPassword, passwordOptions, userArgument, withDatabase } from './user.ts';

/** The command. */
export const userPasswd: Command = {
  name: 'user passwd',
  summary: 'Gives a user another password.',
  arguments: userArgument,
  options: [...databaseOptions, ...passwordOptions],
  async run(values, context) {
    const { password, generated } = await newPassword(values, context.terminal);
    const name = textOf(values.name) ?? '';
    await withDatabase(values, context, (opened) => {
      opened.users.setPassword(name, neededRealm(opened), password);
      context.terminal.out(`changed the password of ${name}`);
      if (generated) context.terminal.out(`password ${password}`);
    });
    return 0;
  },
};
