import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatUri, isAddressLiteral, type MsrpUri, nodeKey, parseUri, sameUri } from '../../src/wire/uri.ts';

function parsed(text: string): MsrpUri {
  const uri = parseUri(text);
  if (uri === undefined) throw new Error(`malformed: ${text}`);
  return uri;
}

function same(a: string, b: string): boolean {
  const forth = sameUri(parsed(a), parsed(b));
  expect(sameUri(parsed(b), parsed(a))).toBe(forth);
  return forth;
}

describe('parseUri', () => {
  it('takes a URI apart (U-01)', () => {
    expect(parsed('MSRPS://Alice@R.example.com:2855/S;TCP;foo=1;bar')).toEqual({
      scheme: 'msrps',
      userinfo: 'Alice',
      host: 'r.example.com',
      port: 2855,
      sessionId: 'S',
      transport: 'tcp',
      parameters: ';foo=1;bar',
    });
  });

  it('leaves undefined what is not there (U-01)', () => {
    expect(parsed('msrp://a.example.com;tcp')).toEqual({
      scheme: 'msrp',
      userinfo: undefined,
      host: 'a.example.com',
      port: undefined,
      sessionId: undefined,
      transport: 'tcp',
      parameters: '',
    });
  });

  it.each([
    '',
    'msrp',
    'msrp:',
    'msrp://',
    'msrp://;tcp',
    'msrps://a.example.com:2855/x',
    'msrps://a.example.com:2855',
    'msrps://a.example.com:2855/x;',
    'msrps://a.example.com:2855/x;;tcp',
    'msrps://a.example.com:2855/x;t-p',
    'msrps://a.example.com:2855/x;tcp=1',
    'msrps://a.example.com:2855/x;tcp/y',
    'msrps:/a.example.com:2855/x;tcp',
    'msrps//a.example.com:2855/x;tcp',
    'msrpx://a.example.com:2855/x;tcp',
    'msrpss://a.example.com:2855/x;tcp',
    'sip://a.example.com:2855/x;tcp',
    ' msrps://a.example.com:2855/x;tcp',
    'msrps://a.example.com:2855/x;tcp ',
    'msrps://a b.example.com:2855/x;tcp',
    'msrps://ä.example.com:2855/x;tcp',
    'msrps://a.example.com:2855/ä;tcp',
    'msrps://a.example.com:2855/x;tcp;ä',
    'msrps://ä@a.example.com:2855/x;tcp',
    'msrps://a.example.com:2855/x\0;tcp',
    'msrps://:2855/x;tcp',
    'msrps://joe@:2855/x;tcp',
    'msrps://a@b@c.example.com:2855/x;tcp',
    'msrps://a/b@c.example.com:2855/x;tcp',
    'msrps://a%zz@c.example.com:2855/x;tcp',
    'msrps://a%4@c.example.com:2855/x;tcp',
    'msrps://a%4:2855/x;tcp',
    'msrps://a%4g.example.com:2855/x;tcp',
    'msrps://a%:2855/x;tcp',
    'msrps://a"b:2855/x;tcp',
  ])('finds %j malformed (U-01)', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  it.each([
    [';foo', ';foo'],
    [';foo=bar;baz', ';foo=bar;baz'],
    [";a!#$%&'*+-.^_`{|}~=1", ";a!#$%&'*+-.^_`{|}~=1"],
  ])('keeps the parameters %s as written (U-01, U-11)', (written, parameters) => {
    expect(parsed(`msrp://a.example:1/s;tcp${written}`).parameters).toBe(parameters);
  });

  it.each([';', ';=1', ';a=', ';a=b=c', ';a b', ';a=@', ';a;;b', ';a="b"', ',a'])(
    'finds the parameters %s malformed (U-01)',
    (written) => {
      expect(parseUri(`msrp://a.example:1/s;tcp${written}`)).toBeUndefined();
    },
  );

  it('reads a session-id up to the first semicolon, slashes and all (U-02)', () => {
    expect(parsed('msrp://a.example:1/a/b+c=;tcp').sessionId).toBe('a/b+c=');
    expect(parsed('msrp://a.example:1/-._~/;tcp').sessionId).toBe('-._~/');
    expect(parsed('msrp://a.example:1//;tcp').sessionId).toBe('/');
  });

  it.each(['', '%73', 'a%20b', 'a:b', 'a@b', 'a,b', 'a?b', 'a#b', 'a b', "a'b"])(
    'finds the session-id %j malformed (U-02)',
    (sessionId) => {
      expect(parseUri(`msrp://a.example:1/${sessionId};tcp`)).toBeUndefined();
    },
  );

  it.each(['tcp', 'ws', 'dc', 'quic', '7', 'x9y'])('reads the transport %s (U-03)', (transport) => {
    expect(parsed(`msrp://a.example:1/s;${transport}`).transport).toBe(transport);
  });

  it.each([
    ['msrps://192.0.2.1;tcp', false],
    ['msrps://192.0.2.1/s;tcp', false],
    ['msrps://192.0.2.1:/s;tcp', false],
    ['msrps://%31%392.0.2.1/s;tcp', false],
    ['msrps://192.0.2.1:2855/s;tcp', true],
    ['msrps://[2001:db8::1]:2855/s;tcp', true],
    ['msrps://[2001:db8::1]/s;tcp', false],
    ['msrps://[2001:db8::1];tcp', false],
    ['msrps://joe@192.0.2.1;tcp', false],
    ['msrps://192.0.2.256;tcp', true], // a name: no address has that octet
  ])('wants a port after an address literal: %s (U-04)', (text, valid) => {
    expect(parseUri(text) !== undefined).toBe(valid);
  });

  it.each([
    'msrps://2001:db8::3:54111/s;dc',
    'msrps://2001:db8::3/s;tcp',
    'msrps://::1:2855/s;tcp',
    'msrps://[2001:db8::1:2855/s;tcp',
    'msrps://2001:db8::1]:2855/s;tcp',
    'msrps://[[::1]]:2855/s;tcp',
    'msrps://[::1]2855/s;tcp',
    'msrps://[]:2855/s;tcp',
    'msrps://[fe80::1%25eth0]:2855/s;tcp',
    'msrps://[fe80::1%eth0]:2855/s;tcp',
    'msrps://[192.0.2.1]:2855/s;tcp',
    'msrps://[v1.x]:2855/s;tcp',
    'msrps://[1:2:3:4:5:6:7]:2855/s;tcp',
    'msrps://[1:2:3:4:5:6:7:8:9]:2855/s;tcp',
    'msrps://[1:2:3:4::5:6:7:8]:2855/s;tcp',
    'msrps://[1::2::3]:2855/s;tcp',
    'msrps://[:::]:2855/s;tcp',
    'msrps://[1:]:2855/s;tcp',
    'msrps://[12345::]:2855/s;tcp',
    'msrps://[g::]:2855/s;tcp',
    'msrps://[::192.0.2.1:1]:2855/s;tcp',
    'msrps://[::192.0.2]:2855/s;tcp',
    'msrps://[192.0.2.1::]:2855/s;tcp',
  ])('finds %s malformed (U-05, A-19)', (text) => {
    expect(parseUri(text)).toBeUndefined();
  });

  it.each([
    ['[2001:DB8:0:0:0:0:0:1]', '[2001:db8::1]'],
    ['[::]', '[::]'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['[1:0:0:0:0:0:0:0]', '[1::]'],
    ['[2001:db8:0:1:1:1:1:1]', '[2001:db8:0:1:1:1:1:1]'],
    ['[2001:0:0:1:0:0:0:1]', '[2001:0:0:1::1]'],
    ['[2001:db8:0:0:1:0:0:1]', '[2001:db8::1:0:0:1]'],
    ['[1:2:3:4:5:6:7::]', '[1:2:3:4:5:6:7:0]'],
    ['[::192.0.2.1]', '[::c000:201]'],
    ['[64:ff9b::192.0.2.1]', '[64:ff9b::c000:201]'],
    ['[::FFFF:192.0.2.1]', '[::ffff:c000:201]'],
    ['[0001:0002:0003:0004:0005:0006:192.000.2.1]', undefined],
    ['[0001:0002:0003:0004:0005:0006:192.0.2.1]', '[1:2:3:4:5:6:c000:201]'],
  ])('gives %s its one canonical form (U-07)', (written, host) => {
    expect(parseUri(`msrps://${written}:1/s;tcp`)?.host).toBe(host);
  });

  it.each([
    [':0', 0],
    [':1', 1],
    [':65535', 65_535],
    [':0002855', 2855],
    [`:${'0'.repeat(1000)}1`, 1],
    [':', undefined], // RFC 3986 §3.2.3: as if there were none
    ['', undefined],
  ])('reads the port %j', (written, port) => {
    expect(parsed(`msrp://a.example${written}/s;tcp`).port).toBe(port);
  });

  it.each([':65536', ':99999999999999999999999', ':-1', ':+1', ':1.0', ':0x10', ':a', ':1:2', ': 1'])(
    'finds the port %j malformed',
    (written) => {
      expect(parseUri(`msrp://a.example${written}/s;tcp`)).toBeUndefined();
    },
  );

  it.each([
    ['%61.example', 'a.example'],
    ['%41%2E%65xample', 'a.example'],
    ['%c3%A4.example', '%c3%a4.example'],
    ['%2561.example', '%2561.example'],
    ['x7.%69nvalid', 'x7.invalid'],
    ["a!$&'()*+,=b", "a!$&'()*+,=b"],
    ['a_b~c-d', 'a_b~c-d'],
  ])('decodes unreserved characters of the name %s, once, and no others (U-07)', (written, host) => {
    expect(parsed(`msrp://${written}:1/s;tcp`).host).toBe(host);
  });

  it('keeps userinfo as written, also with a semicolon or an escape in it', () => {
    expect(parsed('msrp://Joe%20D;x=1@a.example:1/s;tcp').userinfo).toBe('Joe%20D;x=1');
    expect(parsed('msrp://@a.example:1/s;tcp').userinfo).toBe('');
  });

  it('hands a password to nobody (U-13)', () => {
    const uri = parsed('msrp://joe:secret:more@a.example:1/s;tcp');
    expect(uri.userinfo).toBe('joe');
    expect(JSON.stringify(uri)).not.toContain('secret');
  });

  it('reads or refuses whatever it is given, and never throws', () => {
    const pieces = fc.constantFrom(
      'msrp',
      's',
      '://',
      'a',
      '%41',
      '%',
      '@',
      ':',
      '1',
      '/',
      ';',
      'tcp',
      '=',
      '[',
      ']',
      '::',
      '.',
      'ä',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(pieces).map((some) => `msrp://${some.join('')}`),
    );
    fc.assert(
      fc.property(texts, (text) => {
        const uri = parseUri(text);
        if (uri === undefined) return;
        expect(uri.port === undefined || (uri.port >= 0 && uri.port <= 65_535)).toBe(true);
        expect(uri.host).toBe(uri.host.toLowerCase());
        expect(parseUri(formatUri(uri))).toEqual(uri);
      }),
      { numRuns: 5_000 },
    );
  });

  it('takes time in proportion to the length of the text only', () => {
    const long = 'a'.repeat(1_000_000);
    const hostile = [
      `msrp://${long}`,
      `msrp://${'%41'.repeat(300_000)};tcp`,
      `msrp://${'@'.repeat(1_000_000)}`,
      `msrp://a:1/${long}`,
      `msrp://a:1/s;tcp${';a=b'.repeat(250_000)}`,
      `msrp://[${'::'.repeat(500_000)}`,
      `msrp://${'.'.repeat(1_000_000)};tcp`,
    ];
    const startMs = performance.now();
    for (const text of hostile) parseUri(text);
    expect(performance.now() - startMs).toBeLessThan(2_000);
  });
});

describe('sameUri', () => {
  const reference = 'msrps://a.example.com:2855/s;tcp';

  it.each([
    ['2a', 'MSRPS://a.example.com:2855/s;tcp', true, 'U-06'],
    ['2b', 'msrp://a.example.com:2855/s;tcp', false, 'U-06'],
    ['3', 'msrps://A.EXAMPLE.com:2855/s;tcp', true, 'U-07'],
    ['4', 'msrps://joe@a.example.com:2855/s;tcp', true, 'U-07'],
    ['5', 'msrps://%61.example.com:2855/s;tcp', true, 'U-07'],
    ['7', 'msrps://a.example.com/s;tcp', false, 'U-08'],
    ['8', 'msrps://a.example.com:2856/s;tcp', false, 'U-08'],
    ['9', 'msrps://a.example.com:2855/S;tcp', false, 'U-09'],
    ['10', 'msrps://a.example.com:2855;tcp', false, 'U-09'],
    ['12', 'msrps://a.example.com:2855/s;TCP', true, 'U-10'],
    ['13', 'msrps://a.example.com:2855/s;ws', false, 'U-10'],
    ['14', 'msrps://a.example.com:2855/s;tcp;foo=1', true, 'U-11'],
    ['15', 'msrps://192.0.2.7:2855/s;tcp', false, 'U-11'],
  ])('U-table row %s: %s equals the reference: %s (%s)', (_row, text, equal) => {
    expect(same(reference, text)).toBe(equal);
  });

  it('U-table row 6: IPv6 literals compare as addresses (U-07)', () => {
    expect(same('msrps://[2001:DB8:0:0:0:0:0:1]:1/s;tcp', 'msrps://[2001:db8::1]:1/s;tcp')).toBe(true);
    expect(same('msrps://[2001:db8::1]:1/s;tcp', 'msrps://[2001:db8::2]:1/s;tcp')).toBe(false);
  });

  it('U-table row 11: an escape in a session-id is not decoded; it is malformed (U-09)', () => {
    expect(parseUri('msrps://a.example.com:2855/%73;tcp')).toBeUndefined();
  });

  it('never takes a present port for an absent one, not even 2855 (U-08)', () => {
    expect(same('msrps://a.example.com;tcp', 'msrps://a.example.com:2855;tcp')).toBe(false);
    expect(same('msrps://a.example.com;tcp', 'msrps://a.example.com;tcp')).toBe(true);
  });

  it('does not normalise a session-id like a path (U-09)', () => {
    expect(same('msrps://a.example.com:1/a/../s;tcp', 'msrps://a.example.com:1/s;tcp')).toBe(false);
    expect(same('msrps://a.example.com:1/s/;tcp', 'msrps://a.example.com:1/s;tcp')).toBe(false);
  });

  it('never takes an IPv4 literal for an IPv6 one (A-19)', () => {
    expect(same('msrp://192.0.2.1:1/s;tcp', 'msrp://[::ffff:192.0.2.1]:1/s;tcp')).toBe(false);
    expect(same('msrp://[::ffff:c000:201]:1/s;tcp', 'msrp://[::ffff:192.0.2.1]:1/s;tcp')).toBe(true);
  });
});

describe('nodeKey', () => {
  it('is the same for every URI of one node (FW-07)', () => {
    const key = 'msrps://relay.example.org:2855;tcp';
    expect(nodeKey(parsed('msrps://relay.example.org:2855/a;tcp'))).toBe(key);
    expect(nodeKey(parsed('MSRPS://joe@RELAY.example.org:02855/other;TCP;x=1'))).toBe(key);
    expect(nodeKey(parsed('msrps://relay.example.org:2855;tcp'))).toBe(key);
  });

  it.each([
    'msrp://relay.example.org:2855/a;tcp',
    'msrps://relay2.example.org:2855/a;tcp',
    'msrps://relay.example.org:2856/a;tcp',
    'msrps://relay.example.org/a;tcp',
    'msrps://relay.example.org:2855/a;ws',
  ])('is another one for %s (FW-07)', (text) => {
    expect(nodeKey(parsed(text))).not.toBe('msrps://relay.example.org:2855;tcp');
  });

  it('leaves an absent port out and keeps the brackets of IPv6', () => {
    expect(nodeKey(parsed('msrps://a.example/s;tcp'))).toBe('msrps://a.example;tcp');
    expect(nodeKey(parsed('msrps://[::0001]:1/s;tcp'))).toBe('msrps://[::1]:1;tcp');
  });
});

describe('isAddressLiteral', () => {
  it.each([
    ['msrp://192.0.2.1:1/s;tcp', true],
    ['msrp://[::1]:1/s;tcp', true],
    ['msrp://a.example:1/s;tcp', false],
    ['msrp://192.0.2:1/s;tcp', false],
    ['msrp://192.0.2.1.example:1/s;tcp', false],
    ['msrp://192.0.02.1:1/s;tcp', false],
    ['msrp://1.2.3.4.5:1/s;tcp', false],
    ['msrp://1..2.3:1/s;tcp', false],
  ])('%s: %s', (text, literal) => {
    expect(isAddressLiteral(parsed(text))).toBe(literal);
  });
});

describe('formatUri', () => {
  const base = { scheme: 'msrps', host: 'relay.example.org', port: 2855, sessionId: 's', transport: 'tcp' } as const;

  it('writes every part', () => {
    expect(formatUri(base)).toBe('msrps://relay.example.org:2855/s;tcp');
    expect(formatUri({ ...base, userinfo: 'joe', parameters: ';a=1' })).toBe(
      'msrps://joe@relay.example.org:2855/s;tcp;a=1',
    );
    expect(formatUri({ scheme: 'msrp', host: 'a.example', transport: 'ws' })).toBe('msrp://a.example;ws');
  });

  it('brackets an IPv6 address that comes bare (DC-07)', () => {
    expect(formatUri({ ...base, host: '2001:db8::1' })).toBe('msrps://[2001:db8::1]:2855/s;tcp');
    expect(formatUri({ ...base, host: '[2001:db8::1]' })).toBe('msrps://[2001:db8::1]:2855/s;tcp');
  });

  it.each([
    ['a userinfo with a password (U-13)', { userinfo: 'user:pw' }],
    ['a userinfo with an empty password (U-13)', { userinfo: 'user:' }],
    ['a userinfo with an at sign', { userinfo: 'a@b' }],
    ['an empty session-id (U-02)', { sessionId: '' }],
    ['a session-id with a semicolon (U-02)', { sessionId: 'a;b' }],
    ['a session-id with a space (U-02)', { sessionId: 'a b' }],
    ['a session-id with an escape (U-02)', { sessionId: '%73' }],
    ['a session-id with a line end (U-02)', { sessionId: 'a\r\nX: y' }],
    ['a host that holds a session-id', { host: 'a.example/x', port: undefined, sessionId: undefined }],
    ['a host that holds a port', { host: 'a.example:1', port: undefined }],
    ['a host that holds a userinfo', { host: 'joe@a.example' }],
    ['no host', { host: '' }],
    ['an address without a port (U-04)', { host: '192.0.2.1', port: undefined }],
    ['a port too large', { port: 65_536 }],
    ['a port that is no integer', { port: 1.5 }],
    ['a negative port', { port: -1 }],
    ['a transport that holds a parameter', { transport: 'tcp;a=1' }],
    ['an empty transport', { transport: '' }],
    ['parameters without their semicolon', { parameters: 'a=1' }],
  ])('throws for %s, and quotes nothing', (_what, parts) => {
    const format = () => formatUri({ ...base, userinfo: 'canary', ...parts });
    expect(format).toThrow(expect.objectContaining({ code: 'MSRP_BAD_URI' }));
    expect(format).not.toThrow(/canary|pw|relay/);
  });
});
