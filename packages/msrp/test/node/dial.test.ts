import { once } from 'node:events';
import { Socket } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { ManualClock } from '../../src/base/manual-clock.ts';
import { type DialOptions, type DialTarget, dial } from '../../src/node/dial.ts';
import { type Listening, listenTcp } from './servers.ts';

const LIMIT = { timeoutMs: 10_000 } as const;
const cleanUps: (() => unknown)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
  vi.restoreAllMocks();
});

async function listening(serve?: (socket: Socket, index: number) => void): Promise<Listening> {
  const listener = await listenTcp(serve);
  cleanUps.push(() => listener.stop());
  return listener;
}

async function dialled(target: DialTarget, options: Partial<DialOptions> = {}): Promise<Socket> {
  const socket = await dial(target, { ...LIMIT, ...options });
  cleanUps.push(() => socket.destroy());
  return socket;
}

/** A resolver that knows one answer and counts the questions. */
function answering(...addresses: string[]) {
  return vi.fn(async (_host: string) => addresses);
}

describe('dial: where to', () => {
  it('uses an address literal as written, without asking the resolver (DN-01)', async () => {
    const { port } = await listening();
    const lookup = answering('192.0.2.1');
    const socket = await dialled({ host: '127.0.0.1', port, secure: false }, { lookup });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(lookup).not.toHaveBeenCalled();
  });

  it.each(['[::1]', '::1'])(
    'takes the IPv6 literal %s for an address, without asking the resolver (DN-01)',
    async (host) => {
      const lookup = answering('192.0.2.1');
      const admit = vi.fn(() => false);
      const failure = dial({ host, port: 2855, secure: false }, { ...LIMIT, lookup, admit });
      await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_DENIED' });
      expect(admit.mock.calls).toEqual([['::1', 0, ['::1']]]);
      expect(lookup).not.toHaveBeenCalled();
    },
  );

  it('asks the resolver once for a name and uses the port of the URI (DN-02)', async () => {
    const { port } = await listening();
    const lookup = answering('127.0.0.1');
    const socket = await dialled({ host: 'relay.example.org', port, secure: false }, { lookup });
    expect([socket.remoteAddress, socket.remotePort]).toEqual(['127.0.0.1', port]);
    expect(lookup.mock.calls).toEqual([['relay.example.org']]);
  });

  it('asks the system when no resolver is given', async () => {
    const { port } = await listening();
    const socket = await dialled({ host: 'localhost', port, secure: false });
    expect(socket.remotePort).toBe(port);
  });

  it('dials addresses found before instead of looking the name up', async () => {
    const { port } = await listening();
    const lookup = answering('192.0.2.1');
    const target = { host: 'relay.example.org', port, secure: false, addresses: ['127.0.0.1'] };
    expect((await dialled(target, { lookup })).remoteAddress).toBe('127.0.0.1');
    expect(lookup).not.toHaveBeenCalled();
  });

  it('tries the remaining addresses in the order given when the first refuses (DN-06)', async () => {
    const { port } = await listening();
    const connect = vi.spyOn(Socket.prototype, 'connect');
    const lookup = answering('127.0.0.3', '127.0.0.2', '127.0.0.1', '127.0.0.4');
    const socket = await dialled({ host: 'relay.example.org', port, secure: false }, { lookup });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(connect).toHaveBeenCalledTimes(3);
  });

  it.each(['x7.invalid', 'X7.INVALID', 'x7.invalid.', 'invalid'])('never resolves %s (DN-11)', async (host) => {
    const lookup = answering('127.0.0.1');
    const failure = dial({ host, port: 2855, secure: false }, { ...LIMIT, lookup });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    expect(lookup).not.toHaveBeenCalled();
  });

  it('takes a name that only resembles .invalid for an ordinary one (DN-11)', async () => {
    const { port } = await listening();
    const lookup = answering('127.0.0.1');
    await dialled({ host: 'a.notinvalid', port, secure: false }, { lookup });
    await dialled({ host: 'invalid.example', port, secure: false }, { lookup });
    expect(lookup).toHaveBeenCalledTimes(2);
  });
});

describe('dial: admission', () => {
  it('dials only the addresses that are admitted', async () => {
    const { port } = await listening();
    const connect = vi.spyOn(Socket.prototype, 'connect');
    const lookup = answering('127.0.0.2', '127.0.0.1');
    const admit = (address: string) => address !== '127.0.0.2';
    const socket = await dialled({ host: 'relay.example.org', port, secure: false }, { lookup, admit });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(connect).toHaveBeenCalledTimes(1);
  });

  it('dials the address that was judged, though the name has another one by then', async () => {
    const { port } = await listening();
    const answers = [['127.0.0.1'], ['192.0.2.1']];
    const lookup = vi.fn(async () => answers.shift() ?? []);
    const socket = await dialled({ host: 'relay.example.org', port, secure: false }, { lookup, admit: () => true });
    expect(socket.remoteAddress).toBe('127.0.0.1');
    expect(lookup).toHaveBeenCalledTimes(1);
  });

  it.each([
    ['a literal', { host: '127.0.0.1' }],
    ['a name', { host: 'relay.example.org' }],
    ['addresses found before', { host: 'relay.example.org', addresses: ['127.0.0.1'] }],
  ])('refuses %s none of whose addresses is admitted, and connects to nothing', async (_what, target) => {
    const { port, connections } = await listening();
    const options = { ...LIMIT, lookup: answering('127.0.0.1'), admit: () => false };
    await expect(dial({ ...target, port, secure: false }, options)).rejects.toMatchObject({ code: 'MSRP_DIAL_DENIED' });
    expect(connections).toEqual([]);
  });

  it('does not dial an answer that is a name: it would be looked up past the policy', async () => {
    const { port, connections } = await listening();
    const admit = vi.fn(() => true);
    const options = { ...LIMIT, lookup: answering('localhost', ''), admit };
    const failure = dial({ host: 'relay.example.org', port, secure: false }, options);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    expect(admit).not.toHaveBeenCalled();
    expect(connections).toEqual([]);
  });
});

describe('dial: failure', () => {
  const nowhere = { host: 'relay.example.org', port: 2855, secure: false } as const;

  it('names the host and carries the cause when the resolver fails', async () => {
    const cause = new Error('no such name');
    const failure = dial(nowhere, { ...LIMIT, lookup: () => Promise.reject(cause) });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause });
    await expect(failure).rejects.toThrow(/relay\.example\.org/);
  });

  it('fails when the name has no address', async () => {
    const failure = dial(nowhere, { ...LIMIT, lookup: answering() });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
  });

  it('names the host and carries the last cause when every address refuses', async () => {
    const listener = await listenTcp();
    await listener.stop();
    const failure = dial(
      { ...nowhere, port: listener.port },
      { ...LIMIT, lookup: answering('127.0.0.2', '127.0.0.1') },
    );
    const cause = expect.objectContaining({ code: 'ECONNREFUSED', address: '127.0.0.1' });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause });
    await expect(failure).rejects.toThrow(/relay\.example\.org/);
  });

  it('turns a port that cannot be into its own error', async () => {
    const failure = dial({ host: '127.0.0.1', port: 70_000, secure: false }, LIMIT);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause: expect.any(RangeError) });
  });

  it('gives up on a resolver that does not answer in time, and leaves no timer', async () => {
    const clock = new ManualClock();
    const failure = dial(nowhere, { timeoutMs: 5_000, clock, lookup: () => new Promise(() => undefined) });
    clock.advance(4_999);
    expect(clock.waitingCount).toBe(1);
    clock.advance(1);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    await expect(failure).rejects.toThrow(/relay\.example\.org/);
    expect(clock.waitingCount).toBe(0);
  });

  it('gives up on a peer that accepts and then says nothing, and leaves no timer and no socket', async () => {
    const clock = new ManualClock();
    const listener = await listenTcp();
    const accepted = listener.next();
    const failure = dial({ host: '127.0.0.1', port: listener.port, secure: true }, { timeoutMs: 5_000, clock });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    await accepted;
    clock.advance(5_000);
    await handled;
    expect(clock.waitingCount).toBe(0);
    await listener.gone();
  });

  it('gives a silent address its share of the time only, then tries the next (DN-06)', async () => {
    const clock = new ManualClock();
    const listener = await listening();
    const target = { ...nowhere, port: listener.port, secure: true, addresses: ['127.0.0.1', '127.0.0.1'] };
    const first = listener.next();
    const failure = dial(target, { timeoutMs: 5_000, clock });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    await first;
    const second = listener.next();
    clock.advance(2_500);
    await second;
    clock.advance(2_500);
    await handled;
    expect(listener.connections).toHaveLength(2);
    expect(clock.waitingCount).toBe(0);
  });

  it('counts the time of the resolver toward the whole', async () => {
    const clock = new ManualClock();
    const listener = await listening();
    const first = listener.next();
    const lookup = async () => {
      clock.advance(3_000);
      return ['127.0.0.1', '127.0.0.1'];
    };
    const failure = dial({ ...nowhere, port: listener.port, secure: true }, { timeoutMs: 5_000, clock, lookup });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_TIMEOUT' });
    await first;
    const second = listener.next();
    clock.advance(1_000); // half of the two seconds that are left
    await second;
    clock.advance(1_000);
    await handled;
  });

  it('does nothing when it is called off before it begins', async () => {
    const clock = new ManualClock();
    const lookup = answering('127.0.0.1');
    const failure = dial(nowhere, { ...LIMIT, clock, lookup, signal: AbortSignal.abort('not wanted') });
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause: 'not wanted' });
    expect(lookup).not.toHaveBeenCalled();
    expect(clock.waitingCount).toBe(0);
  });

  it('ends at once when it is called off, tries no further address and leaves no timer and no socket', async () => {
    const clock = new ManualClock();
    const listener = await listenTcp();
    const accepted = listener.next();
    const stop = new AbortController();
    const target = { ...nowhere, port: listener.port, secure: true, addresses: ['127.0.0.1', '127.0.0.1'] };
    const failure = dial(target, { ...LIMIT, clock, signal: stop.signal });
    const handled = expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED' });
    await accepted;
    stop.abort();
    await handled;
    expect(clock.waitingCount).toBe(0);
    await listener.gone();
    expect(listener.connections).toHaveLength(1);
  });

  it('fails when the peer closes before the handshake is done, and says why', async () => {
    const listener = await listening((socket) => socket.end());
    const failure = dial({ host: '127.0.0.1', port: listener.port, secure: true }, LIMIT);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause: expect.any(Error) });
  });

  it('fails when the peer speaks something else than TLS', async () => {
    const listener = await listening((socket) => socket.write('MSRP a786hjs2 200 OK\r\n'));
    const failure = dial({ host: '127.0.0.1', port: listener.port, secure: true }, LIMIT);
    await expect(failure).rejects.toMatchObject({ code: 'MSRP_DIAL_FAILED', cause: expect.any(Error) });
  });
});

describe('dial: the socket it gives', () => {
  it('has no Nagle delay, a keep-alive of a minute, and no timer behind it (CN-29)', async () => {
    const noDelay = vi.spyOn(Socket.prototype, 'setNoDelay');
    const keepAlive = vi.spyOn(Socket.prototype, 'setKeepAlive');
    const clock = new ManualClock();
    const { port } = await listening();
    await dialled({ host: '127.0.0.1', port, secure: false }, { clock });
    expect(noDelay).toHaveBeenCalledWith(true);
    expect(keepAlive).toHaveBeenCalledWith(true, 60_000);
    expect(clock.waitingCount).toBe(0);
  });

  it('has lost nothing that the peer wrote at once', async () => {
    const { port } = await listening((socket) => socket.write('early'));
    const socket = await dialled({ host: '127.0.0.1', port, secure: false });
    await new Promise((resolve) => setImmediate(resolve));
    const [data] = await once(socket, 'data');
    expect(String(data)).toBe('early');
  });

  it('does not end with the signal that could have called the dialling off', async () => {
    const { port } = await listening();
    const stop = new AbortController();
    const socket = await dialled({ host: '127.0.0.1', port, secure: false }, { signal: stop.signal });
    stop.abort();
    expect(socket.destroyed).toBe(false);
  });
});
