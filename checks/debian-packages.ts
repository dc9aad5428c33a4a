/**
 * The programs of others that tests start. As root on Debian the missing ones are installed; elsewhere this says how to
 * get them, and the tests that need one fail and name it.
 */
import { spawnSync } from 'node:child_process';
import process from 'node:process';

const PACKAGES = [
  'chromium',
  'kamailio',
  'kamailio-tls-modules',
  // Databases, and the tables of users as Kamailio makes them.
  'postgresql',
  'mariadb-server-core',
  'kamailio-postgres-modules',
  'kamailio-mysql-modules',
  'kamailio-sqlite-modules',
  // The clients that Kamailio's tools call; PostgreSQL's comes with the server.
  'mariadb-client-core',
  'sqlite3',
] as const;

/** Those that are not installed; all of them where there is no dpkg. */
function missingPackages(): readonly string[] {
  const format = `\${Package} \${db:Status-Status}\n`;
  const { stdout } = spawnSync('dpkg-query', ['-W', '-f', format, ...PACKAGES], { encoding: 'utf8' });
  const lines = new Set((stdout ?? '').split('\n'));
  return PACKAGES.filter((name) => !lines.has(`${name} installed`));
}

function aptGet(...words: readonly string[]): boolean {
  // Runlevel 1 keeps packages from starting the services that they bring.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  return spawnSync('apt-get', ['-qq', ...words], { env, stdio: ['ignore', 'ignore', 'inherit'] }).status === 0;
}

const missing = missingPackages();
if (missing.length > 0) {
  const install = ['install', '-y', '--no-install-recommends', ...missing];
  process.stdout.write(`tests need: apt-get ${install.join(' ')}\n`);
  const isDone = process.getuid?.() === 0 && aptGet('update') && aptGet(...install);
  process.stdout.write(isDone ? 'installed\n' : 'could not be installed: the tests that need them will fail\n');
}
