import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { createAuthority } from '../../../msrp/test/certificates.ts';
import { configFrom } from '../../src/app/config.ts';
import type { Environment } from '../../src/app/config-environment.ts';
import { emptySource } from '../../src/app/config-file.ts';
import { ConfigError } from '../../src/app/config-place.ts';
import { temporaryFolder } from './temporary-folder.ts';

type Values = Readonly<Record<string, unknown>>;

const URL = 'postgres://kamailio@127.0.0.1/kamailio';

/** One store of a type, and what of the rest matters. */
function load(store: Values, others: Values = {}, environment: Environment = {}) {
  const values = {
    hostname: 'localhost',
    listen: ['tcp://127.0.0.1:0'],
    auth: { algorithms: ['MD5'] },
    credentials: [store],
    ...others,
  };
  return configFrom(emptySource('test', values), environment, new ManualClock()).credentials[0];
}

function problemsOf(store: Values, others: Values = {}, environment: Environment = {}): readonly string[] {
  try {
    load(store, others, environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('a store of subscribers', () => {
  it('needs the address of its database only', () => {
    expect(load({ type: 'subscriber', url: URL })).toEqual({
      type: 'subscriber',
      url: URL,
      ca: undefined,
      layout: 'kamailio',
      table: 'subscriber',
      plainPasswords: false,
      useDomain: true,
      timeoutMs: 1500,
      failures: 3,
      retryMs: 2000,
      cacheMs: 0,
      staleMs: 300_000,
      cacheUsers: 10_000,
    });
  });

  it('has a file where the configuration is', () => {
    expect(load({ type: 'subscriber', url: 'sqlite:users.db' })).toMatchObject({
      url: `sqlite:${join(process.cwd(), 'users.db')}`,
    });
  });

  it('reads the certificates of authorities', async () => {
    const { ca } = await createAuthority();
    const folder = temporaryFolder({ 'ca.pem': ca });
    const store = { type: 'subscriber', url: URL, ca: join(folder, 'ca.pem') };
    expect(load(store)).toMatchObject({ ca });
    expect(problemsOf({ ...store, ca: join(folder, 'none.pem') })[0]).toMatch(/^test: credentials\[0\]\.ca: expected/);
  });

  it.each([
    [
      { url: 'ldap://h/d' },
      'url: expected postgres:// or mysql:// followed by USER@HOST/DATABASE, or sqlite: and a path',
    ],
    [{ table: 'a.b.c' }, 'table: expected the name of a table, with its schema before a dot if it has one'],
    [{ table: '' }, 'table: expected the name of a table, with its schema before a dot if it has one'],
    [{ table: 'a\0b' }, 'table: expected the name of a table, with its schema before a dot if it has one'],
    [{ columns: { md5: '' } }, 'columns.md5: expected the name of a column'],
    [{ columns: { MD5: 'ha1' } }, 'columns.MD5: unknown key'],
    [{ layout: 'asterisk' }, 'layout: expected kamailio or opensips'],
    [{ timeoutMs: 0 }, 'timeoutMs: expected a whole number of milliseconds from 50 to 10000'],
  ])('is refused with %j', (values, problem) => {
    expect(problemsOf({ type: 'subscriber', url: URL, ...values })[0]).toContain(`test: credentials[0].${problem}`);
  });

  it('has its password in one place, and it is not shown (SE-02)', () => {
    const url = 'postgres://kamailio:canary@127.0.0.1/kamailio';
    expect(problemsOf({ type: 'subscriber', url, password: 'canary' })).toEqual([
      'test: credentials[0].password: expected here or in url, found in both',
    ]);
    expect(problemsOf({ type: 'subscriber', url: `${url}?x=canary` }).join()).not.toContain('canary');
  });

  it('is spoken to in the clear on this machine, or on a trusted network', () => {
    const store = { type: 'subscriber', url: 'mysql://kamailio@db.example.org/kamailio', tls: false };
    expect(problemsOf(store)).toEqual([
      'test: credentials[0].tls: expected true, or trustedNetwork: true, because the store is on another machine; found false',
    ]);
    expect(problemsOf(store, { trustedNetwork: true })).toEqual([]);
    for (const url of [URL, 'sqlite:x', 'mysql://kamailio@db.example.org/kamailio?socket=/run/s']) {
      expect(problemsOf({ ...store, url })).toEqual([]);
    }
  });

  it('has a name where its certificate could not be checked otherwise', () => {
    const problemsAt = (url: string, tls?: boolean) => problemsOf({ type: 'subscriber', url, tls });
    const problem =
      'test: credentials[0].url: expected the name of a host, for its certificate to be checked, found an address';
    expect(problemsAt('mysql://kamailio@192.0.2.1/kamailio')).toEqual([problem]);
    expect(problemsAt('mysql://kamailio@[::1]/kamailio', true)).toEqual([problem]);
    for (const url of ['mysql://k@127.0.0.1/k', 'mysql://k@db.example.org/k', 'postgres://k@192.0.2.1/k']) {
      expect(problemsAt(url)).toEqual([]);
    }
  });

  it('must have something for every algorithm on offer: clients take the first that they know', () => {
    const kamailio = { type: 'subscriber', url: URL };
    const offered = (...algorithms: string[]) => ({ auth: { algorithms } });
    expect(problemsOf(kamailio, offered('SHA-256', 'MD5'))).toEqual([
      'test: credentials[0].columns: expected columns.sha256, plainPasswords: true, or auth.algorithms without SHA-256, found no H(A1) for it',
    ]);
    expect(problemsOf(kamailio, offered('MD5'))).toEqual([]);
    expect(problemsOf({ ...kamailio, plainPasswords: true }, offered('SHA-256', 'MD5'))).toEqual([]);
    expect(problemsOf({ ...kamailio, layout: 'opensips' }, offered('SHA-512-256', 'SHA-256', 'MD5'))).toEqual([]);
    expect(problemsOf({ ...kamailio, columns: { sha256: 'ha1' } }, offered('SHA-256'))).toEqual([]);
    expect(problemsOf({ ...kamailio, columns: { sha256: 'ha1' } }, offered('MD5'))).toHaveLength(1);
  });
});

describe('what docs/credentials.md shows', () => {
  const page = readFileSync(join(import.meta.dirname, '../../../../docs/credentials.md'), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, text = '']) => text);

  it.each(examples)('is a configuration: example %#', (text) => {
    const { credentials = [{ type: 'static', users: {} }], ...others } = parse(text);
    const problems = problemsOf(credentials[0], { hostname: 'relay.example.org', auth: undefined, ...others });
    // Where the certificate is, the page does not say.
    expect(problems.filter((problem) => !problem.includes(' tls.'))).toEqual([]);
  });

  it('is something', () => {
    expect(examples).toHaveLength(6);
  });
});

describe('a store of ephemeral passwords', () => {
  it('needs a secret only', () => {
    expect(load({ type: 'ephemeral', secrets: ['north-harbour-lantern'] })).toEqual({
      type: 'ephemeral',
      secrets: ['north-harbour-lantern'],
      order: 'time-first',
      separator: ':',
      hash: 'sha1',
      sessionsOutlive: false,
    });
  });

  it.each([
    [{ secrets: [] }, 'secrets: expected one to eight different secrets of at least 8 characters'],
    [{ secrets: ['canary'] }, 'secrets[0]: expected one to eight different secrets of at least 8 characters'],
    [{ secrets: ['canary-canary-canary', 'canary-canary-canary'] }, 'secrets: expected one to eight different secrets'],
    [{ hash: 'md5' }, 'hash: expected sha1, sha256, sha384 or sha512'],
    [{ separator: '1' }, 'separator: expected one character that is neither a digit nor a letter'],
    [{ separator: '::' }, 'separator: expected one character that is neither a digit nor a letter'],
  ])('is refused with %j', (values, problem) => {
    const problems = problemsOf({ type: 'ephemeral', secrets: ['north-harbour-lantern'], ...values });
    expect(problems[0]).toContain(`test: credentials[0].${problem}`);
    expect(problems.join()).not.toContain('canary');
  });

  it('has its secrets from a file, too', () => {
    const folder = temporaryFolder({ secrets: '- north-harbour-lantern\n- the-one-before-it\n' });
    const environment = { MSRP_RELAY_CREDENTIALS__0__SECRETS_FILE: join(folder, 'secrets') };
    expect(load({ type: 'ephemeral' }, {}, environment)).toMatchObject({
      secrets: ['north-harbour-lantern', 'the-one-before-it'],
    });
  });
});

describe('a store that is a web service', () => {
  const store = { type: 'http', url: 'https://users.example.org/msrp' };

  it('needs its address only, and remembers for a minute who was found', () => {
    expect(load(store)).toMatchObject({ method: 'POST', cacheMs: 60_000, staleMs: 300_000, timeoutMs: 1500 });
  });

  it.each([
    [{ url: 'ftp://h/' }, 'url: expected https:// or http:// followed by a host'],
    [{ url: 'https://u:canary@h/' }, 'url: expected https:// or http:// followed by a host, without user and password'],
    [{ url: 'https://h/#canary' }, 'url: expected https:// or http:// followed by a host'],
    [{ token: 'two canaries' }, 'token: expected a token of printable characters without blanks'],
    [{ method: 'PUT' }, 'method: expected POST or GET'],
  ])('is refused with %j', (values, problem) => {
    const problems = problemsOf({ ...store, ...values });
    expect(problems[0]).toContain(`test: credentials[0].${problem}`);
    expect(problems.join()).not.toContain('canar');
  });

  it('is spoken to in the clear on this machine, or on a trusted network', () => {
    expect(problemsOf({ ...store, url: 'http://users.example.org/' })).toEqual([
      'test: credentials[0].url: expected https://, or trustedNetwork: true, because the service is on another machine; found http://',
    ]);
    expect(problemsOf({ ...store, url: 'http://users.example.org/' }, { trustedNetwork: true })).toEqual([]);
    for (const host of ['127.0.0.1', 'localhost:8080', '[::1]']) {
      expect(problemsOf({ ...store, url: `http://${host}/` })).toEqual([]);
    }
  });
});

describe('realms', () => {
  const store = { type: 'static', users: { alice: 'secret' } };

  it('belong to names of the relay', () => {
    const names = { hostname: 'localhost', aliases: ['a.localhost'], domains: ['b.localhost'] };
    const realms = { localhost: 'one', 'A.localhost': 'two', 'b.localhost': 'three' };
    expect(problemsOf(store, { ...names, realms })).toEqual([]);
    expect(problemsOf(store, { ...names, realms: { 'c.localhost': 'four' } })).toEqual([
      'test: realms."c.localhost": expected a name that is hostname, or in aliases or domains, found another one',
    ]);
    expect(problemsOf(store, { ...names, realms: { localhost: 'a "quoted" one' } })[0]).toContain(
      'realms.localhost: expected text',
    );
  });
});

describe('variables for single keys of stores', () => {
  const store = { type: 'subscriber', url: URL };

  it('set what stands in no file, secrets above all', () => {
    expect(load(store, {}, { MSRP_RELAY_CREDENTIALS__0__PASSWORD: '123' })).toMatchObject({ password: '123' });
    const folder = temporaryFolder({ secret: 'from a file\n' });
    const environment = {
      MSRP_RELAY_CREDENTIALS__0__PASSWORD_FILE: join(folder, 'secret'),
      MSRP_RELAY_CREDENTIALS__0__PLAIN_PASSWORDS: 'true',
    };
    expect(load(store, {}, environment)).toMatchObject({ password: 'from a file', plainPasswords: true });
  });

  it.each([
    ['MSRP_RELAY_CREDENTIALS__1__PASSWORD', 'expected an entry 1 in credentials, found none'],
    ['MSRP_RELAY_CREDENTIALS__0__PASSWORT', 'unknown variable'],
    ['MSRP_RELAY_CREDENTIALS__LENGTH__PASSWORD', 'unknown variable'],
    ['MSRP_RELAY_CREDENTIALS__0____PROTO__', 'unknown variable'],
    ['MSRP_RELAY_ALIASES__0__PASSWORD', 'unknown variable'],
  ])('are refused: %s', (variable, problem) => {
    expect(problemsOf(store, {}, { [variable]: 'canary' })[0]).toMatch(new RegExp(`^${variable}: ${problem}`));
  });

  it('are where a mistake is, without the value (SE-02)', () => {
    const problems = problemsOf(store, {}, { MSRP_RELAY_CREDENTIALS__0__URL: 'canary' });
    expect(problems).toEqual([
      'MSRP_RELAY_CREDENTIALS__0__URL: credentials[0].url: expected postgres:// or mysql:// followed by USER@HOST/DATABASE, or sqlite: and a path, found a text of 6 characters',
    ]);
  });
});
