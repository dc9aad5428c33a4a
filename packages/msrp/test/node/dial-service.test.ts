import { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { dialService, type ServiceDialOptions } from '../../src/node/dial-service.ts';
import { nameQueries } from '../../src/node/name-queries.ts';
import { Resolver } from '../../src/node/resolver.ts';
import type { ServiceRecord } from '../../src/node/service-records.ts';
import { type Authority, createAuthority } from '../certificates.ts';
import { type NameServer, type Service, startNameServer, type Zone } from './name-server.ts';
import { type Listening, listenTcp, listenTls } from './servers.ts';

const HOST = 'example.org';
const SERVICE = `_msrps._tcp.${HOST}`;
const cleanUps: (() => unknown)[] = [];
let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority();
});

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  vi.restoreAllMocks();
});

/** A relay on loopback, with a certificate for the domain unless it is for another name. */
async function relay(name = HOST, serve?: (socket: TLSSocket) => void): Promise<Listening> {
  const listener = await listenTls(await authority.issue({ dnsNames: [name] }), serve);
  cleanUps.push(() => listener.stop());
  return listener;
}

/** A port of loopback on which nobody listens. */
async function refusingPort(): Promise<number> {
  const listener = await listenTcp();
  await listener.stop();
  return listener.port;
}

async function serving(zone: Zone): Promise<NameServer> {
  const server = await startNameServer(zone);
  cleanUps.push(() => server.stop());
  return server;
}

async function dialled(server: NameServer, options: Partial<ServiceDialOptions> = {}): Promise<Socket> {
  const resolver = new Resolver({ queries: nameQueries([server.address]) });
  const tls = { ca: authority.ca, verify: true };
  const socket = await dialService(HOST, { timeoutMs: 10_000, resolver, tls, random: () => 0, ...options });
  cleanUps.push(() => socket.destroy());
  return socket;
}

/** The zone of a domain with these SRV records, all of whose targets are on loopback. */
function domain(...SRV: Service[]): Zone {
  const targets = SRV.map(({ target }) => [target, { A: ['127.0.0.1'] }] as const);
  return { [SERVICE]: { SRV }, ...Object.fromEntries(targets) };
}

describe('dialService: where to', () => {
  it('goes to the target of the SRV record, at its port, asking for nothing of the domain itself (DN-03, DN-05)', async () => {
    const { port } = await relay();
    const server = await serving(domain({ port, target: 'relay1.example.net' }));
    expect((await dialled(server)).remotePort).toBe(port);
    const expected = ['A relay1.example.net', 'AAAA relay1.example.net', `SRV ${SERVICE}`];
    expect(server.questions.toSorted()).toEqual(expected);
  });

  it('prefers the lower priority, though its weight is lower too (DN-03)', async () => {
    const [first, second] = [await relay(), await relay()];
    const server = await serving(
      domain(
        { priority: 20, weight: 100, port: second.port, target: 'b.example' },
        { priority: 10, weight: 1, port: first.port, target: 'a.example' },
      ),
    );
    expect((await dialled(server, { random: () => 0.999 })).remotePort).toBe(first.port);
  });

  it('draws among equal priorities for every connection anew, though the records are remembered (DN-03)', async () => {
    const [one, two] = [await relay(), await relay()];
    const server = await serving(
      domain({ weight: 1, port: one.port, target: 'a.example' }, { weight: 2, port: two.port, target: 'b.example' }),
    );
    const resolver = new Resolver({ queries: nameQueries([server.address]) });
    const numbers = [0.3, 0.4];
    const random = () => numbers.shift() ?? 0;
    expect((await dialled(server, { resolver, random })).remotePort).toBe(one.port);
    numbers.splice(0, 2, 0.4);
    expect((await dialled(server, { resolver, random })).remotePort).toBe(two.port);
    expect(server.questions.filter((question) => question.startsWith('SRV'))).toHaveLength(1);
  });

  it.each([
    ['no such name', {}],
    ['a name without them', { [SERVICE]: {} }],
  ])('goes to port 2855 of the domain itself when there are no SRV records: %s (DN-04, U-25)', async (_what, zone) => {
    const server = await serving({ ...zone, [HOST]: { A: ['127.0.0.1'] } });
    const connect = vi.spyOn(Socket.prototype, 'connect').mockImplementation(() => {
      throw new Error('not in a test');
    });
    await expect(dialled(server)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    expect(connect.mock.calls.map(([target]) => target)).toMatchObject([{ host: '127.0.0.1', port: 2855 }]);
  });

  it('tries all addresses of a target, then the next target (DN-06)', async () => {
    const { port } = await relay();
    const server = await serving({
      [SERVICE]: {
        SRV: [
          { priority: 1, port: await refusingPort(), target: 'a.example' },
          { priority: 2, port: 1, target: 'nowhere.example' },
          { priority: 3, port, target: 'c.example' },
        ],
      },
      'a.example': { A: ['127.0.0.1', '127.0.0.2'] },
      'c.example': { A: ['127.0.0.3', '127.0.0.1'] },
    });
    const connect = vi.spyOn(Socket.prototype, 'connect');
    expect((await dialled(server)).remotePort).toBe(port);
    const hosts = connect.mock.calls.map(([target]) => (target as unknown as { readonly host: string }).host);
    expect(hosts).toEqual(['127.0.0.1', '127.0.0.2', '127.0.0.3', '127.0.0.1']);
  });

  it('ignores a target `.` among others (DN-08)', async () => {
    const { port } = await relay();
    const server = await serving(domain({ port: 0, target: '.' }, { priority: 1, port, target: 'a.example' }));
    expect((await dialled(server)).remotePort).toBe(port);
  });
});

describe('dialService: who is there', () => {
  it('names the domain in SNI and demands its certificate, not that of the target (DN-07, CN-07)', async () => {
    const names: unknown[] = [];
    const right = await relay(HOST, (socket) => names.push(socket.servername));
    const server = await serving(domain({ port: right.port, target: 'relay1.example.net' }));
    expect(await dialled(server)).toMatchObject({ authorized: true });
    await expect.poll(() => names).toEqual([HOST]);
  });

  it('refuses a relay whose certificate is one for the target only (DN-07, CN-07)', async () => {
    const { port } = await relay('relay1.example.net');
    const server = await serving(domain({ port, target: 'relay1.example.net' }));
    await expect(dialled(server)).rejects.toMatchObject({ code: 'MSRP_BAD_PEER_NAME' });
  });

  it('never speaks in clear: a relay without TLS is none (DN-05)', async () => {
    const plain = await listenTcp((socket) => socket.write('MSRP a786hjs2 200 OK\r\n'));
    cleanUps.push(() => plain.stop());
    const server = await serving(domain({ port: plain.port, target: 'a.example' }));
    await expect(dialled(server)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it('judges every address of every target, and dials what is admitted only', async () => {
    const denied = await relay();
    const { port } = await relay();
    const server = await serving({
      [SERVICE]: {
        SRV: [
          { priority: 1, port: denied.port, target: 'a.example' },
          { priority: 2, port, target: 'b.example' },
        ],
      },
      'a.example': { A: ['127.0.0.2'] },
      'b.example': { A: ['127.0.0.2', '127.0.0.1'] },
    });
    const admit = vi.fn((address: string) => address === '127.0.0.1');
    expect((await dialled(server, { admit })).remotePort).toBe(port);
    expect(admit.mock.calls.map(([address]) => address)).toEqual(['127.0.0.2', '127.0.0.2', '127.0.0.1']);
    expect(denied.connections).toEqual([]);
  });

  it('says that it was denied only when nothing else is wrong with any target', async () => {
    const port = await refusingPort();
    const zone = domain({ priority: 1, port, target: 'a.example' }, { priority: 2, port, target: 'b.example' });
    const server = await serving(zone);
    await expect(dialled(server, { admit: () => false })).rejects.toMatchObject({ code: 'MSRP_DIAL_DENIED' });
    zone['b.example'] = { A: ['127.0.0.2'] };
    const options = { admit: (address: string) => address === '127.0.0.1' };
    await expect(dialled(server, options)).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });
});

describe('dialService: failure', () => {
  it('is certain at once when the record says that the service is not offered: no fallback (DN-08)', async () => {
    const server = await serving({
      [SERVICE]: { SRV: [{ port: 0, target: '.' }] },
      [HOST]: { A: ['127.0.0.1'] },
    });
    await expect(dialled(server)).rejects.toThrow(/example\.org.*not offered/);
    expect(server.questions).toEqual([`SRV ${SERVICE}`]);
  });

  it('is certain when the records cannot be looked up: no fallback (DN-04)', async () => {
    const server = await serving({ [SERVICE]: { SRV: 'SERVFAIL' }, [HOST]: { A: ['127.0.0.1'] } });
    await expect(dialled(server)).rejects.toMatchObject({
      code: 'MSRP_DIAL_FAILED',
      cause: { code: 'MSRP_LOOKUP_FAILED', cause: { code: 'ESERVFAIL' } },
    });
    expect(server.questions).not.toContain(`A ${HOST}`);
  });

  it.each(['x7.invalid', '127.0.0.1', '[::1]'])('is certain for %s, without a question (DN-11)', async (host) => {
    const services = vi.fn();
    const addresses = vi.fn();
    const failure = dialService(host, { timeoutMs: 10_000, resolver: { services, addresses } });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    expect(services).not.toHaveBeenCalled();
    expect(addresses).not.toHaveBeenCalled();
  });
});

describe('dialService: time', () => {
  const loopback = async () => ['127.0.0.1'];

  function targets(...ports: number[]) {
    return async (): Promise<ServiceRecord[]> =>
      ports.map((port, priority) => ({ priority, weight: 0, port, target: `${priority}.example` }));
  }

  it('is up when the records do not come, and no timer stays', async () => {
    const clock = new ManualClock();
    const resolver = { addresses: loopback, services: () => new Promise<never>(() => undefined) };
    const failure = dialService(HOST, { timeoutMs: 5000, clock, resolver });
    clock.advance(5000);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    expect(clock.waitingCount).toBe(0);
  });

  it('is shared by the targets; a silent one uses up its own only (DN-06)', async () => {
    const clock = new ManualClock();
    const silent = await listenTcp();
    cleanUps.push(() => silent.stop());
    const { port } = await relay();
    const tls = { ca: authority.ca, verify: true };
    const resolver = { addresses: loopback, services: targets(silent.port, port) };
    const accepted = silent.next();
    const opened = dialService(HOST, { timeoutMs: 10_000, clock, resolver, tls });
    await accepted;
    clock.advance(5000);
    const socket = await opened;
    cleanUps.push(() => socket.destroy());
    expect(socket.remotePort).toBe(port);
    expect(clock.waitingCount).toBe(0);
  });

  it('is three seconds for each at least, and never more than there is in all (DN-06)', async () => {
    const clock = new ManualClock();
    const silent = await listenTcp();
    cleanUps.push(() => silent.stop());
    const ports = Array.from({ length: 10 }, () => silent.port);
    const resolver = { addresses: loopback, services: targets(...ports) };
    let accepted = silent.next();
    const failure = dialService(HOST, { timeoutMs: 7000, clock, resolver });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    for (const elapsedMs of [3000, 3000]) {
      await accepted;
      accepted = silent.next();
      clock.advance(elapsedMs);
    }
    await accepted;
    clock.advance(1000);
    await handled;
    expect(silent.connections).toHaveLength(3);
    expect(clock.waitingCount).toBe(0);
  });

  it('ends when it is called off, and no further target is tried', async () => {
    const clock = new ManualClock();
    const silent = await listenTcp();
    const stop = new AbortController();
    const resolver = { addresses: loopback, services: targets(silent.port, silent.port) };
    const accepted = silent.next();
    const failure = dialService(HOST, { timeoutMs: 10_000, clock, resolver, signal: stop.signal });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause: 'not wanted' });
    await accepted;
    stop.abort('not wanted');
    await handled;
    expect(clock.waitingCount).toBe(0);
    await silent.gone();
    expect(silent.connections).toHaveLength(1);
  });
});
