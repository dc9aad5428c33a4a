/** What the `user` commands have in common: which database, which realm, which password. */
import { randomBytes } from 'node:crypto';
import { loadSettings } from '../app/config.ts';
import { UserDatabase } from '../auth/user-database.ts';
import {
  type CommandContext,
  type CommandValues,
  type Described,
  type Terminal,
  textOf,
  UsageError,
} from './command.ts';

/** Options that say which database is meant. */
export const databaseOptions: readonly Described[] = [
  { flags: '-c, --config <file>', summary: 'configuration file that names the database and the realm' },
  { flags: '--database <file>', summary: 'database file, instead of --config' },
  { flags: '--realm <realm>', summary: 'realm of the user; needed with --database' },
];

/** Options that say where a password comes from; without one it is asked for. */
export const passwordOptions: readonly Described[] = [
  { flags: '--password-stdin', summary: 'read the password from standard input' },
  { flags: '--generate', summary: 'make a random password and print it' },
];

/** The user that the command is about. */
export const userArgument: readonly Described[] = [{ flags: '<name>', summary: 'user name' }];

interface Opened {
  readonly users: UserDatabase;
  /** Undefined only when a database was given without a realm. */
  readonly realm: string | undefined;
}

/** Opens the database that the options name, lets `work` use it, and closes it. */
export async function withDatabase(
  values: CommandValues,
  { environment }: CommandContext,
  work: (opened: Opened) => void,
): Promise<void> {
  const config = textOf(values.config);
  const database = textOf(values.database);
  if ((config === undefined) === (database === undefined)) throw new UsageError('give either --config or --database');
  const settings = config === undefined ? undefined : loadSettings(config, environment);
  const path = database ?? settings?.credentials.find((store) => store.type === 'sqlite')?.path;
  if (path === undefined)
    throw new UsageError(`${config}: credentials has no store of type sqlite; users cannot be changed here`);
  const users = new UserDatabase(path);
  try {
    work({ users, realm: textOf(values.realm) ?? settings?.realm });
  } finally {
    users.close();
  }
}

/** The realm, which must be known to whoever changes a user. */
export function neededRealm({ realm }: Opened): string {
  if (realm === undefined) throw new UsageError('--database needs --realm');
  return realm;
}

/** A password, and whether it was made here and must be told. */
export interface NewPassword {
  readonly password: string;
  readonly generated: boolean;
}

/** Gets the password the way the options want it. */
export async function newPassword(values: CommandValues, terminal: Terminal): Promise<NewPassword> {
  if (values.generate === true && values.passwordStdin === true) {
    throw new UsageError('give either --generate or --password-stdin');
  }
  if (values.generate === true) return { password: randomBytes(15).toString('base64url'), generated: true };
  if (values.passwordStdin === true) {
    return { password: notEmpty((await terminal.readInput()).replace(/\r?\n$/, '')), generated: false };
  }
  const password = notEmpty(await terminal.readSecret('password: '));
  if ((await terminal.readSecret('again: ')) !== password)
    throw new Error('the two passwords differ; nothing was changed');
  return { password, generated: false };
}

function notEmpty(password: string): string {
  if (password === '') throw new Error('the password is empty; nothing was changed');
  return password;
}
