/** What an entry of `credentials` may hold, for each type of store. */
import { z } from 'zod';
import { parseDatabaseAddress } from '../auth/database-address.ts';
import { SUBSCRIBER_LAYOUTS } from '../auth/subscriber-table.ts';
import { userNameFault } from '../auth/user-name.ts';
import { jwtStore } from './config-jwt.ts';
import { authorities, cacheMs, remote, serviceUrl } from './config-remote-store.ts';
import { flag, list, realmName, section, text } from './config-values.ts';

const USER = 'a user name of at most 256 characters without colons and control characters';
const PASSWORD = 'a password (text; put quotes around one that looks like a number)';
const DATABASE = 'postgres:// or mysql:// followed by USER@HOST/DATABASE, or sqlite: and a path';
const LAYOUTS = Object.keys(SUBSCRIBER_LAYOUTS) as (keyof typeof SUBSCRIBER_LAYOUTS)[];
const TABLE = 'the name of a table, with its schema before a dot if it has one';
const COLUMN = 'the name of a column';
const FOUND_AGAIN = 'a user that was found can authenticate again without asking the store';

const tls = {
  tls: flag()
    .optional()
    .describe(
      'Demands TLS and checks the certificate; without it, `true` unless it is on this machine. `false` beyond that needs `trustedNetwork`.',
    ),
  ca: authorities(),
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
  cacheMs: cacheMs(FOUND_AGAIN, 0),
  ...remote,
});

const SECRETS = 'one to eight different secrets of at least 8 characters';
const SEPARATOR = 'one character that is neither a digit nor a letter';

const ephemeral = section({
  type: z
    .literal('ephemeral')
    .describe('A web service makes passwords for a while, under a secret that TURN servers and Kamailio know, too.'),
  secrets: list(z.string({ error: SECRETS }).min(8, { error: SECRETS }), SECRETS)
    .min(1, { error: SECRETS })
    .max(8, { error: SECRETS })
    .describe('The shared secrets; several while a new one replaces an old one.'),
  order: z
    .enum(['time-first', 'user-first'], { error: 'time-first or user-first' })
    .default('time-first')
    .describe(
      'User names are `TIME:USER`, as those for TURN, or `USER:TIME`; TIME is when the password expires, in seconds since 1970.',
    ),
  separator: z
    .string({ error: SEPARATOR })
    .regex(/^[^\p{L}\p{N}\p{Cc}]$/u, { error: SEPARATOR })
    .default(':')
    .describe('What stands between TIME and USER.'),
  hash: z
    .enum(['sha1', 'sha256', 'sha384', 'sha512'], { error: 'sha1, sha256, sha384 or sha512' })
    .default('sha1')
    .describe('The hash of the HMAC that is, in base64, the password.'),
  sessionsOutlive: flag()
    .default(false)
    .describe('Lets sessions go on after their password has expired; otherwise Expires is cut to what is left.'),
});

const TOKEN = 'a token of printable characters without blanks';

const http = section({
  type: z.literal('http').describe('A web service is asked for each user.'),
  url: serviceUrl().describe('Address of the service. `http://` only on this machine, or with `trustedNetwork`.'),
  method: z
    .enum(['POST', 'GET'], { error: 'POST or GET' })
    .default('POST')
    .describe('`POST` sends `user`, `realm` and `algorithm` as JSON, `GET` as a query.'),
  token: z
    .string({ error: TOKEN })
    .regex(/^[\x21-\x7e]+$/, { error: TOKEN })
    .optional()
    .describe('A bearer token that shows the service who asks.'),
  tokens: flag()
    .default(false)
    .describe(
      'The service knows tokens of users, too (`webSocketAuth`): it is sent `token` and `realm`. With `POST` only.',
    ),
  ca: authorities(),
  cacheMs: cacheMs(FOUND_AGAIN, 60_000),
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
      realm: realmName().optional().describe('The realm of these users, if it is not `realm`.'),
    }),
    section({
      type: z.literal('sqlite').describe('Users are kept in a database file, changed with `msrp-relay user`.'),
      path: text('the path of a database file').describe('The database file; `msrp-relay user add` makes it.'),
    }),
    subscriber,
    ephemeral,
    http,
    jwtStore,
  ],
  { error: 'a store of type static, sqlite, subscriber, ephemeral, http or jwt' },
);

/** One store, defaults filled in. */
export type CredentialSettings = z.output<typeof credentialsSchema>;
