import type { IncomingMessage } from 'node:http';
import { describe, expect, it } from 'vitest';
import { handshakeToken, type TokenPlaces } from '../../src/transport/handshake-token.ts';

const ALL: TokenPlaces = { bearer: true, cookie: 'msrp', query: 'access_token' };

function tokenOf(request: { headers?: Record<string, string>; url?: string }, places: TokenPlaces = ALL) {
  const { headers = {}, url = '/' } = request;
  return handshakeToken({ headers, url } as unknown as IncomingMessage, places)?.token;
}

describe('The token of a handshake', () => {
  it.each([
    [{ headers: { authorization: 'Bearer abc.def' } }, 'abc.def'],
    [{ headers: { authorization: 'bearer   abc ' } }, 'abc'],
    [{ headers: { authorization: 'Bearer ' } }, ''],
    [{ headers: { authorization: 'Bearer' } }, ''],
    [{ headers: { authorization: 'Bearer a b' } }, 'a b'],
    [{ headers: { cookie: 'msrp=abc' } }, 'abc'],
    [{ headers: { cookie: 'a=b; msrp=abc==; msrp=other' } }, 'abc=='],
    [{ headers: { cookie: 'a=b;msrp="abc"' } }, 'abc'],
    [{ headers: { cookie: 'msrp=' } }, ''],
    [{ url: '/?access_token=abc' }, 'abc'],
    [{ url: '/chat?a=b&access_token=a%2Bb&access_token=c' }, 'a+b'],
    [{ url: '/?access_token=' }, ''],
  ])('in %j is %j', (request, token) => {
    expect(tokenOf(request)).toBe(token);
  });

  it.each([
    [{}],
    [{ headers: { authorization: 'Basic YTpi' } }],
    [{ headers: { authorization: 'Bearerabc' } }],
    [{ headers: { cookie: 'xmsrp=abc; MSRP=abc' } }],
    [{ headers: { cookie: '' } }],
    [{ url: '/?token=abc' }],
    [{ url: '/access_token=abc' }],
    [{ url: '' }],
  ])('is not in %j', (request) => {
    expect(tokenOf(request)).toBeUndefined();
  });

  it('is looked for where it may be, and nowhere else', () => {
    const request = {
      headers: { authorization: 'Bearer of-header', cookie: 'msrp=of-cookie' },
      url: '/?access_token=of-query',
    };
    expect(tokenOf(request, { bearer: false })).toBeUndefined();
    expect(tokenOf(request, { bearer: true })).toBe('of-header');
    expect(tokenOf(request, { bearer: false, cookie: 'msrp' })).toBe('of-cookie');
    expect(tokenOf(request, { bearer: false, query: 'access_token' })).toBe('of-query');
    expect(tokenOf(request, { bearer: false, query: 'token' })).toBeUndefined();
  });

  it('is what was written for the handshake rather than the cookie that goes with all of them', () => {
    const headers = { authorization: 'Bearer of-header', cookie: 'msrp=of-cookie' };
    const url = '/?access_token=of-query';
    expect(tokenOf({ headers, url })).toBe('of-header');
    expect(tokenOf({ headers: { cookie: headers.cookie }, url })).toBe('of-query');
  });

  it.each([
    ['Relay.Example.org:8443', 'relay.example.org'],
    ['relay.example.org', 'relay.example.org'],
    ['[2001:db8::1]:443', '[2001:db8::1]'],
    ['', ''],
  ])('goes with the host that was addressed: %s', (host, known) => {
    const request = { headers: { authorization: 'Bearer abc', host }, url: '/' } as unknown as IncomingMessage;
    expect(handshakeToken(request, ALL)).toEqual({ token: 'abc', host: known });
  });
});
