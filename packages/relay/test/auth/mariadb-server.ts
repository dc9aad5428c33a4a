/** A real MariaDB server for tests, on a free port of 127.0.0.1 (with or without TLS) and a Unix socket, with a user who has a password. */
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { type Authority, createAuthority } from '../../../msrp/test/certificates.ts';
import { freePort } from '../local-ports.ts';
import { DatabaseProcess, databaseDirectory, privateFile, runProgram } from './database-process.ts';

const USER = 'kamailio';
export const MARIADB_PASSWORD = "p@ss/word'";

/** A server with one user, who may do everything. */
export class MariadbServer {
  readonly process: DatabaseProcess;
  readonly port: number;
  readonly socket: string;
  /** Vouches for its certificate, which is for `localhost`. */
  readonly ca: string;
  readonly #authority: Authority;

  private constructor(directory: string, port: number, authority: Authority) {
    this.ca = authority.ca;
    this.#authority = authority;
    this.port = port;
    this.socket = join(directory, 'socket');
    const settings = { datadir: join(directory, 'data'), socket: this.socket, port, 'bind-address': '127.0.0.1' };
    const tls = { 'ssl-cert': join(directory, 'cert'), 'ssl-key': join(directory, 'key') };
    const words = Object.entries({ ...settings, ...tls }).map(([key, value]) => `--${key}=${value}`);
    const quick = ['--skip-name-resolve', '--innodb-flush-log-at-trx-commit=2', '--innodb-buffer-pool-size=8M'];
    this.process = new DatabaseProcess(directory, 'mariadbd', ['--no-defaults', ...words, ...quick], async () => {
      await this.run('mysql', 'SELECT 1', 'root');
    });
  }

  static async start(): Promise<MariadbServer> {
    const directory = databaseDirectory('mariadb');
    const data = `--datadir=${join(directory, 'data')}`;
    const words = ['--auth-root-authentication-method=normal', '--skip-test-db', '--skip-name-resolve'];
    runProgram('mariadb-install-db', ['--no-defaults', data, ...words]);
    const authority = await createAuthority();
    const server = new MariadbServer(directory, await freePort(), authority);
    await server.#certify('localhost');
    await server.process.start();
    const password = MARIADB_PASSWORD.replaceAll("'", "''");
    await server.run('mysql', `GRANT ALL ON *.* TO ${USER}@'%' IDENTIFIED BY '${password}'`, 'root');
    return server;
  }

  /** Shows a certificate for another name from now on. */
  async usesCertificateFor(name: string): Promise<void> {
    await this.#certify(name);
    await this.run('mysql', 'FLUSH SSL');
  }

  async #certify(name: string): Promise<void> {
    const { directory } = this.process;
    const { cert, key } = await this.#authority.issue({ dnsNames: [name] });
    privateFile(directory, 'cert', cert);
    privateFile(directory, 'key', key);
  }

  /** The address of a database over TCP, without the password. */
  uri(database: string, host = '127.0.0.1'): string {
    return `mysql://${USER}@${host}:${this.port}/${database}`;
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
