import { afterEach, describe, expect, it } from 'vitest';
import { nameQueries } from '../../src/node/name-queries.ts';
import { type NameServer, startNameServer, type Zone } from './name-server.ts';

/** For servers that do not answer: long enough for one that does. */
const BRIEF_MS = 200;

let server: NameServer;

afterEach(() => server.stop());

async function asking(zone: Zone, serverTimeoutMs?: number) {
  server = await startNameServer(zone);
  return nameQueries([server.address], serverTimeoutMs);
}

describe('Addresses from DNS', () => {
  it('are those of both families, as given, IPv4 first; no SRV is asked for (DN-02, DN-06)', async () => {
    const queries = await asking({
      'a.example': {
        A: ['192.0.2.9', '192.0.2.1'],
        AAAA: ['2001:db8::9', '2001:db8::1'],
        SRV: [{ port: 1, target: 'b' }],
      },
    });
    const { value } = await queries.addresses('a.example');
    expect(value).toEqual(['192.0.2.9', '192.0.2.1', '2001:db8::9', '2001:db8::1']);
    expect(server.questions.toSorted()).toEqual(['A a.example', 'AAAA a.example']);
  });

  it.each([
    ['in between', 300, 300_000],
    ['0', 0, 1000],
    ['a day', 86_400, 3_600_000],
  ])('hold as long as their records, within bounds: %s (DN-12)', async (_what, ttlSeconds, lifetimeMs) => {
    const queries = await asking({ 'a.example': { A: ['192.0.2.1'], ttlSeconds } });
    expect(await queries.addresses('a.example')).toEqual({ value: ['192.0.2.1'], lifetimeMs });
  });

  it.each(['SERVFAIL', 'silence'] as const)(
    'are there when one family gives some and the other %s, for a short time (DN-12)',
    async (AAAA) => {
      const queries = await asking({ 'a.example': { A: ['192.0.2.1'], AAAA } }, BRIEF_MS);
      expect(await queries.addresses('a.example')).toEqual({ value: ['192.0.2.1'], lifetimeMs: 5000 });
    },
  );

  it('are there when only IPv6 has some', async () => {
    const queries = await asking({ 'a.example': { A: 'NXDOMAIN', AAAA: ['2001:db8::1'] } });
    expect(await queries.addresses('a.example')).toEqual({ value: ['2001:db8::1'], lifetimeMs: 300_000 });
  });

  it.each([
    ['there is no such name', {}, 'ENOTFOUND'],
    ['the name has none', { 'a.example': {} }, 'ENODATA'],
    ['the server fails', { 'a.example': { A: 'SERVFAIL', AAAA: 'NXDOMAIN' } }, 'ESERVFAIL'],
    ['no server answers', { 'a.example': { A: 'NXDOMAIN', AAAA: 'silence' } }, 'ETIMEOUT'],
  ] as const)('are a failure with its cause when %s', async (_what, zone, code) => {
    const queries = await asking({ ...zone }, BRIEF_MS);
    const failure = queries.addresses('a.example');
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_LOOKUP_FAILED', cause: { code } });
    await expect(failure).rejects.toThrow(/a\.example/);
  });

  it('are bounded in number', async () => {
    const A = Array.from({ length: 20 }, (_, index) => `192.0.2.${index}`);
    const queries = await asking({ 'a.example': { A, AAAA: ['2001:db8::1'] } });
    expect((await queries.addresses('a.example')).value).toEqual([...A.slice(0, 16), '2001:db8::1']);
  });
});

describe('SRV records', () => {
  it('are asked for as _msrps._tcp and nothing else, and hold for a minute (DN-03, DN-05)', async () => {
    const SRV = [
      { priority: 2, weight: 7, port: 9000, target: 'relay2.example' },
      { priority: 1, weight: 0, port: 9001, target: 'relay1.example' },
    ];
    const queries = await asking({ '_msrps._tcp.a.example': { SRV } });
    const { value, lifetimeMs } = await queries.services('a.example');
    expect(value).toEqual(SRV.toReversed());
    expect(lifetimeMs).toBe(60_000);
    expect(server.questions).toEqual(['SRV _msrps._tcp.a.example']);
  });

  it.each([
    ['there is no such name', {}],
    ['the name has none', { '_msrps._tcp.a.example': { A: ['192.0.2.1'] } }],
  ])('are none, and that is an answer, when %s (DN-04)', async (_what, zone) => {
    const queries = await asking(zone);
    expect(await queries.services('a.example')).toEqual({ value: [], lifetimeMs: 60_000 });
  });

  it.each(['SERVFAIL', 'silence'] as const)('are a failure when the server gives %s (DN-04)', async (SRV) => {
    const queries = await asking({ '_msrps._tcp.a.example': { SRV } }, BRIEF_MS);
    await expect(queries.services('a.example')).rejects.toMatchObject({ code: 'MSRP_LOOKUP_FAILED' });
  });

  it('with the target `.` have an empty one (DN-08)', async () => {
    const queries = await asking({ '_msrps._tcp.a.example': { SRV: [{ port: 0, target: '.' }] } });
    expect((await queries.services('a.example')).value).toMatchObject([{ target: '' }]);
  });
});

describe('Questions under way', () => {
  it('fail at once when they are cancelled, and others can be asked', async () => {
    const queries = await asking({ 'a.example': { A: 'silence', AAAA: 'silence' }, 'b.example': { A: ['192.0.2.1'] } });
    const failure = queries.addresses('a.example');
    const handled = expect(failure).rejects.toMatchObject({ cause: { code: 'ECANCELLED' } });
    queries.cancel();
    await handled;
    expect((await queries.addresses('b.example')).value).toEqual(['192.0.2.1']);
  });
});

describe('Who is asked', () => {
  it('is the system when nobody is named: its hosts file counts', async () => {
    server = await startNameServer({});
    const { value, lifetimeMs } = await nameQueries('system').addresses('localhost');
    expect(value).toContain('127.0.0.1');
    expect(lifetimeMs).toBe(10_000);
  });

  it('is the next server when the first is silent', async () => {
    const silent = await startNameServer({ 'a.example': { A: 'silence', AAAA: 'silence' } });
    server = await startNameServer({ 'a.example': { A: ['192.0.2.1'] } });
    const { value } = await nameQueries([silent.address, server.address], BRIEF_MS).addresses('a.example');
    expect(value).toEqual(['192.0.2.1']);
    expect(silent.questions).not.toEqual([]);
    await silent.stop();
  });

  it('is nobody without an address', async () => {
    server = await startNameServer({});
    expect(() => nameQueries(['ns.example.org'])).toThrow();
  });
});
