/** Tokens at the handshake, their stores, and proxies: what a configuration may say of them, and what is told when it is wrong. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config.ts';
import { ConfigError } from '../../src/app/config-place.ts';
import { makeSigner } from '../auth/signed-token.ts';
import { temporaryFolder } from './temporary-folder.ts';

const SECRET = 'a-canary-of-more-than-thirty-two-octets';
const SIGNER = makeSigner('ES256', 'k1');
const FIRST = 'hostname: localhost\nlisten: [tcp://127.0.0.1:0]\n';
const WEB = `hostname: localhost
listen: [tls://127.0.0.1:2855, ws://127.0.0.1:8080]
tls: { cert: absent.pem, key: absent.pem }
`;
const BEARER = 'webSocketAuth: { bearer: true }\n';
const jwt = (keys: string) => `credentials: [{ type: jwt, ${keys} }]\n`;
const issued = (keys: string) => jwt(`issuers: [https://i.example], audiences: [msrp], ${keys}`);

/** Problems with their place in a text: each begins with what stands there, in angle brackets. */
function located(yaml: string, ...problems: readonly string[]): string[] {
  return problems.map((problem) => {
    const [, needle = '', rest] = /^<(.*?)> (.*)$/s.exec(problem) ?? [];
    const offset = yaml.indexOf(needle);
    const before = yaml.slice(0, offset).split('\n');
    return `relay.yaml:${before.length}:${(before.at(-1)?.length ?? 0) + 1}: ${offset < 0 ? 'nowhere' : rest}`;
  });
}

/** What is wrong with a configuration; certificates that are not there are no part of it. */
function problemsOf(yaml: string, files: Readonly<Record<string, string>> = {}): string[] {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries({ 'relay.yaml': yaml, ...files })) writeFileSync(join(folder, name), text);
  try {
    loadConfig(join(folder, 'relay.yaml'), {});
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems
      .filter((problem) => !problem.includes(' tls.'))
      .map((problem) => problem.replace(`${folder}/`, ''));
  }
  return [];
}

describe('Tokens at the handshake', () => {
  it.each([
    ['under a secret', BEARER + jwt(`secrets: [${SECRET}]`)],
    ['under keys', BEARER + issued(`keys: '${JSON.stringify({ keys: [SIGNER.jwk] })}'`)],
    ['of an issuer', BEARER + issued('url: https://i.example/keys')],
    ['of an issuer on this machine', BEARER + issued('url: http://127.0.0.1:5000/keys')],
    [
      'in a query, as ephemeral passwords',
      'webSocketAuth: { query: t }\ncredentials: [{ type: ephemeral, secrets: [12345678] }]\n'.replace(
        '12345678',
        '"12345678"',
      ),
    ],
    [
      'in a cookie, of a service',
      'webSocket: { origins: [https://a.example] }\nwebSocketAuth: { cookie: __Host-msrp, required: true }\ncredentials: [{ type: http, url: https://a.example/, tokens: true }]\n',
    ],
    ['with longer secrets', BEARER + jwt(`secrets: [${SECRET}${SECRET}], algorithms: [HS512, HS256]`)],
  ])('may come %s', (_how, yaml) => {
    expect(problemsOf(WEB + yaml)).toEqual([]);
  });

  it.each([
    [
      'a cookie for pages of anybody',
      `webSocketAuth: { cookie: msrp }\n${jwt(`secrets: [${SECRET}]`)}`,
      '<msrp }> webSocketAuth.cookie: expected webSocket.origins, because a browser sends its cookies for any page; found none',
    ],
    [
      'tokens that have to come and may not',
      `webSocketAuth: { required: true }\ncredentials: [{ type: static, users: { a: b } }]\n`,
      '<true }\ncred> webSocketAuth.required: expected bearer, cookie or query beside it, found none',
    ],
    [
      'tokens that nobody knows',
      `${BEARER}credentials: [{ type: static, users: { a: b } }, { type: http, url: https://a.example/ }]\n`,
      '<{ bearer> webSocketAuth: expected a store in credentials that knows tokens: jwt, ephemeral, or http with tokens: true; found none',
    ],
    [
      'stores to which no token comes',
      `credentials: [{ type: jwt, secrets: [${SECRET}] }, { type: http, url: https://a.example/, tokens: true }]\n`,
      '<jwt,> credentials[0].type: expected webSocketAuth.bearer, cookie or query, with which tokens come; found none',
      '<true }]> credentials[1].tokens: expected webSocketAuth.bearer, cookie or query, with which tokens come; found none',
    ],
    [
      'a name that no cookie has',
      'webSocketAuth: { cookie: "a b" }\ncredentials: [{ type: static, users: { a: b } }]\n',
      `<"a b"> webSocketAuth.cookie: expected a name of letters, digits and !#$%&'*+-.^_\`|~, found "a b"`,
    ],
    [
      'tokens in addresses of a service',
      `${BEARER}credentials: [{ type: http, url: https://a.example/, tokens: true, method: GET }]\n`,
      '<GET> credentials[0].method: expected POST, because tokens is true; found GET',
    ],
  ])('are refused with %s', (_what, yaml, ...problems) => {
    expect(problemsOf(WEB + yaml)).toEqual(located(WEB + yaml, ...problems));
  });

  it('need a listener for WebSockets', () => {
    const yaml = FIRST + BEARER + jwt(`secrets: [${SECRET}]`);
    expect(problemsOf(yaml)).toEqual(
      located(yaml, '<{ bearer> webSocketAuth: expected a wss:// or ws:// listener in listen, found none'),
    );
  });
});

describe('A store of JSON Web Tokens', () => {
  it.each([
    [
      'nothing to check them with',
      jwt(`issuers: [i], audiences: [a]`),
      '<jwt,> credentials[0].type: expected one of secrets, keys and url, found none of them',
    ],
    [
      'two ways to check them',
      issued(`url: https://i.example/, secrets: [${SECRET}]`),
      '<https://i.example/> credentials[0].url: expected one of secrets, keys and url, found secrets and url',
    ],
    [
      'keys of everybody, and no word for whom',
      jwt('url: https://i.example/'),
      '<{ type> credentials[0].issuers: expected a list of texts, because tokens for others have the same keys; found nothing',
      '<{ type> credentials[0].audiences: expected a list of texts, because tokens for others have the same keys; found nothing',
    ],
    [
      'public keys as if they were secrets',
      issued('url: https://i.example/, algorithms: [ES256, HS256]'),
      '<HS256> credentials[0].algorithms[1]: expected an algorithm for public keys, found HS256',
    ],
    [
      'secrets as if they were public keys',
      jwt(`secrets: [${SECRET}], algorithms: [RS256]`),
      '<RS256> credentials[0].algorithms[0]: expected an algorithm for shared secrets, found RS256',
    ],
    [
      'a secret that is too short for the algorithm',
      jwt(`secrets: [${SECRET}], algorithms: [HS384]`),
      '<HS384> credentials[0].algorithms[0]: expected secrets of at least 48 octets for HS384, found a shorter one',
    ],
    [
      'a secret that is too short',
      jwt('secrets: [canary]'),
      '<canary> credentials[0].secrets[0]: expected one to eight different secrets of at least 32 octets, found a text of 6 characters',
    ],
    [
      'an algorithm that is none',
      jwt(`secrets: [${SECRET}], algorithms: [none]`),
      '<none> credentials[0].algorithms[0]: expected some of HS256, HS384, HS512, RS256, RS384, RS512, PS256, PS384, PS512, ES256, ES384, ES512, EdDSA, Ed25519, found a text of 4 characters',
    ],
    [
      'an issuer that is spoken to in the clear',
      issued('url: http://i.example/'),
      '<http://i.example/> credentials[0].url: expected https://, or trustedNetwork: true, because the service is on another machine; found http://',
    ],
    [
      'authorities for nobody',
      jwt(`secrets: [${SECRET}], ca: absent.pem`),
      '<absent.pem }]> credentials[0].ca: expected together with url, found without it',
      '<absent.pem }]> credentials[0].ca: expected a readable file, found one that cannot be read: ENOENT: no such file or directory, open FOLDER/absent.pem',
    ],
  ])('is refused with %s', (_what, yaml, ...problems) => {
    const found = problemsOf(WEB + BEARER + yaml).map((problem) =>
      problem.replace(/'?\/\S*\/absent\.pem'?/, 'FOLDER/absent.pem'),
    );
    expect(found).toEqual(located(WEB + BEARER + yaml, ...problems));
    expect(found.join()).not.toContain('canary');
  });

  it.each([
    ['a private key', SIGNER.privatePem, 'found a private key'],
    ['nothing', 'not a key', 'found none'],
    ['a weak key', makeSigner('RS256', 'x', 1024).publicPem, 'found an RSA key of less than 2048 bits'],
    ['a shared secret', '{"keys":[{"kty":"oct","k":"AAAA"}]}', 'found a shared secret'],
  ])('is refused when its file of keys has %s in it', (_what, text, found) => {
    const yaml = WEB + BEARER + issued('keys: keys.pem');
    expect(problemsOf(yaml, { 'keys.pem': text })).toEqual(
      located(yaml, `<keys.pem> credentials[0].keys: expected public keys in PEM or a JWK Set, ${found}`),
    );
  });

  it('has its keys from a file beside the configuration, in PEM or as a set', () => {
    for (const text of [SIGNER.publicPem, JSON.stringify({ keys: [SIGNER.jwk] })]) {
      expect(problemsOf(WEB + BEARER + issued('keys: keys.txt'), { 'keys.txt': text })).toEqual([]);
    }
  });
});

describe('Listeners behind a balancer', () => {
  const one = 'credentials: [{ type: static, users: { a: b } }]\n';

  it('are those of the configuration, and the balancer has an address', () => {
    expect(
      problemsOf(`${FIRST}${one}proxyProtocol: { listeners: [tcp://127.0.0.1:0], proxies: [10.0.0.0/8] }\n`),
    ).toEqual([]);
  });

  it.each([
    [
      'another listener',
      '{ listeners: [tls://127.0.0.1:0], proxies: [10.0.0.0/8] }',
      '<tls://127.0.0.1:0> proxyProtocol.listeners[0]: expected one of tcp://127.0.0.1:0, found "tls://127.0.0.1:0"',
    ],
    [
      'no balancer',
      '{ listeners: [tcp://127.0.0.1:0] }',
      '<{ listeners> proxyProtocol.proxies: expected together with proxyProtocol.listeners, found none',
    ],
    [
      'no listener',
      '{ proxies: [10.0.0.1] }',
      '<{ proxies> proxyProtocol.listeners: expected together with proxyProtocol.proxies, found none',
    ],
    [
      'a balancer without address',
      '{ listeners: [tcp://127.0.0.1:0], proxies: [lb.example.org] }',
      '<lb.example> proxyProtocol.proxies[0]: expected an address or a network such as 10.0.0.0/8, found "lb.example.org"',
    ],
  ])('are refused with %s', (_what, section, problem) => {
    const yaml = `${FIRST}${one}proxyProtocol: ${section}\n`;
    expect(problemsOf(yaml)).toEqual(located(yaml, problem));
  });

  it('are told apart from HTTP proxies, which say it in one header or the other', () => {
    const yaml = `${FIRST}${one}webSocket: { forwardedHeader: Via }\n`;
    expect(problemsOf(yaml)).toEqual(
      located(yaml, '<Via> webSocket.forwardedHeader: expected X-Forwarded-For or Forwarded, found "Via"'),
    );
  });
});
