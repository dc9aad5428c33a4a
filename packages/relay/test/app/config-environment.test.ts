import { join } from 'node:path';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config.ts';
import { variableOf } from '../../src/app/config-environment.ts';
import { ConfigError } from '../../src/app/config-place.ts';
import { temporaryFolder } from './temporary-folder.ts';

const ENVIRONMENT = {
  MSRP_RELAY_HOSTNAME: 'localhost',
  MSRP_RELAY_LISTEN: '["tcp://127.0.0.1:0"]',
  MSRP_RELAY_CREDENTIALS: '[{ type: static, users: { alice: secret } }]',
};

function load(environment: Record<string, string>, file?: string) {
  return loadConfig(file, environment, new ManualClock());
}

function problemsOf(environment: Record<string, string>): readonly string[] {
  try {
    load(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('environment variables', () => {
  it('are a configuration by themselves', () => {
    const config = load({ ...ENVIRONMENT, PATH: '/bin', MSRP_RELAY_FLOW__HIGH_WATER_OCTETS: '131072' });
    expect(config.flow.highWaterOctets).toBe(131072);
    expect(config.credentials).toEqual([{ type: 'static', users: { alice: 'secret' } }]);
  });

  it('have names made from the keys', () => {
    expect(variableOf(['nextHops', 'verifyEndpoints'])).toBe('MSRP_RELAY_NEXT_HOPS__VERIFY_ENDPOINTS');
  });

  it('override what a file says, single keys after whole sections', () => {
    const folder = temporaryFolder({
      'relay.yaml':
        'hostname: localhost\nlisten: [tcp://127.0.0.1:0]\ncredentials: [{type: sqlite, path: u}]\nchunk: {lingerMs: 7}\n',
    });
    const config = load(
      {
        MSRP_RELAY_CHUNK__MAX_OCTETS: '4096',
        MSRP_RELAY_EXPIRES: '{ min: 5, max: 90, default: 30 }',
        MSRP_RELAY_EXPIRES__MIN: '10',
      },
      join(folder, 'relay.yaml'),
    );
    expect(config.chunk).toEqual({ maxOctets: 4096, lingerMs: 7, listeners: {}, cutOffFlag: '+' });
    expect(config.expires).toEqual({ min: 10, max: 90, default: 30 });
  });

  it('take texts as they stand, whatever YAML would make of them', () => {
    for (const realm of ['123', 'true', '*alias', '# not a comment', '!tag', 'a: b']) {
      expect(load({ ...ENVIRONMENT, MSRP_RELAY_REALM: realm }).realm).toBe(realm);
    }
    expect(load({ ...ENVIRONMENT, MSRP_RELAY_REALM: "'in quotes'" }).realm).toBe('in quotes');
  });

  it('with _FILE name a file that holds the value, without its line end', () => {
    const folder = temporaryFolder({
      realm: 'from a file\n',
      credentials: '- type: static\n  users:\n    alice: wonderland\n',
    });
    const { MSRP_RELAY_CREDENTIALS: _, ...rest } = ENVIRONMENT;
    const config = load({
      ...rest,
      MSRP_RELAY_REALM_FILE: join(folder, 'realm'),
      MSRP_RELAY_CREDENTIALS_FILE: join(folder, 'credentials'),
    });
    expect(config.realm).toBe('from a file');
    expect(config.credentials).toEqual([{ type: 'static', users: { alice: 'wonderland' } }]);
  });

  it('give relative paths from where the process was started', () => {
    const folder = temporaryFolder({ 'relay.yaml': 'hostname: localhost\nlisten: [tcp://127.0.0.1:0]\n' });
    const config = load({ MSRP_RELAY_CREDENTIALS: '[{ type: sqlite, path: users.db }]' }, join(folder, 'relay.yaml'));
    expect(config.credentials).toEqual([{ type: 'sqlite', path: join(process.cwd(), 'users.db') }]);
  });

  it.each([
    [{ MSRP_RELAY_HOSTNAM: 'x' }, 'MSRP_RELAY_HOSTNAM: unknown variable, did you mean MSRP_RELAY_HOSTNAME?'],
    [{ MSRP_RELAY___PROTO__: '{}' }, 'MSRP_RELAY___PROTO__: unknown variable'],
    [{ MSRP_RELAY_ZZZZZZZZZZZZZZZZZZZZZZZZZ: '1' }, 'MSRP_RELAY_ZZZZZZZZZZZZZZZZZZZZZZZZZ: unknown variable'],
    [
      { MSRP_RELAY_CHUNK__MAX_OCTETS: 'many' },
      'MSRP_RELAY_CHUNK__MAX_OCTETS: chunk.maxOctets: expected a whole number of octets from 2048 to 16777216, found "many"',
    ],
    [{ MSRP_RELAY_CHUNK: '{ maxOctet: 1 }' }, 'MSRP_RELAY_CHUNK: chunk.maxOctet: unknown key, did you mean maxOctets?'],
    [
      { MSRP_RELAY_ALIASES: '[a' },
      'MSRP_RELAY_ALIASES: expected a YAML value, found something else: Flow sequence must end with a ]',
    ],
    [
      { MSRP_RELAY_REALM_FILE: '/nowhere' },
      "MSRP_RELAY_REALM_FILE: expected the path of a readable file, found one that cannot be read: ENOENT: no such file or directory, open '/nowhere'",
    ],
    [
      { MSRP_RELAY_REALM: 'x', MSRP_RELAY_REALM_FILE: '/nowhere' },
      'MSRP_RELAY_REALM_FILE: expected instead of MSRP_RELAY_REALM, found beside it',
    ],
    [
      { MSRP_RELAY_FLOW__LOW_WATER_OCTETS: '262144' },
      'MSRP_RELAY_FLOW__LOW_WATER_OCTETS: flow.lowWaterOctets: expected less than flow.highWaterOctets (262144), found 262144',
    ],
  ])('that are wrong are told by name: %j', (variables, problem) => {
    expect(problemsOf({ ...ENVIRONMENT, ...variables })).toEqual([problem]);
  });

  it('without a host name say what is missing', () => {
    expect(problemsOf({})[0]).toBe(
      'environment: hostname: expected a fully qualified DNS name such as relay.example.org, not an address, found nothing',
    );
  });
});
