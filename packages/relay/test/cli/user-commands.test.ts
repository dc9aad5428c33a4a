import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { SqliteStore } from '../../src/auth/sqlite-store.ts';
import { UserDatabase } from '../../src/auth/user-database.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { run } from './run.ts';

const YAML = `hostname: relay.example.org
realm: example.org
tls: { cert: not-there.pem, key: not-there.pem }
credentials: [{ type: static, users: { root: x } }, { type: sqlite, path: users.db }]
`;

function files() {
  const folder = temporaryFolder({ 'relay.yaml': YAML });
  return { config: join(folder, 'relay.yaml'), database: join(folder, 'users.db') };
}

async function ha1(database: string, user: string, realm = 'example.org') {
  const store = new SqliteStore(database);
  onTestFinished(() => store.close());
  return (await store.find(user, realm, 'MD5'))?.ha1;
}

describe('user add', () => {
  it('asks for the password twice and finds database and realm in the configuration, without its certificate', async () => {
    const { config, database } = files();
    const added = await run(['user', 'add', 'alice', '--config', config], { secrets: ['wonderland', 'wonderland'] });
    expect(added).toEqual({ status: 0, out: ['added alice to realm example.org'], err: [] });
    // MD5 of alice:example.org:wonderland
    expect(await ha1(database, 'alice')).toBe('72f86f2053703faa0f521ce71cfe6f59');
  });

  it('takes the password from standard input, without its line end', async () => {
    const { database } = files();
    await run(['user', 'add', 'alice', '--database', database, '--realm', 'example.org', '--password-stdin'], {
      input: 'wonderland\n',
    });
    expect(await ha1(database, 'alice')).toBe('72f86f2053703faa0f521ce71cfe6f59');
  });

  it('makes a password and prints it', async () => {
    const { config } = files();
    const { status, out } = await run(['user', 'add', 'alice', '-c', config, '--generate']);
    expect(status).toBe(0);
    expect(out[1]).toMatch(/^password [\w-]{20}$/);
  });

  it.each([
    ['passwords that differ', { secrets: ['one', 'two'] }, 'the two passwords differ; nothing was changed'],
    ['an empty password', { secrets: ['', ''] }, 'the password is empty; nothing was changed'],
  ])('refuses %s', async (_, typed, sentence) => {
    const { config } = files();
    expect(await run(['user', 'add', 'alice', '-c', config], typed)).toEqual({ status: 1, out: [], err: [sentence] });
    expect((await run(['user', 'list', '-c', config])).out).toEqual([]);
  });

  it('refuses a user who is there already, and a name with a colon', async () => {
    const { config } = files();
    await run(['user', 'add', 'alice', '-c', config, '--generate']);
    const again = await run(['user', 'add', 'alice', '-c', config, '--generate']);
    expect(again).toEqual({ status: 1, out: [], err: ['there is a user alice in example.org already'] });
    expect((await run(['user', 'add', 'a:b', '-c', config, '--generate'])).status).toBe(1);
  });

  it('needs to know the realm', async () => {
    const { database } = files();
    const { status, err } = await run(['user', 'add', 'alice', '--database', database, '--generate']);
    expect({ status, err }).toEqual({ status: 2, err: ['--database needs --realm'] });
  });

  it('takes one database, not two', async () => {
    const { config, database } = files();
    expect((await run(['user', 'list', '-c', config, '--database', database])).status).toBe(2);
  });

  it('needs a configuration with a database', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': YAML.replace(/, { type: sqlite.*}/, '') }), 'relay.yaml');
    const { status, err } = await run(['user', 'list', '-c', file]);
    expect({ status, err }).toEqual({
      status: 2,
      err: [`${file}: credentials has no store of type sqlite; users cannot be changed here`],
    });
  });
});

describe('user passwd, remove and list', () => {
  it('change, list and remove users', async () => {
    const { config, database } = files();
    for (const name of ['bob', 'alice']) await run(['user', 'add', name, '-c', config, '--generate']);
    await run(['user', 'add', 'carol', '--database', database, '--realm', 'other', '--generate']);
    const changed = await run(['user', 'passwd', 'alice', '-c', config, '--password-stdin'], { input: 'wonderland' });
    expect(changed).toEqual({ status: 0, out: ['changed the password of alice'], err: [] });
    expect(await ha1(database, 'alice')).toBe('72f86f2053703faa0f521ce71cfe6f59');
    expect((await run(['user', 'list', '-c', config])).out).toEqual(['alice\texample.org', 'bob\texample.org']);
    expect((await run(['user', 'remove', 'bob', '-c', config])).out).toEqual(['removed bob']);
    expect((await run(['user', 'list', '--database', database])).out).toEqual(['alice\texample.org', 'carol\tother']);
  });

  it('mark who is blocked', async () => {
    const { config, database } = files();
    await run(['user', 'add', 'alice', '-c', config, '--generate']);
    const users = new UserDatabase(database);
    users.setMayUse('alice', 'example.org', false);
    users.close();
    expect((await run(['user', 'list', '-c', config])).out).toEqual(['alice\texample.org\tblocked']);
  });

  it.each(['passwd', 'remove'])(
    '%s fails for somebody who is not there, without control characters (SE-14)',
    async (word) => {
      const { config } = files();
      const options = word === 'passwd' ? ['--generate'] : [];
      const { status, err } = await run(['user', word, 'no\u001b[2Jbody', '-c', config, ...options]);
      expect(status).toBe(1);
      expect(err).toHaveLength(1);
      expect(err[0]).not.toContain('\u001b');
    },
  );
});
