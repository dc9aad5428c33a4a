/** Chunks are cut for the connection that they go to: by the settings of its listener, else by those of the relay. */
import type { ManualClock } from 'msrp/base';
import { afterEach, expect, it } from 'vitest';
import type { Endpoint } from '../endpoint.ts';
import { listen, sendRequest } from '../endpoint.ts';
import { configOf, type Overrides, startRelay, type TestRelay } from './harness.ts';
import { pattern } from './scene.ts';

const LISTENERS = { 'tls://127.0.0.1:0': { maxOctets: 4096 }, 'tcp://127.0.0.1:0': { maxOctets: 8192, lingerMs: 500 } };
const OCTETS = 20_000;

let relay: TestRelay<ManualClock>;
afterEach(() => relay.close());

async function clearClient(): Promise<{ endpoint: Endpoint; usePath: string }> {
  const endpoint = await relay.connect({ secure: false });
  const target = `msrp://localhost:${relay.tcpPort};tcp`;
  return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: 'secret', target }) };
}

/** The body lengths of the chunks in which a message to a client arrives. */
async function lengthsTo({ endpoint, usePath }: { endpoint: Endpoint; usePath: string }, secure: boolean) {
  const peer = await relay.connect({ secure });
  return await lengths(peer, `${usePath} ${endpoint.uri}`, endpoint);
}

async function lengths(from: Endpoint, toPath: string, to: Endpoint): Promise<(number | undefined)[]> {
  const body = pattern(1, OCTETS);
  void from.send(sendRequest({ toPath, fromPath: from.uri, byteRange: `1-*/${OCTETS}`, body, failureReport: 'no' }));
  const received: (number | undefined)[] = [];
  for (let flag = '+'; flag === '+'; ) {
    const chunk = await to.next(({ method }) => method === 'SEND');
    received.push(chunk.body?.length);
    flag = chunk.flag;
  }
  return received;
}

async function reload(chunk: Overrides): Promise<string[]> {
  return await relay.relay.reload(configOf({ chunk }, relay.clock));
}

it('cuts chunks to a peer as the listener says that it came by, and others as the relay does (CH-06)', async () => {
  relay = await startRelay({ chunk: { maxOctets: 10_000, listeners: LISTENERS } });
  expect(await lengthsTo(await relay.client(), true)).toEqual([4096, 4096, 4096, 4096, 3616]);
  const clear = await clearClient();
  expect(await lengthsTo(clear, false)).toEqual([8192, 8192, 3616]);
  const peer = await listen({ name: 'localhost' });
  const opening = {
    toPath: `${clear.usePath} ${peer.uri}`,
    fromPath: clear.endpoint.uri,
    failureReport: 'no' as const,
  };
  void clear.endpoint.send(sendRequest({ ...opening, byteRange: '1-0/0' }));
  const accepted = await peer.accept();
  await accepted.next();
  expect(await lengths(clear.endpoint, opening.toPath, accepted)).toEqual([10_000, 10_000]);
  await peer.close();
});

it('takes over other settings on a reload: of the relay for everybody, of a listener for who comes by it then (CH-06)', async () => {
  relay = await startRelay({ chunk: { maxOctets: 10_000, listeners: { 'tls://127.0.0.1:0': { maxOctets: 4096 } } } });
  const before = await relay.client();
  expect(await reload({ maxOctets: 5000 })).toEqual([]);
  expect(await lengthsTo(before, true)).toEqual([4096, 4096, 4096, 4096, 3616]);
  expect(await lengthsTo(await relay.client('bob'), true)).toEqual([5000, 5000, 5000, 5000]);
});

it('waits as long for the rest of a chunk as the listener of its receiver says (CH-06)', async () => {
  relay = await startRelay({ chunk: { lingerMs: 20, listeners: LISTENERS } });
  const client = await clearClient();
  const peer = await relay.connect({ secure: false });
  const toPath = `${client.usePath} ${client.endpoint.uri}`;
  const sent = sendRequest({ toPath, fromPath: peer.uri, byteRange: '1-*/5000', body: pattern(1, 5000) });
  const before = relay.relay.snapshot().octets.in;
  void peer.send(sent.subarray(0, sent.length - 2000));
  await expect.poll(() => relay.relay.snapshot().octets.in).toBe(before + sent.length - 2000);
  relay.clock.advance(499);
  expect(relay.relay.snapshot().requests.out.SEND ?? 0).toBe(0);
  relay.clock.advance(1);
  expect((await client.endpoint.next(({ method }) => method === 'SEND')).flag).toBe('+');
});
