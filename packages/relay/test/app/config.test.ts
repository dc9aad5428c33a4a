import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from 'msrp/base';
import { nameQueries } from 'msrp/node';
import { describe, expect, it } from 'vitest';
import { loadConfig, loadSettings } from '../../src/app/config.ts';
import { ConfigError } from '../../src/app/config-place.ts';
import { tokensIn } from '../../src/app/config-values.ts';
import { temporaryFolder } from './temporary-folder.ts';

const MINIMAL = `hostname: localhost
listen: [tcp://127.0.0.1:0]
credentials: [{ type: sqlite, path: users.db }]
`;

function problemsOf(yaml: string, environment: Record<string, string> = {}): string[] {
  const folder = temporaryFolder({ 'relay.yaml': yaml });
  try {
    loadConfig(join(folder, 'relay.yaml'), environment, new ManualClock());
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(`${folder}/`, ''));
  }
  return [];
}

function load(yaml: string, environment: Record<string, string> = {}) {
  return loadConfig(join(temporaryFolder({ 'relay.yaml': yaml }), 'relay.yaml'), environment, new ManualClock());
}

describe('a configuration file', () => {
  it('fills in every default of the contract', () => {
    const { credentials, ...config } = load(MINIMAL);
    expect(config).toEqual({
      hostname: 'localhost',
      aliases: [],
      domains: [],
      realm: 'localhost',
      listen: [{ scheme: 'tcp', host: '127.0.0.1', port: 0 }],
      tls: { rsaCbcSuite: false },
      realms: {},
      auth: {
        allowCleartext: false,
        algorithms: ['SHA-256', 'MD5'],
        failures: 5,
        addressFailures: 100,
        userFailures: 20,
        failuresWindowMs: 600000,
        blockMs: 600000,
      },
      webSocket: { page: false, origins: [], proxies: [], forwardedHeader: 'X-Forwarded-For' },
      webSocketAuth: { bearer: false, required: false },
      proxyProtocol: { listeners: [], proxies: [] },
      trustedNetwork: false,
      expires: { default: 86400, min: 60, max: 86400 },
      chunk: { maxOctets: 65536, lingerMs: 20, listeners: {}, cutOffFlag: '+' },
      flow: {
        highWaterOctets: 262144,
        lowWaterOctets: 65536,
        sessionOctets: 1048576,
        windowOctets: 1048576,
        memoryOctets: 1073741824,
        holdResponseMs: 10000,
        pauseMaxMs: 20000,
        stallTimeoutMs: 120000,
      },
      rates: { octetsPerSecond: 0, messagesPerSecond: 0 },
      limits: {
        connections: 50000,
        connectionsPerAddress: 10000,
        sessionsPerUser: 10000,
        transactions: 1000000,
        headOctets: 16384,
        headLines: 64,
        pathUris: 16,
        messageOctets: 0,
      },
      nextHops: { allow: [], deny: ['loopback', 'private', 'linklocal'], cleartext: false, verifyEndpoints: true },
      resolver: 'system',
      relays: { requireCertificate: false, allow: [], deny: [] },
      timers: { probationMs: 30000, drainMs: 40000, partialMs: 60000 },
      blockMethods: [],
      admin: { listen: { scheme: 'http', host: '127.0.0.1', port: 9080 } },
      log: { level: 'info' },
      workers: 1,
    });
    expect(credentials).toHaveLength(1);
  });

  it('knows an admin door that is a Unix socket, and tokens from files, one a line', () => {
    const file = join(temporaryFolder({ tokens: 'old-token-0123456789\nnew-token-0123456789\n' }), 'tokens');
    const { admin } = load(`${MINIMAL}admin: { listen: "unix:/run/admin.sock" }\n`, {
      MSRP_RELAY_ADMIN__TOKEN_FILE: file,
    });
    expect(admin.listen).toEqual({ scheme: 'unix', path: '/run/admin.sock' });
    expect(tokensIn(admin.token)).toEqual(['old-token-0123456789', 'new-token-0123456789']);
  });

  it('takes relative paths from its own folder', () => {
    const folder = temporaryFolder({ 'etc/relay.yaml': MINIMAL });
    const { credentials } = loadConfig(join(folder, 'etc/relay.yaml'), {}, new ManualClock());
    expect(credentials).toEqual([{ type: 'sqlite', path: join(folder, 'etc/users.db') }]);
  });

  it('gives a value that cannot be changed, down to the leaves', () => {
    const config = load(MINIMAL);
    expect(Object.isFrozen(config)).toBe(true);
    expect(Object.isFrozen(config.limits)).toBe(true);
    expect(Object.isFrozen(config.listen[0])).toBe(true);
    expect(Object.isFrozen(config.credentials[0])).toBe(true);
  });

  it('reads IPv6 listeners and names in capitals', () => {
    const config = load(MINIMAL.replace('tcp://127.0.0.1:0', '"tcp://[::1]:2855"').replace('localhost', 'LocalHost'));
    expect(config.listen).toEqual([{ scheme: 'tcp', host: '::1', port: 2855 }]);
    expect(config.hostname).toBe('localhost');
  });

  it('reads DNS servers, all of which can be asked', () => {
    const servers = ['192.0.2.53', '2001:db8::53', '[2001:db8::53]'];
    const withPorts = ['192.0.2.53:5353', '[2001:db8::53]:65535'];
    for (const list of [servers, withPorts]) {
      const { resolver } = load(`${MINIMAL}resolver: ${JSON.stringify(list)}\n`);
      expect(resolver).toEqual(list);
      expect(() => nameQueries(resolver)).not.toThrow();
    }
    expect(load(`${MINIMAL}resolver: system\n`).resolver).toBe('system');
    const environment = { MSRP_RELAY_RESOLVER: '["192.0.2.1"]' };
    expect(load(`${MINIMAL}resolver: system\n`, environment).resolver).toEqual(['192.0.2.1']);
  });

  it('follows anchors and aliases, and finds the place of a mistake behind one', () => {
    const yaml = `${MINIMAL}nextHops: { allow: &networks [10.0.0.0/8], deny: *networks }\n`;
    expect(load(yaml).nextHops.deny).toEqual(['10.0.0.0/8']);
    expect(problemsOf(yaml.replace('10.0.0.0/8', '10.0.0.0/33')).map((line) => line.split(': ', 2).join(': '))).toEqual(
      ['relay.yaml:4:31: nextHops.allow[0]', 'relay.yaml:4:31: nextHops.deny[0]'],
    );
  });

  it('gives settings without reading the certificate', () => {
    const yaml = MINIMAL.replace('tcp:', 'tls:').concat('tls: { cert: missing.pem, key: missing.pem }\n');
    const settings = loadSettings(join(temporaryFolder({ 'relay.yaml': yaml }), 'relay.yaml'), {});
    expect(settings.tls).toEqual({ cert: 'missing.pem', key: 'missing.pem', rsaCbcSuite: false });
    expect(settings.realm).toBe('localhost');
  });
});

describe('a mistake in a configuration file', () => {
  const mistakes: readonly (readonly [what: string, yaml: string, ...problems: string[]])[] = [
    [
      'an unknown key at the top',
      `${MINIMAL}hostnam: x\n`,
      'relay.yaml:4:1: hostnam: unknown key, did you mean hostname?',
    ],
    [
      'an unknown key in a section',
      `${MINIMAL}chunk:\n  maxOctet: 4096\n`,
      'relay.yaml:5:3: chunk.maxOctet: unknown key, did you mean maxOctets?',
    ],
    [
      'a key outside its section',
      `${MINIMAL}lingerMs: 4\n`,
      'relay.yaml:4:1: lingerMs: unknown key, did you mean chunk.lingerMs?',
    ],
    [
      'an unknown key that is like nothing',
      `${MINIMAL}"x y\\e[2J": 4\n`,
      'relay.yaml:4:1: "x y\\u001b[2J": unknown key',
    ],
    ['__proto__ as a key', `${MINIMAL}__proto__: { workers: 1 }\n`, 'relay.yaml:4:1: __proto__: unknown key'],
    ['a key twice', `${MINIMAL}hostname: localhost\n`, 'relay.yaml:4:1: "hostname": expected once, found again'],
    [
      'a text for a number',
      `${MINIMAL}chunk: { maxOctets: 64KiB }\n`,
      'relay.yaml:4:21: chunk.maxOctets: expected a whole number of octets from 2048 to 16777216, found "64KiB"',
    ],
    [
      'a number below its range',
      `${MINIMAL}chunk:\n  lingerMs: 5\n  maxOctets: 2047\n`,
      'relay.yaml:6:14: chunk.maxOctets: expected a whole number of octets from 2048 to 16777216, found 2047',
    ],
    [
      'settings for a listener that there is not',
      `${MINIMAL}chunk:\n  listeners:\n    tls://127.0.0.1:1: { maxOctets: 4096 }\n`,
      'relay.yaml:6:24: chunk.listeners."tls://127.0.0.1:1": expected one of tcp://127.0.0.1:0 as its key',
    ],
    [
      'a setting of a listener that is out of its range',
      `${MINIMAL}chunk: { listeners: { "tcp://127.0.0.1:0": { maxOctets: 1 } } }\n`,
      'relay.yaml:4:57: chunk.listeners."tcp://127.0.0.1:0".maxOctets: expected a whole number of octets from 2048 to 16777216, found 1',
    ],
    [
      'a number above its range',
      `${MINIMAL}chunk: { maxOctets: 16777217 }\n`,
      'relay.yaml:4:21: chunk.maxOctets: expected a whole number of octets from 2048 to 16777216, found 16777217',
    ],
    [
      'a fraction',
      `${MINIMAL}auth: { failures: 1.5 }\n`,
      'relay.yaml:4:19: auth.failures: expected a whole number of failures from 1 to 1000, found 1.5',
    ],
    [
      'a word for a flag',
      `${MINIMAL}trustedNetwork: maybe\n`,
      'relay.yaml:4:17: trustedNetwork: expected true or false, found "maybe"',
    ],
    ['a section without content', `${MINIMAL}flow:\n`, 'relay.yaml:4:1: flow: expected a mapping, found nothing'],
    ['a list for a section', `${MINIMAL}flow: []\n`, 'relay.yaml:4:7: flow: expected a mapping, found an empty list'],
    [
      'a host name that is an address (U-16)',
      MINIMAL.replace('localhost', '192.0.2.1'),
      'relay.yaml:1:11: hostname: expected a fully qualified DNS name such as relay.example.org, not an address, found "192.0.2.1"',
    ],
    [
      'a host name that is an IPv6 address (U-16)',
      MINIMAL.replace('localhost', '"2001:db8::1"'),
      'relay.yaml:1:11: hostname: expected a fully qualified DNS name such as relay.example.org, not an address, found "2001:db8::1"',
    ],
    [
      'a host name without a domain (U-16)',
      MINIMAL.replace('localhost', 'relay'),
      'relay.yaml:1:11: hostname: expected a fully qualified DNS name such as relay.example.org, not an address, found "relay"',
    ],
    [
      'an alias that is an address (U-16)',
      `${MINIMAL}aliases: [a.example.org, 10.1.2.3]\n`,
      'relay.yaml:4:26: aliases[1]: expected a fully qualified DNS name such as relay.example.org, not an address, found "10.1.2.3"',
    ],
    [
      'localhost with a listener beyond loopback (U-16)',
      `${MINIMAL.replace('127.0.0.1', '0.0.0.0')}trustedNetwork: true\n`,
      'relay.yaml:1:11: hostname: expected a name that others can resolve, found "localhost" although tcp://0.0.0.0:0 is not on loopback',
    ],
    [
      'localhost as an alias with a listener beyond loopback (U-16)',
      `${MINIMAL.replace('127.0.0.1', '0.0.0.0').replace('localhost', 'r.example.org')}trustedNetwork: true\naliases: [localhost]\n`,
      'relay.yaml:5:11: aliases[0]: expected a name that others can resolve, found "localhost" although tcp://0.0.0.0:0 is not on loopback',
    ],
    [
      'a realm with a quote',
      `${MINIMAL}realm: 'a"b'\n`,
      'relay.yaml:4:8: realm: expected text without quotes, backslashes and control characters, at most 255 characters, found "a\\"b"',
    ],
    [
      'a listener with a name',
      MINIMAL.replace('tcp://127.0.0.1:0', 'tcp://relay:2855'),
      'relay.yaml:2:10: listen[0]: expected tls:// or tcp:// or wss:// or ws:// followed by ADDRESS:PORT, found "tcp://relay:2855"',
    ],
    [
      'a listener with a port that does not exist',
      MINIMAL.replace('127.0.0.1:0', '127.0.0.1:65536'),
      'relay.yaml:2:10: listen[0]: expected tls:// or tcp:// or wss:// or ws:// followed by ADDRESS:PORT, found "tcp://127.0.0.1:65536"',
    ],
    [
      'a WebSocket listener whose clients nobody could reach',
      MINIMAL.replace('tcp:', 'ws:'),
      'relay.yaml:2:10: listen[0]: expected a tls:// listener beside ws://127.0.0.1:0, whose clients others reach there; found none',
    ],
    [
      'the same listener twice',
      MINIMAL.replace('tcp://127.0.0.1:0', 'tcp://127.0.0.1:5, tcp://127.0.0.1:5'),
      'relay.yaml:2:9: listen: expected a list of listeners such as tls://0.0.0.0:2855, each only once, found a list',
    ],
    [
      'no listener',
      MINIMAL.replace('tcp://127.0.0.1:0', ''),
      'relay.yaml:2:9: listen: expected at least one listener, found an empty list',
    ],
    [
      'a TLS listener without certificate (CN-06)',
      MINIMAL.replace('tcp:', 'tls:'),
      'relay.yaml:1:1: tls.cert: expected a PEM file for tls://127.0.0.1:0, found nothing',
      'relay.yaml:1:1: tls.key: expected a PEM file for tls://127.0.0.1:0, found nothing',
    ],
    [
      'a cleartext listener beyond loopback (SE-03)',
      MINIMAL.replace('127.0.0.1', '192.0.2.1').replace('localhost', 'r.example.org'),
      'relay.yaml:2:10: listen[0]: expected a loopback address or trustedNetwork: true, found tcp://192.0.2.1:0',
    ],
    [
      'AUTH in clear beyond loopback (AU-01)',
      `${MINIMAL.replace('127.0.0.1', '192.0.2.1').replace('localhost', 'r.example.org')}auth: { allowCleartext: true }\n`,
      'relay.yaml:2:10: listen[0]: expected a loopback address or trustedNetwork: true, found tcp://192.0.2.1:0',
      'relay.yaml:4:25: auth.allowCleartext: expected false, or trustedNetwork: true, because tcp://192.0.2.1:0 is not on loopback; found true',
    ],
    [
      'an admin door beyond loopback',
      `${MINIMAL}admin: { listen: http://0.0.0.0:9080 }\n`,
      'relay.yaml:4:18: admin.listen: expected a loopback address or trustedNetwork: true, found http://0.0.0.0:9080',
    ],
    [
      'an admin door at a path that is not absolute',
      `${MINIMAL}admin: { listen: "unix:admin.sock" }\n`,
      'relay.yaml:4:18: admin.listen: expected http://ADDRESS:PORT, or unix: followed by the absolute path of a socket, found "unix:admin.sock"',
    ],
    [
      'a token that is too short to be one, which is not shown',
      `${MINIMAL}admin: { token: "a-good-token-0123456789 tiny" }\n`,
      'relay.yaml:4:17: admin.token: expected tokens of 16 to 256 characters from A-Z a-z 0-9 - . _ ~ + / =, one a line, found a text of 28 characters',
    ],
    [
      'an unknown algorithm',
      `${MINIMAL}auth: { algorithms: [SHA-1] }\n`,
      'relay.yaml:4:22: auth.algorithms[0]: expected some of SHA-256, SHA-512-256, MD5, found "SHA-1"',
    ],
    [
      'MD5 before a better algorithm (AU-12)',
      `${MINIMAL}auth: { algorithms: [MD5, SHA-256] }\n`,
      'relay.yaml:4:21: auth.algorithms: expected MD5 in last place, found a list',
    ],
    [
      'no store',
      'hostname: localhost\nlisten: [tcp://127.0.0.1:0]\ncredentials: []\n',
      'relay.yaml:3:14: credentials: expected at least one credential store, found an empty list',
    ],
    [
      'an unknown store',
      MINIMAL.replace('sqlite', 'ldap'),
      'relay.yaml:3:23: credentials[0].type: expected a store of type static, sqlite, subscriber, ephemeral, http or jwt, found "ldap"',
    ],
    [
      'a store without path',
      MINIMAL.replace(', path: users.db', ''),
      'relay.yaml:3:15: credentials[0].path: expected the path of a database file, found nothing',
    ],
    [
      'a password that is a number, which is not shown (SE-02)',
      MINIMAL.replace('{ type: sqlite, path: users.db }', '{ type: static, users: { alice: 271828 } }'),
      'relay.yaml:3:47: credentials[0].users.alice: expected a password (text; put quotes around one that looks like a number), found a number',
    ],
    [
      'a user name with a colon (AU-57)',
      MINIMAL.replace('{ type: sqlite, path: users.db }', '{ type: static, users: { "a:b": x } }'),
      'relay.yaml:3:40: credentials[0].users."a:b": expected a user name of at most 256 characters without colons and control characters, found another name',
    ],
    [
      'a low-water mark that is not below the high-water mark',
      `${MINIMAL}flow: { lowWaterOctets: 8192, highWaterOctets: 8192 }\n`,
      'relay.yaml:4:25: flow.lowWaterOctets: expected less than flow.highWaterOctets (8192), found 8192',
    ],
    [
      'a shortest lifetime above the longest',
      `${MINIMAL}expires: { min: 100, max: 99 }\n`,
      'relay.yaml:4:17: expires.min: expected at most expires.max (99), found 100',
    ],
    [
      'a default lifetime out of its bounds',
      `${MINIMAL}expires: { max: 3600 }\n`,
      'relay.yaml:4:10: expires.default: expected expires.min to expires.max (60 to 3600), found 86400',
    ],
    [
      'a network that is none',
      `${MINIMAL}nextHops: { deny: [loopback, 10.0.0.0/33] }\n`,
      'relay.yaml:4:30: nextHops.deny[1]: expected a network such as 10.0.0.0/8, an address, a name, *.suffix, loopback, private, linklocal or any, found "10.0.0.0/33"',
    ],
    [
      'a resolver that is none',
      `${MINIMAL}resolver: sytem\n`,
      'relay.yaml:4:11: resolver: expected system, or a list of one to three DNS servers such as 192.0.2.53, found "sytem"',
    ],
    [
      'no DNS server',
      `${MINIMAL}resolver: []\n`,
      'relay.yaml:4:11: resolver: expected system, or a list of one to three DNS servers such as 192.0.2.53, found an empty list',
    ],
    [
      'four DNS servers',
      `${MINIMAL}resolver: [192.0.2.1, 192.0.2.2, 192.0.2.3, 192.0.2.4]\n`,
      'relay.yaml:4:11: resolver: expected system, or a list of one to three DNS servers such as 192.0.2.53, found a list',
    ],
    ...['ns.example.org', '192.0.2.53:0', '192.0.2.53:65536', '[192.0.2.53]:53', '192.0.2.256', 'system'].map(
      (server) =>
        [
          `a DNS server that is none: "${server}"`,
          `${MINIMAL}resolver: [192.0.2.1, "${server}"]\n`,
          `relay.yaml:4:23: resolver[1]: expected an IP address with or without port, such as 192.0.2.53 or [2001:db8::53]:5353, found "${server}"`,
        ] as const,
    ),
    [
      'a method that cannot be blocked',
      `${MINIMAL}blockMethods: [SEND]\n`,
      'relay.yaml:4:16: blockMethods[0]: expected method names in capital letters other than AUTH, SEND and REPORT, found "SEND"',
    ],
    [
      'fewer workers than one, or too many',
      `${MINIMAL}workers: 1025\n`,
      'relay.yaml:4:10: workers: expected a number of workers from 1 to 1024, or auto, found 1025',
    ],
    [
      'a relay that is not named by its name (AU-49)',
      `${MINIMAL}relays: { allow: [any, '*.example.org', 192.0.2.1], deny: [private/8] }\n`,
      'relay.yaml:4:41: relays.allow[2]: expected a DNS name, *.suffix or any, found "192.0.2.1"',
      'relay.yaml:4:60: relays.deny[0]: expected a DNS name, *.suffix or any, found "private/8"',
    ],
    [
      'a domain that is an address (U-22)',
      `${MINIMAL}domains: [example.org, 192.0.2.1]\n`,
      'relay.yaml:4:24: domains[1]: expected a fully qualified DNS name such as relay.example.org, not an address, found "192.0.2.1"',
    ],
    [
      'localhost as a domain with a listener beyond loopback (U-16)',
      `${MINIMAL.replace('127.0.0.1', '0.0.0.0').replace('localhost', 'r.example.org')}trustedNetwork: true\ndomains: [localhost]\n`,
      'relay.yaml:5:11: domains[0]: expected a name that others can resolve, found "localhost" although tcp://0.0.0.0:0 is not on loopback',
    ],
    [
      'a log level that is none',
      `${MINIMAL}log: { level: verbose }\n`,
      'relay.yaml:4:15: log.level: expected debug, info, warn or error, found "verbose"',
    ],
    [
      'nothing at all',
      '# empty\n',
      'relay.yaml:1:1: hostname: expected a fully qualified DNS name such as relay.example.org, not an address, found nothing',
      'relay.yaml:1:1: credentials: expected a list of credential stores, found nothing',
      'relay.yaml:1:1: tls.cert: expected a PEM file for tls://0.0.0.0:2855, found nothing',
      'relay.yaml:1:1: tls.key: expected a PEM file for tls://0.0.0.0:2855, found nothing',
    ],
    ['a list instead of a mapping', '- hostname\n', 'relay.yaml:1:1: configuration: expected a mapping, found a list'],
    [
      'an unclosed list',
      `${MINIMAL}aliases: [a\n`,
      'relay.yaml:5:1: not YAML: Flow sequence in block collection must be sufficiently indented and end with a ]',
    ],
    ['a tab as indentation', 'auth:\n\tfailures: 3\n', 'relay.yaml:2:1: not YAML: Tabs are not allowed as indentation'],
    [
      'a bad indentation',
      'auth:\n  failures: 3\n allowCleartext: true\n',
      'relay.yaml:3:1: not YAML: All mapping items must start at the same column',
    ],
    ['a tag', 'hostname: !secret x\n', 'relay.yaml:1:11: not YAML: Unresolved tag: !secret'],
    [
      'an alias of nothing',
      'hostname: *x\n',
      'relay.yaml:1:1: Unresolved alias (the anchor must be set before the alias): x',
    ],
    ['two documents', 'hostname: a\n---\nhostname: b\n', 'relay.yaml:2:1: expected one document, found a further one'],
  ];

  for (const [what, yaml, ...problems] of mistakes) {
    it(`is told with line and column: ${what}`, () => expect(problemsOf(yaml)).toEqual(problems));
  }

  it('does not hide the others: all are told, in the order of the file', () => {
    const yaml =
      'workers: 0\nhostname: 1.2.3.4\nchunk: { maxOctets: 1, lingerMs: x }\nlisten: [tcp://127.0.0.1:0]\nfoo: 1\ncredentials: 3\n';
    expect(problemsOf(yaml).map((problem) => /^relay.yaml:(\d+:\d+: [\w.]+):/.exec(problem)?.[1])).toEqual([
      '1:10: workers',
      '2:11: hostname',
      '3:21: chunk.maxOctets',
      '3:34: chunk.lingerMs',
      '5:1: foo',
      '6:14: credentials',
    ]);
  });

  it('is a file that is not there', () => {
    expect(() => loadConfig('/nowhere/relay.yaml', {})).toThrow('/nowhere/relay.yaml: cannot be read: ENOENT');
  });

  it('is a file that is not UTF-8', () => {
    const file = join(temporaryFolder(), 'relay.yaml');
    writeFileSync(file, Buffer.from([0x61, 0x3a, 0x20, 0xff, 0x0a]));
    expect(() => loadConfig(file, {})).toThrow(`${file}: cannot be read: The encoded data was not valid`);
  });
});
