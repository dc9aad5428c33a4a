import { generateKeyPairSync } from 'node:crypto';
import { join } from 'node:path';
import { ManualClock } from 'msrp/base';
import { beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config.ts';
import { ConfigError } from '../../src/app/config-place.ts';
import { type CertificateAndKey, makeSelfSigned } from '../../src/app/self-signed.ts';
import { temporaryFolder } from './temporary-folder.ts';

const NOW_MS = Date.UTC(2026, 0, 15);
const DAY_MS = 86_400_000;

const YAML = `hostname: relay.example.org
listen: [tls://0.0.0.0:2855]
tls:
  cert: fullchain.pem
  key: privkey.pem
credentials: [{ type: sqlite, path: users.db }]
`;

let good: CertificateAndKey;
let other: CertificateAndKey;

beforeAll(async () => {
  good = await makeSelfSigned(['relay.example.org', 'chat.example.org'], 30, NOW_MS);
  other = await makeSelfSigned(['relay.example.org'], 30, NOW_MS);
});

function load(files: Record<string, string>, { yaml = YAML, nowMs = NOW_MS, environment = {} } = {}) {
  const folder = temporaryFolder({ 'fullchain.pem': good.cert, 'privkey.pem': good.key, 'relay.yaml': yaml, ...files });
  return loadConfig(join(folder, 'relay.yaml'), environment, new ManualClock(nowMs));
}

function problemsOf(...parameters: Parameters<typeof load>): string[] {
  try {
    load(...parameters);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => problem.replace(/\/\S*\/msrp-relay-test-\w+\//g, ''));
  }
  return [];
}

describe('the certificate of a configuration', () => {
  it('comes with the configuration, in PEM (CN-06)', () => {
    expect(load({}).tls).toEqual({ cert: good.cert, key: good.key, rsaCbcSuite: false });
  });

  it('may stand in the environment as PEM itself', () => {
    const environment = { MSRP_RELAY_TLS__CERT: good.cert, MSRP_RELAY_TLS__KEY: good.key };
    const yaml = YAML.replace(/tls:\n.*\n.*\n/, '');
    expect(load({}, { yaml, environment }).tls).toEqual({ cert: good.cert, key: good.key, rsaCbcSuite: false });
  });

  it('must carry hostname and aliases as SAN dNSName (CN-06)', () => {
    const yaml = `${YAML}aliases: [chat.example.org, files.example.org]\n`;
    expect(problemsOf({}, { yaml })).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate with SAN dNSName files.example.org, found one with DNS:relay.example.org, DNS:chat.example.org',
    ]);
  });

  it('must carry the domains whose SRV records lead here, but not the realm (CN-06, U-22)', () => {
    const yaml = `${YAML}domains: [chat.example.org, example.org]\nrealm: example.com\n`;
    expect(problemsOf({}, { yaml })).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate with SAN dNSName example.org, found one with DNS:relay.example.org, DNS:chat.example.org',
    ]);
  });

  it('is not good for a name that is only its common name (CN-06, CN-07)', async () => {
    const { cert, key } = await makeSelfSigned([], 30, NOW_MS);
    expect(
      problemsOf(
        { 'fullchain.pem': cert, 'privkey.pem': key },
        { yaml: YAML.replace('relay.example.org', 'localhost').replace('0.0.0.0', '127.0.0.1') },
      ),
    ).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate with SAN dNSName localhost, found one with no such names',
    ]);
  });

  it('may be a wildcard for one label (CN-06)', async () => {
    const { cert, key } = await makeSelfSigned(['*.example.org'], 30, NOW_MS);
    expect(problemsOf({ 'fullchain.pem': cert, 'privkey.pem': key })).toEqual([]);
  });

  it('must fit its key', () => {
    expect(problemsOf({ 'privkey.pem': other.key })).toEqual([
      'relay.yaml:5:8: tls.key: expected the key of the certificate in tls.cert, found another one',
    ]);
  });

  it('must not have expired', () => {
    expect(problemsOf({}, { nowMs: NOW_MS + 31 * DAY_MS })).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate that is valid now, found one that is expired since 2026-02-14T00:00:00.000Z',
    ]);
  });

  it('must be valid already', () => {
    expect(problemsOf({}, { nowMs: NOW_MS - DAY_MS })).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate that is valid now, found one that is not valid before 2026-01-14T23:00:00.000Z',
    ]);
  });

  it('must be PEM, and so must its key and the authorities', () => {
    const yaml = YAML.replace('privkey.pem', 'privkey.pem\n  ca: peers.pem');
    expect(
      problemsOf(
        {
          'fullchain.pem': 'no',
          'privkey.pem': 'no',
          'peers.pem': '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
        },
        { yaml },
      ),
    ).toEqual([
      'relay.yaml:4:9: tls.cert: expected a certificate in PEM, found something else',
      'relay.yaml:5:8: tls.key: expected a private key in PEM without passphrase, found something else',
      'relay.yaml:6:7: tls.ca: expected certificates in PEM, found something else',
    ]);
  });

  it('comes with authorities of others when there are any (SE-08)', () => {
    const yaml = YAML.replace('privkey.pem', 'privkey.pem\n  ca: peers.pem');
    expect(load({ 'peers.pem': good.cert + other.cert }, { yaml }).tls.ca).toBe(good.cert + other.cert);
  });

  it('must have a key without passphrase', () => {
    const encrypted = generateKeyPairSync('ec', {
      namedCurve: 'P-256',
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'x' },
    }).privateKey;
    expect(problemsOf({ 'privkey.pem': encrypted })).toEqual([
      'relay.yaml:5:8: tls.key: expected a private key in PEM without passphrase, found something else',
    ]);
  });

  it('must be readable', () => {
    expect(problemsOf({}, { yaml: YAML.replace('fullchain.pem', 'gone.pem') })).toEqual([
      "relay.yaml:4:9: tls.cert: expected a readable file, found one that cannot be read: ENOENT: no such file or directory, open 'gone.pem'",
    ]);
  });

  it('needs its key beside it, also without a TLS listener', () => {
    const yaml = YAML.replace('tls://0.0.0.0:2855', 'tcp://127.0.0.1:0').replace('  key: privkey.pem\n', '');
    expect(problemsOf({}, { yaml })).toEqual([
      'relay.yaml:4:3: tls.key: expected together with tls.cert, found nothing',
    ]);
  });
});
