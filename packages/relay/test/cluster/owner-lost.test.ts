/** The worker that has a session dies, is silent, or comes back: what becomes of what was carried to it. */
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { Child } from '../delivery/child.ts';
import { connect, type Endpoint, responseTo, sendRequest } from '../endpoint.ts';
import { attend, tidOf } from '../relay/attend.ts';
import { Party } from '../relay/party.ts';
import { pattern, until } from '../relay/scene.ts';
import { ScriptedWorker, settled } from './scripted-worker.ts';
import { startWorkers } from './workers.ts';

const WORKER = fileURLToPath(import.meta.resolve('./worker-main.ts'));

/** Worker 1 and a peer of it; worker 0 is the test's. */
async function withScriptedOwner() {
  // Wide enough that an owner that does not answer gets all of it.
  const workers = await startWorkers(2, { flow: { windowOctets: 67_108_864 } });
  await workers.relay(0).close();
  const owner = await ScriptedWorker.listen(workers.directory, '0');
  const peer = await workers.connect(1);
  const uri = workers.target.replace(';tcp', '/0.vkus29o2vf5jTZ8yKNp4xQ;tcp');
  const toPath = `${uri} msrps://client.example.org:9/x;tcp`;
  const send = (wish: Partial<Parameters<typeof sendRequest>[0]>) =>
    sendRequest({ toPath, fromPath: peer.uri, ...wish });
  return { workers, owner, peer, uri, toPath, send };
}

describe('The worker that has the session', () => {
  it('is told whom the stream stands for, and gets everything as it was sent (CL-08)', async () => {
    const { workers, owner, peer, toPath, send } = await withScriptedOwner();
    const asked = send({ messageId: 'first', byteRange: '1-5/5', body: 'hello' });
    const answer = peer.ask(asked);
    const { preamble, endpoint } = await owner.next();
    expect(preamble.startsWith('msrp-relay-crossing/2 ')).toBe(true);
    expect(JSON.parse(preamble.slice(preamble.indexOf(' ')))).toEqual({
      origin: {
        transport: 'tls',
        direction: 'accepted',
        remoteAddress: '127.0.0.1',
        localPort: Number(/:(\d+);/.exec(workers.target)?.[1]),
        chunk: { maxOctets: 65_536, lingerMs: 20 },
        worker: '1',
      },
      certifiedNames: [],
      relays: [],
      isProven: false,
    });
    const got = await endpoint.next();
    const tid = tidOf(asked);
    expect(got.tid).not.toBe(tid);
    expect(got.raw.toString('latin1').replaceAll(got.tid, tid)).toBe(asked.toString('latin1'));
    expect(got.header('To-Path')).toBe(toPath);
    void endpoint.send(responseTo(got, 200));
    expect((await answer).status).toBe(200);
  });

  it('answers the first request of a way before anybody else does, and no later one (CL-08)', async () => {
    const { owner, peer, send } = await withScriptedOwner();
    const told = attend(peer);
    const first = [send({ body: 'one' }), send({ body: 'two' }), send({ body: 'x'.repeat(200_000) })];
    for (const asked of first) void peer.send(asked);
    const { endpoint } = await owner.next();
    const got = [];
    for (let count = 0; count < 6; count += 1) got.push(await endpoint.next());
    expect(told.answers.size).toBe(0);
    const [one, two, ...pieces] = got;
    if (one === undefined || two === undefined) throw new Error('six came');
    void endpoint.send(responseTo(two, 403));
    await until(() => told.answers.size === 1);
    expect(told.answers.get(tidOf(first[1] ?? Buffer.alloc(0)))).toBe(403);
    void endpoint.send(responseTo(one, 200));
    await until(() => told.answers.size === 2);
    for (const piece of pieces) void endpoint.send(responseTo(piece, 200));
    await until(() => told.answers.size === 3);
    expect([told.count(200), told.count(403)]).toEqual([2, 1]);
    void peer.send(send({ body: 'late' }));
    await until(() => told.count(200) === 3);
    const late = await endpoint.next();
    void endpoint.send(responseTo(late, 403));
    await until(() => told.reports.size === 1);
  });

  it('dies in the middle of a message: each range that was accepted and not answered is reported once (CL-09, X-01)', async () => {
    const { owner, peer, send } = await withScriptedOwner();
    const told = attend(peer);
    void peer.send(send({ messageId: 'opening', body: 'hello' }));
    const { endpoint } = await owner.next();
    const opening = await endpoint.next();
    void endpoint.send(Buffer.concat([responseTo(opening, 200), settled(opening)]));
    await until(() => told.count(200) === 1);
    const body = pattern(1, 300_000);
    const chunk = (start: number, end: number, flag: '+' | '$' = '+') =>
      send({ messageId: 'long', byteRange: `${start}-*/300000`, body: body.subarray(start - 1, end), flag });
    // Whole, whole, and one whose end does not come in time.
    const sent = [chunk(1, 100_000), chunk(100_001, 200_000), chunk(200_001, 300_000, '$')];
    const last = sent[2] ?? Buffer.alloc(0);
    for (const octets of [sent[0], sent[1], last.subarray(0, 90_000)]) void peer.send(octets ?? '');
    // Settled: the first piece of the first chunk, and the second of the second.
    const got = [];
    for (let count = 0; count < 5; count += 1) got.push(await endpoint.next());
    const ranges = got.map((message) => `${message.header('Byte-Range')} ${message.body?.length}`);
    expect(ranges).toEqual([
      '1-*/300000 65536',
      '65537-*/300000 34464',
      '100001-*/300000 65536',
      '165537-*/300000 34464',
      '200001-*/300000 65536',
    ]);
    for (const index of [0, 3]) {
      const message = got[index];
      if (message !== undefined) void endpoint.send(Buffer.concat([responseTo(message, 200), settled(message)]));
    }
    await until(() => told.count(200) === 3);
    owner.die();
    await until(() => told.reports.size === 1 && told.answers.size === 4);
    void peer.send(last.subarray(90_000));
    expect(told.reports.get('long')).toEqual(['000 408 Connection to next hop lost 65537-165536/300000']);
    expect(told.answers.get(tidOf(last))).toBe(408);
    const after = send({ messageId: 'after', body: 'hello' });
    void peer.send(after);
    await until(() => told.answers.has(tidOf(after)));
    expect(told.answers.get(tidOf(after))).toBe(408);
    expect([told.reports.size, told.reports.get('long')?.length]).toEqual([1, 1]);
  });

  it('is silent: what it was sent counts as failed after 30 seconds (CL-09, X-05)', async () => {
    const { workers, owner, peer, send } = await withScriptedOwner();
    const told = attend(peer);
    void peer.send(send({ messageId: 'asked', body: 'hello' }));
    const { endpoint } = await owner.next();
    await endpoint.next();
    for (let second = 0; second < 33; second += 1) {
      workers.clock.advance(1000);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => told.answers.size === 1);
    expect([told.count(408), told.reports.size]).toEqual([1, 0]);
  });

  it('comes back without the session: the next request finds out (CL-09)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const toPath = `${usePath} ${endpoint.uri}`;
    const peer = await workers.connect(1);
    const send = () => sendRequest({ toPath, fromPath: peer.uri, body: 'hello' });
    expect((await peer.ask(send())).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    await workers.relay(0).close();
    await expect.poll(() => workers.streams()[1]).toBe(0);
    expect((await peer.ask(send())).status).toBe(408);
    await workers.revive(0);
    workers.clock.advance(1000);
    expect((await peer.ask(send())).status).toBe(481);
    const back = await workers.clientAt(0);
    const anew = sendRequest({ toPath: `${back.usePath} ${back.endpoint.uri}`, fromPath: peer.uri, body: 'hello' });
    expect((await peer.ask(anew)).status).toBe(200);
  });

  it('drains: new messages are refused by it, and what was accepted comes to its end (CL-09, X-14)', async () => {
    const workers = await startWorkers();
    const client = await workers.client(0);
    const to = `${client.usePath} ${client.endpoint.uri}`;
    const peer = new Party(await workers.connect(1), '');
    let isSilent = true;
    client.respond = () => (isSilent ? undefined : 200);
    await peer.send({ to, messageId: 'before', body: 'hello' });
    await client.until(() => client.received.has('before'));
    const drained = workers.relay(0).drain(40_000);
    await peer.send({ to, messageId: 'while', body: 'hello' });
    await peer.until(() => peer.reports.length > 0);
    expect(peer.reports.map(({ messageId, status }) => `${messageId} ${status}`)).toEqual([
      'while 000 408 Closing down',
    ]);
    isSilent = false;
    for (let second = 0; second < 41; second += 1) workers.clock.advance(1000);
    await drained;
    await expect.poll(() => workers.streams()[1]).toBe(0);
    expect(peer.isGone).toBe(false);
  });
});

describe('kill -9 of the worker that has the session', () => {
  async function startChild(owner: number, port: string, directory: string) {
    const words = [`127.0.0.${owner + 1}`, port, String(owner), '2', directory];
    const child = new Child(WORKER, words);
    onTestFinished(() => child.end());
    const [, listening = ''] = await child.said(/listening tcp:\S+:(\d+)/);
    return { child, port: listening };
  }

  it('leaves senders with one answer a message and one REPORT at most, and the others as they are (CL-09)', async () => {
    const directory = temporaryFolder();
    const first = await startChild(0, '0', directory);
    const second = await startChild(1, first.port, directory);
    const port = Number(first.port);
    const target = `msrp://localhost:${port};tcp`;
    const client = async (host: string): Promise<Endpoint & { usePath?: string }> => {
      const endpoint: Endpoint & { usePath?: string } = await connect({ host, port, secure: false });
      endpoint.usePath = await endpoint.auth({ user: 'alice', password: 'secret', target });
      return endpoint;
    };
    const there = await client('127.0.0.1');
    const here = await client('127.0.0.2');
    attend(there);
    const gotHere = attend(here);
    const peer = await connect({ host: '127.0.0.2', port, secure: false });
    const told = attend(peer);
    const sent = new Map<string, string>();
    const say = (to: typeof there, name: string) => {
      const toPath = `${to.usePath} ${to.uri}`;
      const octets = sendRequest({
        toPath,
        fromPath: peer.uri,
        messageId: name,
        byteRange: '1-200/200',
        body: 'x'.repeat(200),
      });
      sent.set(name, tidOf(octets));
      void peer.send(octets);
    };
    for (let count = 0; count < 2000; count += 1) {
      say(there, `there-${count}`);
      if (count % 10 === 0) say(here, `here-${count}`);
      if (count === 1000) await until(() => told.count(200) > 500);
      if (count === 1100) first.child.process.kill('SIGKILL');
      if (count === 1500) await until(() => told.reports.size > 0 || told.count(408) > 0);
      if (count % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    await until(() => told.answers.size === sent.size);
    say(here, 'here-last');
    await until(() => gotHere.received.length === 201 && told.answers.size === sent.size);
    const statusOf = (name: string) => told.answers.get(sent.get(name) ?? '');
    const statuses = new Set([...sent.keys()].filter((name) => name.startsWith('there')).map(statusOf));
    expect([...statuses].toSorted()).toEqual([200, 408]);
    for (const [name, reports] of told.reports) expect([name, statusOf(name), reports.length]).toEqual([name, 200, 1]);
    for (const name of sent.keys()) if (name.startsWith('here')) expect(statusOf(name)).toBe(200);
    await startChild(0, first.port, directory);
    // That it could not be reached is remembered for a moment.
    const again = async () => {
      const name = `there-again-${sent.size}`;
      say(there, name);
      await until(() => told.answers.size === sent.size);
      return statusOf(name);
    };
    await expect.poll(again).toBe(481);
    expect(await readFile(`/proc/${second.child.pid}/comm`, 'latin1')).not.toBe('');
  });
});
