/**
 * The programs of others that tests start. As root on Debian the missing ones are installed; elsewhere this says how to
 * get them, and the tests that need one fail and name it.
 */
import process from 'node:process';
import { install, installation, missingPackages } from './apt.ts';

const PACKAGES = [
  'chromium',
  'haproxy',
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

const missing = missingPackages(PACKAGES);
if (missing.length > 0) {
  process.stdout.write(`tests need: apt-get ${installation(missing).join(' ')}\n`);
  const isDone = install(missing);
  process.stdout.write(isDone ? 'installed\n' : 'could not be installed: the tests that need them will fail\n');
}
