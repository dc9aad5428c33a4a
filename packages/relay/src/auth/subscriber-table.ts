/** The table of users that a SIP server keeps, `subscriber`: how it is asked, and what its rows say. */
import { type DigestAlgorithm, digestHexDigits, hashA1, toWire } from 'msrp/digest';

/** The columns that are read; a name that is left out is not there. */
export interface SubscriberColumns {
  readonly user: string;
  readonly domain: string;
  /** H(A1) by algorithm. */
  readonly md5?: string | undefined;
  readonly sha256?: string | undefined;
  readonly sha512t256?: string | undefined;
  /** H(A1) for clients whose user name is `user@domain`: Kamailio's `ha1b`. */
  readonly withDomain?: string | undefined;
  /** The password itself, for whatever has no H(A1). */
  readonly password?: string | undefined;
}

/** Which table, and how its rows are found. */
export interface SubscriberTable {
  /** With the schema before a dot, if there is one. */
  readonly table: string;
  readonly columns: SubscriberColumns;
  /** A row is found by user and domain; else by the user alone, who must then be the only one of that name. */
  readonly usesDomain: boolean;
  /** What stands in the column of domains; undefined: the realm. */
  readonly domain?: string | undefined;
}

/** What the table has of its own accord in each server: Kamailio's version 7, OpenSIPS's version 8. */
export const SUBSCRIBER_LAYOUTS = {
  kamailio: { user: 'username', domain: 'domain', md5: 'ha1', withDomain: 'ha1b' },
  opensips: { user: 'username', domain: 'domain', md5: 'ha1', sha256: 'ha1_sha256', sha512t256: 'ha1_sha512t256' },
} as const satisfies Readonly<Record<string, SubscriberColumns>>;

/** Which column holds H(A1) of an algorithm. */
export const COLUMN_OF = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512t256' } as const;

/** One row, by the keys of `SubscriberColumns`. */
export type SubscriberRow = Readonly<Partial<Record<keyof SubscriberColumns, unknown>>>;

/** How a database writes names and parameters. */
export interface Dialect {
  /** Stands around the name of a table or column. */
  readonly quote: '"' | '`';
  /** The parameter at a place, counted from 1. */
  parameter(at: number): string;
}

/**
 * The one question that is ever asked: all columns, whatever the algorithm, so that a column that is missing is found out by
 * the first AUTH and not by one that somebody thought of. Its parameters are the user, and the domain if that is used. Names
 * come from the configuration; what comes from the wire is never part of the text.
 */
export function subscriberQuery({ table, columns, usesDomain }: SubscriberTable, dialect: Dialect): string {
  const quoted = (name: string) =>
    dialect.quote + name.replaceAll(dialect.quote, dialect.quote.repeat(2)) + dialect.quote;
  const chosen = Object.entries(columns)
    .filter((entry): entry is [string, string] => entry[1] !== undefined)
    .map(([key, name]) => `${quoted(name)} AS ${quoted(key)}`);
  const conditions = [columns.user, ...(usesDomain ? [columns.domain] : [])];
  const where = conditions.map((name, at) => `${quoted(name)} = ${dialect.parameter(at + 1)}`);
  const from = table.split('.').map(quoted).join('.');
  return `SELECT ${chosen.join(', ')} FROM ${from} WHERE ${where.join(' AND ')} LIMIT 2`;
}

/** A user name of Digest, and where it leads in the table. */
export interface SubscriberName {
  readonly user: string;
  readonly domain: string;
  /** The client said `user@domain`, and hashes that. */
  readonly isQualified: boolean;
}

/** `user@domain` is the user of that domain where the table has a column for it, and the domain is the one that is asked for. */
export function subscriberName(table: SubscriberTable, name: string, realm: string): SubscriberName {
  const domain = table.domain ?? realm;
  const isQualified = table.columns.withDomain !== undefined && name.endsWith(`@${domain}`);
  return { user: isQualified ? name.slice(0, -domain.length - 1) : name, domain, isQualified };
}

/**
 * H(A1) out of the rows that were found. Databases differ in what they take for equal (case, accents, blanks at the end), so
 * the names are compared once more, octet for octet.
 *
 * @param name - what the client is called.
 * @returns undefined when there is no such user, or more than one, or nothing that fits the algorithm.
 */
export function ha1Of(
  table: SubscriberTable,
  rows: readonly SubscriberRow[],
  name: string,
  realm: string,
  algorithm: DigestAlgorithm,
): string | undefined {
  const { user, domain, isQualified } = subscriberName(table, name, realm);
  const fitting = rows.filter((row) => row.user === user && (!table.usesDomain || row.domain === domain));
  const row = fitting.length === 1 ? fitting[0] : undefined;
  // A hash more or less is seen in the time an answer takes: strangers get one too.
  const plain = table.columns.password === undefined ? undefined : ofPassword(row?.password, name, realm, algorithm);
  const kept = row?.[isQualified ? 'withDomain' : COLUMN_OF[algorithm]];
  const isHash = typeof kept === 'string' && kept.length === digestHexDigits(algorithm) && /^[0-9a-f]+$/i.test(kept);
  return isHash ? kept.toLowerCase() : plain;
}

function ofPassword(password: unknown, name: string, realm: string, algorithm: DigestAlgorithm): string | undefined {
  const known = typeof password === 'string' ? password : '';
  const ha1 = hashA1(algorithm, name, toWire(realm), known);
  return known === '' ? undefined : ha1;
}
