/** The configuration that somebody starts from: what must be set, and what is most often changed, with comments. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemClock } from 'msrp/base';
import { reason } from './config-file.ts';
import { configSchema } from './config-schema.ts';
import { makeSelfSigned } from './self-signed.ts';

const CERTIFICATE_DAYS = 365;

interface Wishes {
  readonly file: string;
  readonly hostname: string;
  readonly selfSigned: boolean;
}

/**
 * Writes the file, and certificate and key beside it if wished; returns the paths.
 *
 * @throws {Error} in one sentence when a file exists already, cannot be written, or the host name is none.
 */
export async function initConfig({ file, hostname, selfSigned }: Wishes): Promise<string[]> {
  const name = configSchema.shape.hostname.safeParse(hostname);
  if (!name.success)
    throw new Error(`--hostname: expected ${name.error.issues[0]?.message}, found ${JSON.stringify(hostname)}`);
  const files: NewFile[] = [{ path: file, text: starterText(name.data), mode: 0o640 }];
  if (selfSigned) {
    const { cert, key } = await makeSelfSigned([name.data], CERTIFICATE_DAYS, systemClock.nowMs());
    files.push({ path: join(dirname(file), 'privkey.pem'), text: key, mode: 0o600 });
    files.push({ path: join(dirname(file), 'fullchain.pem'), text: cert, mode: 0o644 });
  }
  const inTheWay = files.find(({ path }) => existsSync(path));
  if (inTheWay !== undefined) throw new Error(`${inTheWay.path}: exists already and is not overwritten`);
  for (const each of files) writeNew(each);
  return files.map(({ path }) => path);
}

interface NewFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
}

function writeNew({ path, text, mode }: NewFile): void {
  try {
    writeFileSync(path, text, { flag: 'wx', mode });
  } catch (cause) {
    throw new Error(`${path}: cannot be written: ${reason(cause)}`, { cause });
  }
}

function starterText(hostname: string): string {
  const address = hostname === 'localhost' ? '127.0.0.1' : '0.0.0.0';
  return `# Configuration of msrp-relay. Every key is described in docs/configuration.md; \`msrp-relay config check FILE\`
# tells what is wrong. Paths are relative to this file. SIGHUP makes a running relay read it again.

# The name of this relay: it goes into the Use-Path of every client, and the certificate must carry it.
hostname: ${hostname}

# Realm of the passwords. Changing it makes every stored password invalid.
realm: ${hostname}

# Where to accept connections. 2855 is the port that clients expect.
listen:
  - tls://${address}:2855

# Certificate chain and private key, in PEM. A renewed certificate is taken over on SIGHUP.
tls:
  cert: fullchain.pem
  key: privkey.pem

# Where users and passwords come from: \`msrp-relay user add NAME --config FILE\` adds one.
credentials:
  - type: sqlite
    path: users.db

# Next hops that are never dialled: without these a client could reach into your own network.
# nextHops:
#   deny: [loopback, private, linklocal]
#   allow: [10.1.2.0/24]

# Bounds on what peers can make grow. 0 means no limit.
# limits:
#   connections: 50000
#   messageOctets: 0

# Health (/healthz, /readyz), metrics (/metrics) and the API of the operator (/v1) over HTTP, on this machine only. The API
# can be read; with a token it can do everything (MSRP_RELAY_ADMIN__TOKEN_FILE names a file with one), and so it can without
# one on a Unix socket such as unix:/run/msrp-relay/admin.sock.
admin:
  listen: http://127.0.0.1:9080
`;
}
