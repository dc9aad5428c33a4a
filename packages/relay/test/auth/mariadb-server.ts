/** A real MariaDB server for tests, on a free port of 127.0.0.1 and a Unix socket, with a user who has a password. */
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { DatabaseProcess, databaseDirectory, runProgram } from './database-process.ts';
import { freePort } from './free-port.ts';

const USER = 'kamailio';
export const MARIADB_PASSWORD = "p@ss/word'";

/** A server with one user, who may do everything. */
export class MariadbServer {
  readonly process: DatabaseProcess;
  readonly port: number;
  readonly socket: string;

  private constructor(directory: string, port: number) {
    this.port = port;
    this.socket = join(directory, 'socket');
    const settings = { datadir: join(directory, 'data'), socket: this.socket, port, 'bind-address': '127.0.0.1' };
    const words = Object.entries(settings).map(([key, value]) => `--${key}=${value}`);
    const quick = ['--skip-name-resolve', '--innodb-flush-log-at-trx-commit=0', '--innodb-buffer-pool-size=8M'];
    this.process = new DatabaseProcess(directory, 'mariadbd', ['--no-defaults', ...words, ...quick], async () => {
      await this.run('mysql', 'SELECT 1', 'root');
    });
  }

  static async start(): Promise<MariadbServer> {
    const directory = databaseDirectory('mariadb');
    const data = `--datadir=${join(directory, 'data')}`;
    const words = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
    runProgram('mariadb-install-db', ['--no-defaults', data, ...words]);
    const server = new MariadbServer(directory, await freePort());
    await server.process.start();
    const password = MARIADB_PASSWORD.replaceAll("'", "''");
    await server.run('mysql', `GRANT ALL ON *.* TO ${USER}@'%' IDENTIFIED BY '${password}'`, 'root');
    return server;
  }

  /** The address of a database over TCP, without the password. */
  uri(database: string): string {
    return `mysql://${USER}@127.0.0.1:${this.port}/${database}`;
  }

  /** Runs statements as they are; gives what the last one gives. */
  async run(database: string, sql: string, user = USER): Promise<unknown> {
    const connection = await this.#connect(database, user);
    const [answer] = await connection.query(sql).finally(() => connection.end());
    return answer;
  }

  /** Runs one statement for each list of parameters. */
  async runEach(database: string, sql: string, lists: readonly (readonly string[])[]): Promise<void> {
    const connection = await this.#connect(database, USER);
    for (const list of lists) await connection.query(sql, [...list]);
    await connection.end();
  }

  #connect(database: string, user: string) {
    const password = user === 'root' ? '' : MARIADB_PASSWORD;
    return createConnection({ socketPath: this.socket, user, password, database, multipleStatements: true });
  }
}
