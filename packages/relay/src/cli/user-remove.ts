/** `msrp-relay user remove`: a user less. */
import { type Command, textOf } from './command.ts';
import { databaseOptions, neededRealm, userArgument, withDatabase } from './user.ts';

/** The command. */
export const userRemove: Command = {
  name: 'user remove',
  summary: 'Removes a user.',
  arguments: userArgument,
  options: databaseOptions,
  async run(values, context) {
    const name = textOf(values.name) ?? '';
    await withDatabase(values, context, (opened) => {
      opened.users.remove(name, neededRealm(opened));
      context.terminal.out(`removed ${name}`);
    });
    return 0;
  },
};
