import { describe, expect, it } from 'vitest';
import {
  formatMedia,
  formatOffer,
  formatRejection,
  localPath,
  type MediaParts,
  type MsrpMedia,
  makeFingerprint,
  type Origin,
  offeredMedia,
  parseSessionDescription,
  readMsrpMedia,
} from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';
import { crlf } from './examples.ts';

const ORIGIN: Origin = { user: '-', sessionId: '3972', sessionVersion: '1', address: 'alicepc.example.com' };
const OWN = 'msrp://alicepc.example.com:7777/iau39soe2843z;tcp';
const PARTS: MediaParts = { path: [OWN], acceptTypes: ['text/plain'], reachable: true };
const DIGEST = new Uint8Array(32).fill(0xab);

describe('localPath', () => {
  it('is the Use-Path from its end, then oneself (U-20, CM-03)', () => {
    const use = [
      'msrps://inner.example.org:2855/f3l2A5Jiw3M2oQ9dGywHhM;tcp',
      'msrps://node2.outer.example.net:9010/t0ERu7X65SjmP7EiRUfOgW;tcp',
    ];
    const own = 'msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp';
    expect(localPath(use, own).join(' ')).toBe(
      'msrps://node2.outer.example.net:9010/t0ERu7X65SjmP7EiRUfOgW;tcp msrps://inner.example.org:2855/f3l2A5Jiw3M2oQ9dGywHhM;tcp msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp',
    );
    expect(localPath([], own)).toEqual([own]);
    expect(use).toHaveLength(2);
  });
});

describe('formatOffer', () => {
  it('writes a whole description (SD-01, SD-02, SD-03, CM-01)', () => {
    expect(formatOffer(ORIGIN, [PARTS])).toBe(
      crlf(`v=0
o=- 3972 1 IN IP4 alicepc.example.com
s=-
c=IN IP4 alicepc.example.com
t=0 0
m=message 7777 TCP/MSRP *
a=accept-types:text/plain
a=path:msrp://alicepc.example.com:7777/iau39soe2843z;tcp
a=setup:actpass
`),
    );
  });

  it('writes all that there is to say, in one order (SD-04, SD-05, SD-09)', () => {
    const parts: MediaParts = {
      path: ['msrps://relay.example.org:2855/ZUv5i1pQ;tcp', 'msrps://[2001:DB8:0::1]:41207/UtPT;tcp'],
      acceptTypes: ['message/cpim', 'text/plain;charset=utf-8', 'text/*'],
      acceptWrappedTypes: ['text/*', 'image/png', '*'],
      maxSize: 20_000,
      reachable: false,
      direction: 'sendonly',
      fingerprints: [makeFingerprint('sha-256', DIGEST)],
      attributes: [
        { name: 'file-transfer-id', value: 'x' },
        { name: 'file-selector', value: undefined },
        { name: 'msrp-cema', value: undefined },
      ],
    };
    expect(formatOffer({ ...ORIGIN, address: '2001:db8::9' }, [parts])).toBe(
      crlf(`v=0
o=- 3972 1 IN IP6 2001:db8::9
s=-
c=IN IP6 2001:db8::1
t=0 0
m=message 41207 TCP/TLS/MSRP *
a=sendonly
a=accept-types:message/cpim text/plain;charset=utf-8 text/*
a=accept-wrapped-types:image/png *
a=max-size:20000
a=path:msrps://relay.example.org:2855/ZUv5i1pQ;tcp msrps://[2001:DB8:0::1]:41207/UtPT;tcp
a=setup:actpass
a=fingerprint:sha-256 ${Array.from(DIGEST, () => 'AB').join(':')}
a=file-transfer-id:x
a=file-selector
a=msrp-cema
`),
    );
  });

  it('takes c= and port from its own URI, not from its relay, and the protocol from the first (SD-01, WS-10)', () => {
    const path = ['msrps://a.example.com:2855/jui787s2f;tcp', 'msrps://df7jal23ls0d.invalid:443/98cjs;ws'];
    const text = formatOffer(ORIGIN, [{ ...PARTS, path }]);
    expect(text).toContain('c=IN IP4 df7jal23ls0d.invalid\r\n');
    expect(text).toContain('m=message 443 TCP/TLS/MSRP *\r\n');
    expect(text).toContain(`a=path:${path.join(' ')}\r\n`);
  });

  it('is actpass when a peer can connect, which it can to a relay, else active with port 9, never passive (CM-02)', () => {
    expect(offeredMedia({ ...PARTS, reachable: true })).toMatchObject({ setup: 'actpass', port: 7777 });
    expect(offeredMedia({ ...PARTS, reachable: false })).toMatchObject({ setup: 'active', port: 9 });
    const path = ['msrps://relay.example.org:2855/s;tcp', OWN];
    expect(offeredMedia({ ...PARTS, path, reachable: false })).toMatchObject({ setup: 'actpass', port: 7777 });
  });

  it('gives a stream a c= line only when it differs from that of the session', () => {
    const other = 'msrp://192.0.2.7:7778/r3Lm9;tcp';
    const text = formatOffer(ORIGIN, [PARTS, { ...PARTS, path: [other] }, PARTS]);
    expect(text.match(/^c=.*$/gm)).toEqual(['c=IN IP4 alicepc.example.com', 'c=IN IP4 192.0.2.7']);
    expect(readMsrpMedia(parseSessionDescription(text)).map(({ address }) => address)).toEqual([
      'alicepc.example.com',
      '192.0.2.7',
      'alicepc.example.com',
    ]);
  });

  it('writes a description without streams', () => {
    expect(formatOffer(ORIGIN, [])).toContain('c=IN IP4 alicepc.example.com\r\nt=0 0\r\n');
  });

  it.each<[what: string, parts: Partial<MediaParts>]>([
    ['a=path to be written', { path: [] }],
    ['a=path to be written', { path: ['sip:x'] }],
    ['a=path to be written', { path: ['msrp://a.example.com/s;tcp'] }],
    ['a=path to be written', { path: ['msrp://a.example.com/s;tcp', OWN] }],
    ['a=path to be written', { path: ['msrp://a.example.com:0/s;tcp'] }],
    ['a=path to be written', { path: [OWN, 'msrp://a.example.com/s;tcp', OWN] }],
    ['a=path to be written', { path: [`${OWN} ${OWN}`] }],
    ['a=path to be written', { path: [`${OWN}\r\na=x`] }],
    ['a=accept-types to be written', { acceptTypes: [] }],
    ['a=accept-types and', { acceptTypes: ['text'] }],
    ['a=accept-types and', { acceptTypes: ['text/plain text/html'] }],
    ['a=accept-types and', { acceptTypes: [' text/plain'] }],
    ['a=accept-types and', { acceptWrappedTypes: ['x'] }],
    ['a= to be written', { acceptTypes: ['text/x;a="\r\na=x"'] }],
    ['a=max-size to be written', { maxSize: -1 }],
    ['a=max-size to be written', { maxSize: 1.5 }],
    ['a=max-size to be written', { maxSize: Number.POSITIVE_INFINITY }],
    ['a=fingerprint to be written', { fingerprints: [{ hash: 'sha-256', value: 'AB' }] }],
    ['a=fingerprint to be written', { fingerprints: [{ hash: 'SHA-256', value: 'AB' }] }],
    ['a=fingerprint to be written', { fingerprints: [{ hash: 'x', value: 'ab' }] }],
    ['a=fingerprint to be written', { fingerprints: [{ hash: '', value: 'AB' }] }],
    ['a= to be written', { attributes: [{ name: 'x', value: 'a\r\na=setup:active' }] }],
    ['a= to be written', { attributes: [{ name: 'x\n', value: undefined }] }],
    ['a= to be written', { attributes: [{ name: '', value: 'x' }] }],
    ['a= to be written', { attributes: [{ name: 'x y', value: 'x' }] }],
    ['a=setup to be written', { attributes: [{ name: 'setup', value: 'passive' }] }],
    ['a=recvonly to be written', { attributes: [{ name: 'recvonly', value: undefined }] }],
    ['a=connection to be written', { attributes: [{ name: 'connection', value: 'new' }] }],
  ])('refuses what would not read back, %s: %j (SD-02, CM-05)', (what, parts) => {
    expect(badSdp(() => formatOffer(ORIGIN, [{ ...PARTS, ...parts }]))).toContain(what);
  });

  it.each<Partial<Origin>>([
    { user: '' },
    { user: 'a b' },
    { user: 'a\r\ns=' },
    { sessionId: 'x' },
    { sessionVersion: '-1' },
    { address: '' },
    { address: 'a b' },
  ])('refuses the origin %j', (origin) => {
    expect(badSdp(() => formatOffer({ ...ORIGIN, ...origin }, [PARTS]))).toContain('o= to be written');
  });
});

describe('formatMedia', () => {
  const MEDIA: MsrpMedia = offeredMedia(PARTS);

  it('writes a section by itself, with its c= line', () => {
    expect(formatMedia(MEDIA)).toBe(
      crlf(`m=message 7777 TCP/MSRP *
c=IN IP4 alicepc.example.com
a=accept-types:text/plain
a=path:${OWN}
a=setup:actpass
`),
    );
  });

  it('writes a rejected stream without path and types (SD-06)', () => {
    const off: MsrpMedia = { ...MEDIA, port: 0, path: [], acceptTypes: [], setup: undefined, address: undefined };
    expect(formatMedia(off)).toBe('m=message 0 TCP/MSRP *\r\n');
  });

  it.each<[what: string, media: Partial<MsrpMedia>]>([
    ['m= to be written', { port: 65_536 }],
    ['m= to be written', { port: -1 }],
    ['m= to be written', { port: 1.5 }],
    ['c= to be written', { address: '' }],
    ['c= to be written', { address: 'a b' }],
    ['c= to be written', { address: 'a\r\na=x' }],
    ['a=path to be written', { path: [] }],
  ])('refuses what would not read back, %s: %j', (what, media) => {
    expect(badSdp(() => formatMedia({ ...MEDIA, ...media }))).toContain(what);
  });
});

describe('formatRejection', () => {
  it('keeps all of an m= line but its port (SD-06)', () => {
    const text = 'v=0\no=- 1 1 IN IP4 a\nm=audio 49170/2 RTP/AVP 0  8\na=rtpmap:0 PCMU/8000\n';
    expect(parseSessionDescription(text).media.map(formatRejection)).toEqual(['m=audio 0 RTP/AVP 0 8\r\n']);
  });
});
