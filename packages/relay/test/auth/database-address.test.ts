import { describe, expect, it } from 'vitest';
import { formatDatabaseAddress, parseDatabaseAddress } from '../../src/auth/database-address.ts';

describe('the address of a database', () => {
  it('has user, password, host, port and database, each as it is meant', () => {
    expect(parseDatabaseAddress('postgres://u%40x:p%2Fw%3A@db.example.org:5433/sip%20users')).toEqual({
      kind: 'postgres',
      host: 'db.example.org',
      port: 5433,
      user: 'u@x',
      password: 'p/w:',
      database: 'sip users',
      socket: undefined,
    });
  });

  it.each([
    ['postgresql://u@[2001:db8::1]/d', { kind: 'postgres', host: '2001:db8::1', port: 5432 }],
    ['mysql://u@h/d', { kind: 'mysql', host: 'h', port: 3306, password: undefined }],
    ['mariadb://u@localhost/d?socket=/run/my%20sql.sock', { kind: 'mysql', socket: '/run/my sql.sock' }],
    ['sqlite:users.db', { kind: 'sqlite', path: 'users.db' }],
    ['sqlite:///var/lib/users.db', { kind: 'sqlite', path: '/var/lib/users.db' }],
    ['sqlite:/var/lib/users.db', { kind: 'sqlite', path: '/var/lib/users.db' }],
  ])('may be %s', (text, parts) => {
    expect(parseDatabaseAddress(text)).toMatchObject(parts);
  });

  it.each([
    'postgres://h/d',
    'postgres://u@h',
    'postgres://u@h/',
    'postgres://u@/d',
    'postgres://u@h/d/e',
    'postgres://u@h/d?sslmode=disable',
    'postgres://u@h/d?socket=/a&socket=/b',
    'postgres://u@h/d?socket=',
    'postgres://u@h/d#e',
    'postgres://u:%ff@h/d',
    'oracle://u@h/d',
    'sqlite:',
    'sqlite:a?b',
    'h',
    '',
  ])('is not %s', (text) => {
    expect(parseDatabaseAddress(text)).toBeUndefined();
  });

  it('is shown without user and password', () => {
    const shown = ['postgres://u:canary@h/d', 'mysql://u:canary@[::1]/d', 'mysql://u:canary@h/d?socket=/s'].map(
      (text) => {
        const address = parseDatabaseAddress(text);
        return address && formatDatabaseAddress(address);
      },
    );
    expect(shown).toEqual(['postgres://h:5432/d', 'mysql://[::1]:3306/d', 'mysql:///s/d']);
  });
});
