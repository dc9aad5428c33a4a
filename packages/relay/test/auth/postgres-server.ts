/** A real PostgreSQL server for tests, on a free port of 127.0.0.1 (with or without TLS) and a Unix socket, with a user who has a password. */
import { join } from 'node:path';
import { Client } from 'pg';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { freePort } from '../local-ports.ts';
import { DatabaseProcess, databaseDirectory, privateFile, runProgram } from './database-process.ts';

const USER = 'kamailio';
export const POSTGRES_PASSWORD = 'p@ss/word';

/** A server with one user, who may do everything. */
export class PostgresServer {
  readonly process: DatabaseProcess;
  readonly port: number;
  /** Vouches for its certificate, which is for `localhost`. */
  readonly ca: string;

  private constructor(directory: string, port: number, ca: string) {
    this.ca = ca;
    const data = join(directory, 'data');
    const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: directory };
    const others = { fsync: 'off', log_statement: 'all', ssl: 'on' };
    const words = Object.entries({ ...settings, ...others }).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
    this.port = port;
    this.process = new DatabaseProcess(directory, 'postgres', ['-D', data, ...words], () =>
      this.run('postgres', 'SELECT 1'),
    );
  }

  static async start(): Promise<PostgresServer> {
    const directory = databaseDirectory('postgres');
    const secret = privateFile(directory, 'secret', POSTGRES_PASSWORD);
    const words = ['-D', join(directory, 'data'), '-U', USER, '-A', 'scram-sha-256', '--pwfile', secret];
    runProgram('initdb', [...words, '-E', 'UTF8', '--locale=C', '--no-sync']);
    const authority = await createAuthority();
    const { cert, key } = await authority.issue({ dnsNames: ['localhost'] });
    privateFile(join(directory, 'data'), 'server.crt', cert);
    privateFile(join(directory, 'data'), 'server.key', key);
    const server = new PostgresServer(directory, await freePort(), authority.ca);
    await server.process.start();
    return server;
  }

  /** The address of a database over TCP, without the password. */
  uri(database: string, host = '127.0.0.1'): string {
    return `postgres://${USER}@${host}:${this.port}/${database}`;
  }

  /** Runs statements as they are. */
  async run(database: string, sql: string): Promise<void> {
    const client = this.#client(database);
    await client.connect();
    await client.query(sql).finally(() => client.end());
  }

  /** Runs one statement for each list of parameters. */
  async runEach(database: string, sql: string, lists: readonly (readonly string[])[]): Promise<void> {
    const client = this.#client(database);
    await client.connect();
    for (const list of lists) await client.query(sql, [...list]);
    await client.end();
  }

  #client(database: string): Client {
    const { port } = this;
    const client = new Client({ host: '127.0.0.1', port, user: USER, password: POSTGRES_PASSWORD, database });
    client.on('error', () => {});
    return client;
  }
}
