/** Every key of the configuration: what it may hold, its default, what it is for. Validation, JSON Schema and manual come from here. */
import { z } from 'zod';
import { FORWARDED_HEADERS } from '../transport/forwarded.ts';
import { credentialsSchema } from './config-credentials.ts';
import { proxyProtocol, webSocketAuth } from './config-handshake.ts';
import {
  addresses,
  adminDoor,
  dnsName,
  endpoint,
  flag,
  integer,
  list,
  nameServers,
  network,
  realmName,
  relayName,
  section,
  text,
  tokens,
} from './config-values.ts';

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const DAY_SECONDS = 86_400;
const HOUR_MS = 3_600_000;

function maxOctets() {
  return integer(2 * KIB, 16 * MIB, 'octets');
}

function lingerMs() {
  return integer(0, 1000, 'milliseconds');
}

const ALGORITHMS = 'some of SHA-256, SHA-512-256, MD5';
const METHODS = 'method names in capital letters other than AUTH, SEND and REPORT';
const LEVELS = 'debug, info, warn or error';
const ORIGIN = 'an origin such as https://chat.example.org';
const NETWORKS = 'a list of networks or names';
const WORKERS = 'a number of workers from 1 to 1024, or auto';
const RELAYS = 'a list of names, *.suffix or any';

const naming = {
  hostname: dnsName().describe(
    'The name of this relay, as it stands in Use-Path. The certificate must carry it. `localhost` only if every listener is on loopback.',
  ),
  aliases: list(dnsName(), 'a list of DNS names')
    .default([])
    .describe('Other names that count as this relay. The certificate must carry them too.'),
  domains: list(dnsName(), 'a list of DNS names')
    .default([])
    .describe(
      'Domains whose SRV records lead here: clients may address AUTH to them, without port. The certificate must carry them.',
    ),
  realm: realmName()
    .optional()
    .describe('The realm of Digest authentication; without it, `hostname`. A DNS name counts as one of `domains` too.'),
  realms: z
    .record(dnsName(), realmName(), { error: 'a mapping of DNS names to realms' })
    .default({})
    .describe(
      'Other realms, by the name that a client addresses AUTH to: one of `hostname`, `aliases` and `domains`. All other names have `realm`.',
    ),
};

const listening = {
  listen: list(endpoint(['tls', 'tcp', 'wss', 'ws']), 'a list of listeners such as tls://0.0.0.0:2855')
    .min(1, { error: 'at least one listener' })
    .prefault(['tls://0.0.0.0:2855'])
    .describe(
      'Where to accept connections: `tls://`, `tcp://`, `wss://` (WebSocket) or `ws://` (behind a proxy that ends TLS), address, port. Port 0 takes any free one.',
    ),
  tls: section({
    cert: text('a path or PEM text')
      .optional()
      .describe('Certificate chain in PEM, own certificate first: a path, or the PEM itself.'),
    key: text('a path or PEM text').optional().describe('Private key of the certificate: a path, or the PEM itself.'),
    ca: text('a path or PEM text')
      .optional()
      .describe('Authorities that next hops and other relays are verified with; without it, those of Node.'),
    rsaCbcSuite: flag()
      .default(false)
      .describe(
        'Also offers TLS_RSA_WITH_AES_128_CBC_SHA, which RFC 4975 and RFC 4976 demand, but which has no forward secrecy. Listeners need an RSA key for it.',
      ),
  })
    .prefault({})
    .describe('Certificate, key and trusted authorities.'),
  webSocket: section({
    origins: list(z.string({ error: ORIGIN }).regex(/^https?:\/\/[^\s/]+$/, { error: ORIGIN }), 'a list of origins')
      .default([])
      .describe('Origins whose web pages may connect, such as `https://chat.example.org`; all when the list is empty.'),
    proxies: list(addresses(), 'a list of addresses and networks')
      .default([])
      .describe('Networks and addresses of HTTP proxies that tell where a connection comes from.'),
    forwardedHeader: z
      .enum(FORWARDED_HEADERS, { error: FORWARDED_HEADERS.join(' or ') })
      .default('X-Forwarded-For')
      .describe('The header in which they tell it. The other one is not looked at: clients may have written it.'),
    page: flag()
      .default(false)
      .describe(
        'Serves a page at `/` with which two people try the relay from their browsers. On in development mode.',
      ),
  })
    .prefault({})
    .describe('WebSocket listeners.'),
  webSocketAuth,
  proxyProtocol,
  trustedNetwork: flag()
    .default(false)
    .describe(
      'Declares that nobody can listen on the network. Permits cleartext listeners beyond loopback; warns at every start.',
    ),
};

const authentication = {
  auth: section({
    allowCleartext: flag()
      .default(false)
      .describe(
        'Lets clients authenticate on `tcp://` listeners. Beyond loopback only together with `trustedNetwork`.',
      ),
    algorithms: list(z.enum(['SHA-256', 'SHA-512-256', 'MD5'], { error: ALGORITHMS }), ALGORITHMS)
      .min(1, { error: ALGORITHMS })
      .refine((algorithms) => !algorithms.includes('MD5') || algorithms.at(-1) === 'MD5', {
        error: 'MD5 in last place',
      })
      .default(['SHA-256', 'MD5'])
      .describe('Digest algorithms offered, most preferred first; MD5 is last.'),
    failures: integer(1, 1000, 'failures').default(5).describe('Failed AUTHs after which a connection is closed.'),
    addressFailures: integer(0, 1_000_000, 'failures')
      .default(100)
      .describe(
        'Failed AUTHs of one address, on all its connections, after which it is blocked: further ones are answered 408 unseen. 0 means any number.',
      ),
    userFailures: integer(0, 1_000_000, 'failures')
      .default(20)
      .describe(
        'Failed AUTHs of one user name, after which the user is blocked everywhere but where they have logged in. 0 means any number.',
      ),
    failuresWindowMs: integer(1000, 24 * HOUR_MS, 'milliseconds')
      .default(600_000)
      .describe('Within what time, in milliseconds, these failures count together.'),
    blockMs: integer(1000, 24 * HOUR_MS, 'milliseconds')
      .default(600_000)
      .describe('How long, in milliseconds, an address or a user is blocked.'),
  })
    .prefault({})
    .describe('Authentication of clients.'),
  credentials: z
    .array(credentialsSchema, { error: 'a list of credential stores' })
    .min(1, { error: 'at least one credential store' })
    .describe('Where users and passwords come from; asked in this order.'),
  expires: section({
    default: integer(1, 365 * DAY_SECONDS, 'seconds')
      .default(DAY_SECONDS)
      .describe('Lifetime, in seconds, when a client asks for none.'),
    min: integer(1, 365 * DAY_SECONDS, 'seconds')
      .default(60)
      .describe('Shortest lifetime, in seconds; a shorter wish is answered 423.'),
    max: integer(1, 365 * DAY_SECONDS, 'seconds')
      .default(DAY_SECONDS)
      .describe('Longest lifetime, in seconds; a longer wish is answered 423.'),
  })
    .prefault({})
    .describe('How long a granted Use-Path lives.'),
};

const flow = section({
  highWaterOctets: integer(4 * KIB, GIB, 'octets')
    .default(256 * KIB)
    .describe("Reading from a sender stops when this much of its session's octets waits for the next hop."),
  lowWaterOctets: integer(0, GIB, 'octets')
    .default(64 * KIB)
    .describe('Reading goes on when no more than this waits.'),
  sessionOctets: integer(2 * KIB, GIB, 'octets')
    .default(MIB)
    .describe('How much one session may queue when its ingress feeds other sessions too and is not paused.'),
  windowOctets: integer(2 * KIB, GIB, 'octets')
    .default(MIB)
    .describe('How many unanswered octets a session may have under way to one hop that answers soon.'),
  memoryOctets: integer(MIB, 1024 * GIB, 'octets')
    .default(GIB)
    .describe('Budget for everything queued; near it, new connections are refused and the greediest are not read.'),
  holdResponseMs: integer(0, 25_000, 'milliseconds')
    .default(10_000)
    .describe(
      'How long a 200 may be held back, in milliseconds, to slow the sender of a slow session, and that session stand still.',
    ),
  pauseMaxMs: integer(100, 29_000, 'milliseconds')
    .default(20_000)
    .describe(
      'How long, in milliseconds, a connection may go unread; then a session that has not moved is refused with 413.',
    ),
  stallTimeoutMs: integer(100, 24 * HOUR_MS, 'milliseconds')
    .default(120_000)
    .describe('A hop that takes no octet for so long, in milliseconds, counts as broken.'),
})
  .prefault({})
  .describe('Flow control between a sender and its receiver.');

const limits = section({
  connections: integer(1, 10_000_000, 'connections').default(50_000).describe('Open connections in all.'),
  connectionsPerAddress: integer(1, 10_000_000, 'connections')
    .default(10_000)
    .describe('Open connections from one address; authenticated ones do not count.'),
  sessionsPerUser: integer(1, 10_000_000, 'sessions')
    .default(10_000)
    .describe('Granted Use-Paths of one user; more are answered 403.'),
  transactions: integer(1, 100_000_000, 'transactions')
    .default(1_000_000)
    .describe('Requests that wait for a response.'),
  headOctets: integer(512, MIB, 'octets')
    .default(16 * KIB)
    .describe('Size of start line and headers together.'),
  headLines: integer(8, 4096, 'lines').default(64).describe('Header lines of one request.'),
  pathUris: integer(2, 256, 'URIs').default(16).describe('URIs in one path.'),
  messageOctets: integer(0, Number.MAX_SAFE_INTEGER, 'octets')
    .default(0)
    .describe('Size of a whole message; larger ones are refused with 413. 0 means no limit.'),
})
  .prefault({})
  .describe('Bounds on what peers can make grow.');

const relaying = {
  chunk: section({
    maxOctets: maxOctets()
      .default(64 * KIB)
      .describe('Largest body of a chunk that this relay writes.'),
    lingerMs: lingerMs()
      .default(20)
      .describe('How long, in milliseconds, part of a chunk may wait for the rest before it is forwarded.'),
    listeners: z
      .record(z.string(), section({ maxOctets: maxOctets().optional(), lingerMs: lingerMs().optional() }), {
        error: 'a mapping of listeners to maxOctets and lingerMs',
      })
      .default({})
      .describe(
        'Other values of `maxOctets` and `lingerMs` for chunks to peers that came by a listener, by its text in `listen`.',
      ),
    cutOffFlag: z
      .enum(['+', '#'], { error: '"+" or "#"' })
      .default('+')
      .describe(
        'Ends a chunk whose sender was lost in the middle of it: `+` if the sender may resume its message, `#` if the receiver is to give it up.',
      ),
  })
    .prefault({})
    .describe('The chunks that this relay writes.'),
  flow,
  rates: section({
    octetsPerSecond: integer(0, Number.MAX_SAFE_INTEGER, 'octets')
      .default(0)
      .describe('Octets read per second, per connection and per user. 0 means no limit.'),
    messagesPerSecond: integer(0, 1_000_000_000, 'messages')
      .default(0)
      .describe('SENDs read per second, per connection and per user. 0 means no limit.'),
  })
    .prefault({})
    .describe('Rates that slow reading down and never refuse.'),
  limits,
};

const neighbours = {
  nextHops: section({
    allow: list(network(), NETWORKS).default([]).describe('Next hops that are dialled whatever `deny` says.'),
    deny: list(network(), NETWORKS)
      .default(['loopback', 'private', 'linklocal'])
      .describe('Next hops that are never dialled; judged after names are resolved.'),
    cleartext: flag().default(false).describe('Lets `msrp:` next hops be dialled, without TLS.'),
    verifyEndpoints: flag().default(true).describe('Demands a verifiable certificate of an endpoint that is dialled.'),
  })
    .prefault({})
    .describe('To whom connections are opened.'),
  resolver: nameServers()
    .default('system')
    .describe(
      'Who is asked for the addresses of next hops: `system`, or a list of DNS servers such as `192.0.2.53` and `"[2001:db8::53]:5353"`; the next is asked when one does not answer.',
    ),
  relays: section({
    requireCertificate: flag()
      .default(false)
      .describe('Demands a verified certificate of other relays that write to our clients.'),
    ca: text('a path or PEM text')
      .optional()
      .describe('Authorities that other relays are verified with; without it, those in `tls.ca`.'),
    allow: list(relayName(), RELAYS).default([]).describe('Relays that may bring clients, whatever `deny` says.'),
    deny: list(relayName(), RELAYS)
      .default([])
      .describe('Relays that may not bring clients; `any` is all but `allow`.'),
  })
    .prefault({})
    .describe('Other relays. A relay that brings clients always has to prove its name with a certificate.'),
  blockMethods: list(
    z.string({ error: METHODS }).regex(/^(?!(?:AUTH|SEND|REPORT)$)[A-Z]{1,32}$/, { error: METHODS }),
    'a list of methods',
  )
    .default([])
    .describe('Methods that are refused; every other unknown one is forwarded.'),
};

const running = {
  timers: section({
    probationMs: integer(100, HOUR_MS, 'milliseconds')
      .default(30_000)
      .describe('How long, in milliseconds, a new connection has to do something useful.'),
    drainMs: integer(0, HOUR_MS, 'milliseconds')
      .default(40_000)
      .describe('How long, in milliseconds, open transactions may take to settle after SIGTERM.'),
    partialMs: integer(100, 24 * HOUR_MS, 'milliseconds')
      .default(60_000)
      .describe(
        'How long, in milliseconds, a chunk with Failure-Report partial, or a request of another method, is remembered.',
      ),
  })
    .prefault({})
    .describe('Deadlines. The 30 seconds of a transaction are fixed by the RFC.'),
  admin: section({
    listen: adminDoor()
      .prefault('http://127.0.0.1:9080')
      .describe(
        'Where health, metrics and the API are served: over HTTP, beyond loopback only with `trustedNetwork`; or on a Unix socket such as `unix:/run/msrp-relay/admin.sock`, which whoever may open it may use for everything.',
      ),
    token: tokens()
      .optional()
      .describe(
        'Bearer tokens of those who may use the whole API over HTTP, one a line. Without any token the API can only be read, and only on loopback.',
      ),
    readToken: tokens().optional().describe('Bearer tokens of those who may only read it, one a line.'),
  })
    .prefault({})
    .describe('Health, metrics and the API of the operator.'),
  log: section({
    level: z
      .enum(['debug', 'info', 'warn', 'error'], { error: LEVELS })
      .default('info')
      .describe('What is logged: this and everything more important. `debug` follows every chunk.'),
  })
    .prefault({})
    .describe('The log, on standard error.'),
  workers: z
    .union([z.int({ error: WORKERS }).min(1, WORKERS).max(1024, WORKERS), z.literal('auto')], { error: WORKERS })
    .default(1)
    .describe(
      'Processes that connections are spread over; `auto` is one per core that may be used. `flow.memoryOctets`, `limits.connections` and `limits.transactions` are divided among them; bounds per address and per user, and `rates`, are counted by each. Development mode is always one process.',
    ),
};

/** The schema of the whole configuration. */
export const configSchema = section({
  ...naming,
  ...listening,
  ...authentication,
  ...relaying,
  ...neighbours,
  ...running,
}).describe('Configuration of msrp-relay');

/** The sections as the schema gives them back: defaults filled in, endpoints in their parts, nothing read from disk. */
export type Sections = z.output<typeof configSchema>;

/** One place in the JSON Schema, as far as this package looks into it. */
export interface JsonSchemaNode {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly const?: unknown;
  readonly properties?: Readonly<Record<string, JsonSchemaNode>>;
  readonly items?: JsonSchemaNode;
  readonly anyOf?: readonly JsonSchemaNode[];
  readonly oneOf?: readonly JsonSchemaNode[];
}

/** The JSON Schema (draft 2020-12) of what may stand in a configuration file. */
export function configJsonSchema(): JsonSchemaNode {
  return z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchemaNode;
}
