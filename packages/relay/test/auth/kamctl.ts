/** Kamailio's own tools, kamdbctl and kamctl, on a database of a test. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryDirectory } from './temporary-directory.ts';

const PATH = `${process.env.PATH}:/usr/sbin`;

/** What the tools read in `~/.kamctlrc`. */
export type KamctlSettings = Readonly<Record<string, string | number>>;

/** Of the tables only those that `kamctl add` looks into: the rest takes seconds. */
const FEW_TABLES: KamctlSettings = {
  STANDARD_MODULES: 'standard alias_db auth_db',
  STANDARD_TABLES: 'version dbaliases subscriber',
  INSTALL_PRESENCE_TABLES: 'no',
  INSTALL_EXTRA_TABLES: 'no',
  INSTALL_DBUID_TABLES: 'no',
};

/** Runs `kamdbctl create`, and `kamctl` afterwards, with these settings. */
export class Kamctl {
  readonly #environment: NodeJS.ProcessEnv;

  private constructor(home: string) {
    this.#environment = { PATH, HOME: home, LC_ALL: 'C' };
  }

  /**
   * Makes a database as Kamailio wants it.
   *
   * @param files - what the client of the database finds in its home, by name.
   */
  static async createDatabase(
    name: string,
    settings: KamctlSettings,
    files: Readonly<Record<string, string>> = {},
  ): Promise<Kamctl> {
    const home = temporaryDirectory();
    const lines = Object.entries({ ...FEW_TABLES, ...settings }).map(([key, value]) => `${key}='${value}'\n`);
    for (const [file, content] of Object.entries({ ...files, '.kamctlrc': lines.join('') })) {
      writeFileSync(join(home, file), content, { mode: 0o600 });
    }
    const tools = new Kamctl(home);
    const said = await tools.#run('kamdbctl', 'create', name);
    if (!said.includes('tables successfully created')) throw new Error(`kamdbctl create: ${said}`);
    return tools;
  }

  /** `kamctl` with these words; what it says. Its status says nothing: `rm` fails where no Kamailio runs that it could tell. */
  run(...words: readonly string[]): Promise<string> {
    return this.#run('kamctl', ...words);
  }

  #run(program: string, ...words: readonly string[]): Promise<string> {
    return new Promise((resolve) => {
      const child = execFile(program, words, { env: this.#environment }, (error, stdout, stderr) =>
        resolve(`${stdout}${stderr}${error?.message ?? ''}`),
      );
      // Passwords that it asks for are empty.
      child.stdin?.end();
    });
  }
}
