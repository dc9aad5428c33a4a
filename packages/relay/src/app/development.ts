/**
 * Development mode: a relay without configuration, on this machine only. Its certificate, its users and their passwords
 * are made on the spot and kept in a temporary folder that goes when the relay stops.
 */
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from 'msrp/base';
import { UserDatabase } from '../auth/user-database.ts';
import { type Config, configFrom } from './config.ts';
import { type Environment, variableOf } from './config-environment.ts';
import { emptySource } from './config-file.ts';
import { freePort } from './free-port.ts';
import { PROGRAM_NAME } from './program-name.ts';
import { Rendezvous } from './rendezvous.ts';
import { makeSelfSigned } from './self-signed.ts';

const HOST = '127.0.0.1';
/** Where development mode would like to listen. */
const PORTS = { tls: 2855, tcp: 2856, web: 2857, admin: 9080 };
/** Two, so that they can write to each other. */
const USERS = ['alice', 'bob'] as const;
const CERTIFICATE_DAYS = 30;

/** Everything that development mode has made. */
export interface Development {
  readonly config: Config;
  readonly rendezvous: Rendezvous;
  /** What to tell whoever started it: user, password, where to go. For a person's eyes: it has the password in it. */
  describe(listening: readonly string[], admin: string): string[];
  /** Removes the temporary folder. */
  discard(): void;
}

/**
 * Makes certificate, user database and configuration. Environment variables override single keys.
 *
 * @param ports - wishes: where one of them is taken, a free one is used.
 * @throws {ConfigError} when a variable is wrong.
 */
export async function prepareDevelopment(environment: Environment, clock: Clock, ports = PORTS): Promise<Development> {
  const folder = mkdtempSync(join(tmpdir(), 'msrp-relay-'));
  const discard = () => rmSync(folder, { recursive: true, force: true });
  try {
    const users = USERS.map((user) => ({ user, password: randomBytes(12).toString('base64url') }));
    const taken: string[] = [];
    const value = await developmentValues({ folder, ports, environment, clock }, taken);
    const config = configFrom(emptySource('development mode', value), environment, clock);
    if (config.workers !== 1) taken.push('development mode is one process: workers has no effect in it');
    makeUsers(value.credentials[0].path, config.realm, users);
    const rendezvous = new Rendezvous(clock);
    const describe = (listening: readonly string[], admin: string) => [
      ...taken,
      ...greeting({ users, folder, listening, admin, config }),
    ];
    const end = () => {
      rendezvous.close();
      discard();
    };
    return { config, rendezvous, describe, discard: end };
  } catch (cause) {
    discard();
    throw cause;
  }
}

interface Surroundings {
  readonly folder: string;
  readonly ports: typeof PORTS;
  readonly environment: Environment;
  readonly clock: Clock;
}

/** @param taken - is told a sentence for each port that is not to be had. */
async function developmentValues({ folder, ports, environment, clock }: Surroundings, taken: string[]) {
  const { cert, key } = await makeSelfSigned(['localhost'], CERTIFICATE_DAYS, clock.nowMs());
  // For clients that want to verify it; the key stays in memory.
  writeFileSync(join(folder, 'certificate.pem'), cert);
  const port = async (wished: number, overriddenBy: string) => {
    const isOverridden = [overriddenBy, `${overriddenBy}_FILE`].some((name) => environment[name] !== undefined);
    const free = isOverridden ? wished : await freePort(HOST, wished);
    if (free !== wished) taken.push(`port ${wished} is taken: another one is used`);
    return free;
  };
  const listen = variableOf(['listen']);
  return {
    hostname: 'localhost',
    listen: [
      `tls://${HOST}:${await port(ports.tls, listen)}`,
      `tcp://${HOST}:${await port(ports.tcp, listen)}`,
      `ws://${HOST}:${await port(ports.web, listen)}`,
    ],
    webSocket: { page: true },
    tls: { cert, key },
    auth: { allowCleartext: true },
    credentials: [{ type: 'sqlite', path: join(folder, 'users.db') }] as const,
    nextHops: { allow: ['loopback'], deny: ['any'], cleartext: true, verifyEndpoints: false },
    admin: { listen: `http://${HOST}:${await port(ports.admin, variableOf(['admin', 'listen']))}` },
  };
}

interface User {
  readonly user: string;
  readonly password: string;
}

function makeUsers(path: string, realm: string, users: readonly User[]): void {
  const database = new UserDatabase(path);
  try {
    for (const { user, password } of users) database.add(user, realm, password);
  } finally {
    database.close();
  }
}

interface Facts {
  readonly users: readonly User[];
  readonly folder: string;
  readonly listening: readonly string[];
  readonly admin: string;
  readonly config: Config;
}

function greeting({ users, folder, listening, admin, config }: Facts): string[] {
  const certificate = join(folder, 'certificate.pem');
  const port = (uri: string) => uri.slice(uri.lastIndexOf(':') + 1);
  const relays = listening.flatMap((uri) => {
    const authority = `${config.hostname}:${port(uri)};tcp`;
    if (uri.startsWith('tls:')) return [{ uri: `msrps://${authority}`, note: `(TLS, certificate ${certificate})` }];
    return uri.startsWith('tcp:') ? [{ uri: `msrp://${authority}`, note: '(cleartext)' }] : [];
  });
  const secure = relays.find(({ uri }) => uri.startsWith('msrps:'));
  const web = config.webSocket.page ? listening.find((uri) => uri.startsWith('ws:')) : undefined;
  const [first] = users;
  const options = `--relay '${secure?.uri}' --user ${first?.user} --ca ${certificate}`;
  return [
    'development mode: for this machine only; users and certificate go when the relay stops',
    ...users.flatMap(({ user, password }) => [`user         ${user}`, `password     ${password}`]),
    `realm        ${config.realm}`,
    ...relays.map(({ uri, note }) => `relay        ${uri}   ${note}`),
    ...(web === undefined ? [] : [`page         http://localhost:${port(web)}/`]),
    `metrics      ${admin}/metrics`,
    ...(secure === undefined
      ? []
      : [`try it       MSRP_PASSWORD=${first?.password} ${PROGRAM_NAME} listen ${options}`]),
    'for real use msrp-relay config init',
  ];
}
