import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readProxyHeader } from '../../src/transport/proxy-header.ts';
import { binaryHeader, IPV6, textHeader } from './proxy-headers.ts';

const MSRP = Buffer.from('MSRP 1234 SEND\r\n');
const UNIX = new Array<number>(216).fill(0);

const GOOD: readonly (readonly [name: string, header: Buffer, source: string | undefined])[] = [
  ['version 1, IPv4', textHeader(), '192.0.2.1'],
  ['version 1, IPv6', textHeader('2001:DB8:0:0::1', '2001:db8::2'), '2001:db8::1'],
  ['version 1, IPv4 as IPv6', textHeader('::ffff:192.0.2.1', '::1'), '192.0.2.1'],
  [
    'version 1, the longest',
    textHeader('ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'),
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe',
  ],
  ['version 1, unknown', Buffer.from('PROXY UNKNOWN\r\n'), undefined],
  ['version 1, unknown, with something behind it', Buffer.from('PROXY UNKNOWN ffff::1 nonsense 0 0\r\n'), undefined],
  ['version 2, IPv4', binaryHeader(), '192.0.2.1'],
  ['version 2, IPv6', binaryHeader({ familyAndTransport: 0x21, addresses: IPV6 }), '2001:db8::1'],
  [
    'version 2, IPv4 as IPv6',
    binaryHeader({
      familyAndTransport: 0x21,
      addresses: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 192, 0, 2, 1, ...IPV6.slice(16)],
    }),
    '192.0.2.1',
  ],
  ['version 2, with additions', binaryHeader({ additions: [4, 0, 3, 1, 2, 3] }), '192.0.2.1'],
  ['version 2, with as many as may be', binaryHeader({ additions: new Array<number>(4084).fill(4) }), '192.0.2.1'],
  ['version 2, of the proxy itself', binaryHeader({ versionAndCommand: 0x20, addresses: [] }), undefined],
  ['version 2, of the proxy itself, with addresses', binaryHeader({ versionAndCommand: 0x20 }), undefined],
  ['version 2, of no family', binaryHeader({ familyAndTransport: 0, addresses: [] }), undefined],
  ['version 2, of a Unix socket', binaryHeader({ familyAndTransport: 0x31, addresses: UNIX }), undefined],
];

const BAD: readonly (readonly [name: string, octets: Buffer | string, why: string])[] = [
  ['MSRP', MSRP, 'is none'],
  ['a TLS handshake', '\x16\x03\x01\x02\x00', 'is none'],
  ['HTTP', 'GET / HTTP/1.1\r\n', 'is none'],
  ['another word', 'PROXX', 'is none'],
  ['small letters', 'proxy ', 'is none'],
  ['almost the signature of version 2', '\r\n\r\n\0\r\nQUIX', 'is none'],
  ['a line without end', `PROXY TCP4 ${'1'.repeat(96)}`, 'does not end'],
  ['a line that ends one octet too late', `PROXY UNKNOWN ${'x'.repeat(92)}\r\n`, 'does not end'],
  ['no family', 'PROXY \r\n', 'names no two addresses of a known family'],
  ['another family', 'PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n', 'names no two addresses of a known family'],
  ['IPv6 for IPv4', 'PROXY TCP4 ::1 ::2 1 2\r\n', 'names no two addresses of a known family'],
  ['IPv4 for IPv6', 'PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n', 'names no two addresses of a known family'],
  ['a zone', 'PROXY TCP6 fe80::1%eth0 fe80::2 1 2\r\n', 'names no two addresses of a known family'],
  ['zeros in front', 'PROXY TCP4 192.0.02.1 192.0.2.2 1 2\r\n', 'names no two addresses of a known family'],
  ['two blanks', 'PROXY TCP4  192.0.2.1 192.0.2.2 1 2\r\n', 'names no two addresses of a known family'],
  ['a bare LF', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2\nMSRP\r\n', 'names no two ports'],
  ['one port', 'PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n', 'names no two ports'],
  ['three ports', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n', 'names no two ports'],
  ['a port too high', 'PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n', 'names no two ports'],
  ['a port with a zero in front', 'PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n', 'names no two ports'],
  ['version 3', binaryHeader({ versionAndCommand: 0x31 }), 'has an unknown version or command'],
  ['another command', binaryHeader({ versionAndCommand: 0x22 }), 'has an unknown version or command'],
  ['too much', binaryHeader({ length: 4097 }), 'is longer than 4112 octets'],
  ['a datagram', binaryHeader({ familyAndTransport: 0x12 }), 'is about no stream of a known family'],
  ['a fourth family', binaryHeader({ familyAndTransport: 0x41 }), 'is about no stream of a known family'],
  ['too little for IPv4', binaryHeader({ length: 11 }), 'is too short for its addresses'],
  ['too little for IPv6', binaryHeader({ familyAndTransport: 0x21 }), 'is too short for its addresses'],
];

describe('A PROXY header', () => {
  it.each(GOOD)('is read, and nothing behind it: %s', (_name, header, source) => {
    const complete = { kind: 'complete', octets: header.length, source };
    expect(readProxyHeader(header)).toEqual(complete);
    expect(readProxyHeader(Buffer.concat([header, MSRP]))).toEqual(complete);
  });

  it.each(GOOD)('is waited for wherever it is cut: %s', (_name, header) => {
    for (let cut = 0; cut < header.length; cut += 1) {
      expect(readProxyHeader(header.subarray(0, cut)), `cut at ${cut}`).toEqual({ kind: 'incomplete' });
    }
  });

  it.each(BAD)('is not %s', (_name, octets, why) => {
    expect(readProxyHeader(Buffer.from(octets as string, 'latin1'))).toEqual({ kind: 'malformed', why });
  });

  it('is decided by 4112 octets at most, whatever they are', () => {
    const prefixes = [Buffer.alloc(0), ...GOOD.map(([, header]) => header.subarray(0, 16))];
    fc.assert(
      fc.property(fc.constantFrom(...prefixes), fc.uint8Array({ minLength: 4112, maxLength: 4112 }), (prefix, rest) => {
        const octets = Buffer.concat([prefix, rest]);
        const header = readProxyHeader(octets);
        expect(header.kind).not.toBe('incomplete');
        if (header.kind === 'complete') expect(header.octets).toBeLessThanOrEqual(4112);
      }),
    );
  });
});
