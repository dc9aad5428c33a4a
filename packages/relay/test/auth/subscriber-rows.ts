/** The users of the suite as rows of a table `subscriber`, hashed with node:crypto alone. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SUITE_REALM, SUITE_USERS } from './credential-store.suite.ts';

/** Where Debian puts the tables that Kamailio makes. */
const KAMAILIO = '/usr/share/kamailio';

/** The statements that make Kamailio's table, as Kamailio brings them. */
export function kamailioTables(flavour: 'postgres' | 'mysql' | 'db_sqlite'): string {
  const read = (name: string) => readFileSync(`${KAMAILIO}/${flavour}/${name}-create.sql`, 'utf8');
  return read('standard') + read('auth_db');
}

/** OpenSIPS's table, version 8, as its documentation has it: columns are filled up with blanks where the database does so. */
export const OPENSIPS_TABLE = `CREATE TABLE subscriber (
  username CHAR(64) DEFAULT '' NOT NULL,
  domain CHAR(64) DEFAULT '' NOT NULL,
  password CHAR(25) DEFAULT '' NOT NULL,
  ha1 CHAR(64) DEFAULT '' NOT NULL,
  ha1_sha256 CHAR(64) DEFAULT '' NOT NULL,
  ha1_sha512t256 CHAR(64) DEFAULT '' NOT NULL,
  CONSTRAINT account_idx UNIQUE (username, domain)
)`;

/** In the order of `KAMAILIO_COLUMNS`. */
export function kamailioRows(): string[][] {
  return Object.entries(SUITE_USERS).map(([user, password]) => [
    user,
    SUITE_REALM,
    password,
    hash('md5', `${user}:${SUITE_REALM}:${password}`),
    hash('md5', `${user}@${SUITE_REALM}:${SUITE_REALM}:${password}`),
  ]);
}

export const KAMAILIO_COLUMNS = ['username', 'domain', 'password', 'ha1', 'ha1b'];

/** In the order of `OPENSIPS_COLUMNS`. */
export function opensipsRows(): string[][] {
  return Object.entries(SUITE_USERS).map(([user, password]) => {
    const a1 = `${user}:${SUITE_REALM}:${password}`;
    return [user, SUITE_REALM, hash('md5', a1), hash('sha256', a1), hash('sha512-256', a1).toUpperCase()];
  });
}

export const OPENSIPS_COLUMNS = ['username', 'domain', 'ha1', 'ha1_sha256', 'ha1_sha512t256'];

export function hash(name: string, text: string): string {
  return createHash(name).update(text).digest('hex');
}
