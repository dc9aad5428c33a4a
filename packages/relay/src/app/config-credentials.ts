/** What an entry of `credentials` may hold, for each type of store. */
import { z } from 'zod';
import { parseDatabaseAddress } from '../auth/database-address.ts';
import { SUBSCRIBER_LAYOUTS } from '../auth/subscriber-table.ts';
import { userNameFault } from '../auth/user-name.ts';
import { flag, integer, section, text } from './config-values.ts';

const USER = 'a user name of at most 256 characters without colons and control characters';
const PASSWORD = 'a password (text; put quotes around one that looks like a number)';
const DATABASE = 'postgres:// or mysql:// followed by USER@HOST/DATABASE, or sqlite: and a path';
const LAYOUTS = Object.keys(SUBSCRIBER_LAYOUTS) as (keyof typeof SUBSCRIBER_LAYOUTS)[];
const TABLE = 'the name of a table, with its schema before a dot if it has one';
const COLUMN = 'the name of a column';

const HOUR_MS = 3_600_000;

/** What all stores have that ask somebody else. */
const remote = {
  timeoutMs: integer(50, 10_000, 'milliseconds')
    .default(1500)
    .describe('How long an answer may take, in milliseconds; then the AUTH is answered 408.'),
  failures: integer(1, 1000, 'failures')
    .default(3)
    .describe('So many failures in a row, and the store counts as down: AUTHs are answered 408 without asking it.'),
  retryMs: integer(100, HOUR_MS, 'milliseconds')
    .default(2000)
    .describe('How often, in milliseconds, one AUTH finds out whether a store that is down is there again.'),
  staleMs: integer(0, 24 * HOUR_MS, 'milliseconds')
    .default(300_000)
    .describe('For how long, in milliseconds, users that were found can still authenticate when the store fails.'),
  cacheUsers: integer(0, 1_000_000, 'users')
    .default(10_000)
    .describe('How many users are remembered; 0 remembers nobody.'),
};

const cacheMs = (usual: number) =>
  integer(0, HOUR_MS, 'milliseconds')
    .default(usual)
    .describe('For how long, in milliseconds, a user that was found can authenticate again without asking the store.');

const tls = {
  tls: flag()
    .optional()
    .describe(
      'Demands TLS and checks the certificate; without it, `true` unless it is on this machine. `false` beyond that needs `trustedNetwork`.',
    ),
  ca: text('a path or PEM text').optional().describe('Authorities that vouch for it; without it, those of Node.'),
};

const column = () => z.string({ error: COLUMN }).regex(/^\P{Cc}{1,64}$/u, { error: COLUMN });

const columns = section({
  user: column().default('username'),
  domain: column().default('domain'),
  md5: column().optional(),
  sha256: column().optional(),
  sha512t256: column().optional(),
  withDomain: column().optional(),
  password: column().default('password'),
});

const subscriber = section({
  type: z.literal('subscriber').describe('Users are in the table `subscriber` of Kamailio or OpenSIPS.'),
  url: z
    .string({ error: DATABASE })
    .refine((url) => parseDatabaseAddress(url) !== undefined, { error: DATABASE })
    .describe(
      'The database: `postgres://USER@HOST/DATABASE`, `mysql://…` (MariaDB, too), `?socket=PATH` for a Unix socket; or `sqlite:PATH`.',
    ),
  password: text(PASSWORD).optional().describe('Password for the database, if it does not stand in `url`.'),
  ...tls,
  layout: z
    .enum(LAYOUTS, { error: LAYOUTS.join(' or ') })
    .default('kamailio')
    .describe(
      'Whose table it is: `kamailio` (H(A1) for MD5 in `ha1` and `ha1b`) or `opensips` (also for SHA-256 and SHA-512-256).',
    ),
  table: z
    .string({ error: TABLE })
    .regex(/^[^.\p{Cc}]{1,64}(?:\.[^.\p{Cc}]{1,64})?$/u, { error: TABLE })
    .default('subscriber')
    .describe('The table, or a view: `NAME` or `SCHEMA.NAME`.'),
  columns: columns
    .optional()
    .describe(
      'The columns, if they have other names: `user`, `domain`; `md5`, `sha256`, `sha512t256` (H(A1) by algorithm); `withDomain` (H(A1) of `user@domain`); `password`. What is not named is not there.',
    ),
  plainPasswords: flag()
    .default(false)
    .describe('Uses the column `password` where there is no H(A1) for an algorithm.'),
  useDomain: flag().default(true).describe('Finds a user by name and domain; `false`: by name alone.'),
  domain: text('a domain').optional().describe('What stands in the column of domains; without it, the realm.'),
  cacheMs: cacheMs(0),
  ...remote,
});

/** One store. */
export const credentialsSchema = z.discriminatedUnion(
  'type',
  [
    section({
      type: z.literal('static').describe('Users and passwords stand in the configuration itself.'),
      users: z
        .record(
          z.string().refine((name) => userNameFault(name) === undefined, { error: USER }),
          z.string({ error: PASSWORD }).min(1, { error: PASSWORD }),
          { error: 'a mapping of user names to passwords' },
        )
        .describe('User names and their passwords.'),
    }),
    section({
      type: z.literal('sqlite').describe('Users are kept in a database file, changed with `msrp-relay user`.'),
      path: text('the path of a database file').describe('The database file; `msrp-relay user add` makes it.'),
    }),
    subscriber,
  ],
  { error: 'a store of type static, sqlite or subscriber' },
);

/** One store, defaults filled in. */
export type CredentialSettings = z.output<typeof credentialsSchema>;
