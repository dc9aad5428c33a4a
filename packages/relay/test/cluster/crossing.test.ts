/** Outside peers that are connected to another worker than the session they write to: the owner's rules hold as if they were not. */
import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { type Endpoint, request, responseTo, sendRequest } from '../endpoint.ts';
import { answerTo, successReport, text, wire } from '../relay/dialogue.ts';
import { PASSWORDS } from '../relay/harness.ts';
import { Party } from '../relay/party.ts';
import { connectWeb } from '../relay/web-client.ts';
import { startWorkers } from './workers.ts';

const TRANSPORTS = [
  ['TLS', true],
  ['TCP', false],
] as const;

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, byteRange: '1-5/5', body: 'hello', ...more });
}

describe.each(TRANSPORTS)('A peer at another worker than its session, over %s', (_name, isSecure) => {
  it('writes and is written to on its one connection, octet for octet as by one relay alone (CL-01)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0, { isSecure });
    const peer = await workers.connect(1, { isSecure });
    expect(usePath).toMatch(/\/0\./);
    const asked = send(peer, `${usePath} ${endpoint.uri}`, { messageId: 'inward' });
    expect(text(await peer.ask(asked))).toBe(answerTo(asked, '200 OK', peer.uri, usePath));
    const arrived = await endpoint.next();
    expect(text(arrived)).toBe(
      wire(
        `MSRP ${arrived.tid} SEND`,
        `To-Path: ${endpoint.uri}`,
        `From-Path: ${usePath} ${peer.uri}`,
        'Message-ID: inward',
        'Byte-Range: 1-5/5',
        'Content-Type: text/plain',
        '',
        'hello',
        `-------${arrived.tid}$`,
      ),
    );
    void endpoint.send(responseTo(arrived, 200));
    const answered = send(endpoint, `${usePath} ${peer.uri}`, { messageId: 'outward' });
    expect(text(await endpoint.ask(answered))).toBe(answerTo(answered, '200 OK', endpoint.uri, usePath));
    const back = await peer.next();
    expect(text(back)).toBe(
      wire(
        `MSRP ${back.tid} SEND`,
        `To-Path: ${peer.uri}`,
        `From-Path: ${usePath} ${endpoint.uri}`,
        'Message-ID: outward',
        'Byte-Range: 1-5/5',
        'Content-Type: text/plain',
        '',
        'hello',
        `-------${back.tid}$`,
      ),
    );
    void peer.send(responseTo(back, 200));
    expect(workers.streams()).toEqual([1, 1]);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });

  it('reports success and hears of it, and so do requests of other methods (CL-01)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0, { isSecure });
    const peer = await workers.connect(1, { isSecure });
    const inward = { toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri };
    const outward = { toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri };
    for (const [from, to, paths] of [
      [peer, endpoint, inward],
      [endpoint, peer, outward],
    ] as const) {
      const isAsked = to
        .next(({ method }) => method === 'NICKNAME')
        .then((it) => to.send(responseTo(it, 425, 'Taken')));
      const answer = await from.ask(request('NICKNAME', { ...paths, extra: [['Use-Nickname', '"a"']] }));
      await isAsked;
      expect([answer.status, answer.comment, answer.header('To-Path')]).toEqual([425, 'Taken', from.uri]);
      expect(answer.header('From-Path')).toBe(`${usePath} ${to.uri}`);
      void from.send(successReport(from, paths.toPath));
      expect((await to.next()).header('Status')).toBe('000 200 OK');
    }
  });

  it('sends and gets a file of 10 MB unchanged, both at once (CL-02)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0, { isSecure });
    const client = new Party(endpoint, usePath);
    const peer = new Party(await workers.connect(1, { isSecure }), '');
    const inward = `${usePath} ${endpoint.uri}`;
    expect(await peer.fence(inward)).toBe(200);
    const body = randomBytes(10_000_000);
    const sha256 = createHash('sha256').update(body).digest('hex');
    const wish = { body, chunkOctets: body.length, successReport: 'yes' };
    await Promise.all([
      peer.send({ to: inward, messageId: 'inward', ...wish }),
      client.send({ to: `${usePath} ${peer.endpoint.uri}`, messageId: 'outward', ...wish }),
    ]);
    await peer.until(() => peer.reports.length === 1);
    await client.until(() => client.reports.length === 1);
    expect(client.message('inward', body.length)).toEqual({ sha256, wrong: [] });
    expect(peer.message('outward', body.length)).toEqual({ sha256, wrong: [] });
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
  });

  it('hears of a refused message once, by a REPORT of the session that it wrote to (CL-03)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0, { isSecure });
    const peer = new Party(await workers.connect(1, { isSecure }), '');
    const client = new Party(endpoint, usePath);
    client.respond = ({ body }) => (body?.length === 5 ? 413 : 200);
    const to = `${usePath} ${endpoint.uri}`;
    await peer.send({ to, messageId: 'long', body: 'longer' });
    await peer.send({ to, messageId: 'short', body: 'short' });
    await peer.until(() => peer.reports.length === 1);
    expect(await peer.fence(to)).toBe(200);
    expect(peer.reports).toEqual([
      { messageId: 'short', start: 1, end: 5, total: '5', status: '000 413', fromPath: usePath },
    ]);
  });
});

describe('The owner of a session refuses what comes by way of another worker, in the one answer that there is:', () => {
  it('a session that does not exist, and an owner that does not (CL-04)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1);
    const statuses: (number | undefined)[] = [];
    for (const owner of ['0', '2', '00', '../0', '-1', '']) {
      const toPath = `${usePath.replace(/\/0\.\w+/, `/${owner}.vkus29o2vf5jTZ8yKNp4xQ`)} ${endpoint.uri}`;
      const other = await workers.connect(1);
      statuses.push((await other.ask(send(other, toPath))).status);
    }
    expect(statuses).toEqual([481, 481, 481, 481, 481, 481]);
    workers.relay(0).operation.endSession(usePath);
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(481);
    void peer.send(send(peer, `${usePath} ${endpoint.uri}`, { failureReport: 'no' }));
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(481);
  });

  it('a second peer, wherever it and the first one are connected (CL-04, CN-21)', async () => {
    const workers = await startWorkers(3);
    const { endpoint, usePath } = await workers.clientAt(0);
    const toPath = `${usePath} ${endpoint.uri}`;
    const first = await workers.connect(1);
    expect((await first.ask(send(first, toPath))).status).toBe(200);
    for (const worker of [0, 1, 2]) {
      const second = await workers.connect(worker);
      expect((await second.ask(send(second, toPath))).status).toBe(506);
    }
    expect((await first.ask(send(first, toPath))).status).toBe(200);
  });

  it('what does not lead to the client, and what calls itself inside (CL-04, FW-05)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1);
    expect((await peer.ask(send(peer, `${usePath} msrps://elsewhere.example.org:2855/x;tcp`))).status).toBe(403);
    const toOutside = send(peer, `${usePath} ${peer.uri}`, { fromPath: endpoint.uri });
    expect((await peer.ask(toOutside)).status).toBe(403);
    const through = request('AUTH', { toPath: `${usePath} msrps://far.example.org;tcp`, fromPath: peer.uri });
    expect((await peer.ask(through)).status).toBe(403);
    expect((await peer.ask(request('AUTH', { toPath: usePath, fromPath: peer.uri }))).status).toBe(481);
  });

  it('a msrps: session over clear TCP, and the connection with it (CL-04)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1, { isSecure: false });
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(403);
    await peer.closed;
  });

  it('a message that is too large, and what is left of it (CL-04)', async () => {
    const workers = await startWorkers(2, { limits: { messageOctets: 100_000 } });
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = new Party(await workers.connect(1), '');
    const body = Buffer.alloc(200_000);
    const sent = await peer.send({ to: `${usePath} ${endpoint.uri}`, messageId: 'large', body, chunkOctets: 50_000 });
    await peer.until(() => peer.answers.size === sent.size);
    expect([...peer.answers.values()]).toEqual([[413], [413], [413], [413]]);
  });
});

describe('One connection', () => {
  it('serves sessions of all workers, its own among them, and its client is a peer of others (CL-01)', async () => {
    const workers = await startWorkers(3);
    const clients = await Promise.all([0, 1, 2].map((worker) => workers.client(worker)));
    const peer = await workers.client(1, 'bob');
    const sent: string[] = [];
    for (const [number, client] of clients.entries()) {
      const to = `${client.usePath} ${client.endpoint.uri}`;
      sent.push(...(await peer.send({ to, messageId: 'to-client', body: 'hello' })).keys());
      await client.until(() => client.received.has('to-client'));
      await client.send({ to: `${client.usePath} ${peer.endpoint.uri}`, messageId: `back-${number}`, body: 'x' });
    }
    await peer.until(() => peer.received.size === 3 && peer.answers.size === 3);
    expect(sent.map((tid) => peer.answers.get(tid))).toEqual([[200], [200], [200]]);
    expect(workers.streams()).toEqual([1, 2, 1]);
  });

  it('that is closed takes its streams with it, and the session may be bound anew at once (CL-05)', async () => {
    const workers = await startWorkers(3);
    const { endpoint, usePath } = await workers.clientAt(0);
    for (const worker of [1, 2, 0, 1]) {
      const peer = await workers.connect(worker);
      expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(200);
      await peer.close();
    }
    await expect.poll(() => workers.streams()).toEqual([0, 0, 0]);
  });

  it('that is closed right behind its last word loses nothing of it (CL-05)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    endpoint.pause();
    const peer = await workers.connect(1);
    const body = randomBytes(3_000_000);
    const wish = { messageId: 'last', byteRange: `1-*/${body.length}`, failureReport: 'no', body };
    await peer.send(send(peer, `${usePath} ${endpoint.uri}`, wish));
    peer.socket.end();
    endpoint.resume();
    const client = new Party(endpoint, usePath);
    await client.until(() => client.received.get('last')?.at(-1)?.flag === '$');
    const sha256 = createHash('sha256').update(body).digest('hex');
    expect(client.message('last', body.length)).toEqual({ sha256, wrong: [] });
    await expect.poll(() => workers.streams()).toEqual([0, 0]);
  });

  it('outlives the streams that its sessions no longer need (CL-05)', async () => {
    const workers = await startWorkers();
    const { endpoint, usePath } = await workers.clientAt(0);
    const peer = await workers.connect(1);
    expect((await peer.ask(send(peer, `${usePath} ${endpoint.uri}`))).status).toBe(200);
    void endpoint.send(responseTo(await endpoint.next(), 200));
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    workers.relay(0).operation.endSession(usePath);
    for (let hour = 0; hour < 3; hour += 1) workers.clock.advance(3_600_000);
    await expect.poll(() => workers.streams()).toEqual([0, 0]);
  });
});

describe('A client over WebSocket', () => {
  it('reaches sessions of other workers once it has authenticated, and gets chunks that fit (CL-01, CL-04)', async () => {
    const workers = await startWorkers(2, { chunk: { maxOctets: 262_144 } });
    const client = await workers.client(0);
    const web = await connectWeb(workers.webUrl(1));
    const toPath = `${client.usePath} ${client.endpoint.uri}`;
    expect((await web.endpoint.ask(send(web.endpoint, toPath))).status).toBe(403);
    await web.endpoint.auth({ user: 'bob', password: PASSWORDS.bob, target: workers.target });
    expect((await web.endpoint.ask(send(web.endpoint, toPath, { messageId: 'inward' }))).status).toBe(200);
    await client.until(() => client.received.has('inward'));
    const before = web.messages.length;
    const body = randomBytes(200_000);
    await client.send({ to: `${client.usePath} ${web.endpoint.uri}`, messageId: 'outward', body });
    const got: Buffer[] = [];
    for (let octets = 0; octets < body.length; octets += got.at(-1)?.length ?? 0) {
      const chunk = await web.endpoint.next();
      got.push(chunk.body ?? Buffer.alloc(0));
      void web.endpoint.send(responseTo(chunk, 200));
    }
    expect(Buffer.concat(got).equals(body)).toBe(true);
    expect(got.map(({ length }) => length)).toEqual([65_536, 65_536, 65_536, 3392]);
    expect(web.messages.length - before).toBe(got.length);
  });
});

describe('All workers together', () => {
  it('count what crosses once: where it comes in and where it goes out (CL-15)', async () => {
    const workers = await startWorkers();
    const client = await workers.client(0);
    const other = await workers.client(1, 'bob');
    const peer = new Party(await workers.connect(1), '');
    const toClient = `${client.usePath} ${client.endpoint.uri}`;
    await peer.send({ to: toClient, messageId: 'inward', body: 'hello', successReport: 'yes' });
    await peer.until(() => peer.reports.length === 1 && peer.answers.size === 1);
    await other.send({ to: other.pathTo(client), messageId: 'across', body: 'hello', successReport: 'yes' });
    await other.until(() => other.reports.length === 1);
    expect(await peer.fence(toClient)).toBe(200);
    await expect.poll(() => workers.unsettled()).toEqual([0, 0]);
    const all = workers.relays.map((relay) => relay.snapshot());
    const sumOf = (count: (snapshot: (typeof all)[number]) => number | undefined) =>
      all.reduce((sum, snapshot) => sum + (count(snapshot) ?? 0), 0);
    const methods = ['SEND', 'REPORT', 'other'];
    expect(methods.map((method) => sumOf(({ requests }) => requests.in[method]))).toEqual([2, 2, 1]);
    expect(methods.map((method) => sumOf(({ requests }) => requests.out[method]))).toEqual([2, 2, 1]);
    const answers = ['SEND 200', 'other 200'];
    expect(answers.map((answer) => sumOf(({ responses }) => responses.in[answer]))).toEqual([2, 1]);
    expect(answers.map((answer) => sumOf(({ responses }) => responses.out[answer]))).toEqual([2, 1]);
    expect(sumOf(({ connections }) => connections.tls)).toBe(3);
    expect(workers.relay(1).operation.connections({ after: 0, limit: 10 }).items).toContainEqual(
      expect.objectContaining({ transport: 'worker', direction: 'dialled', address: 'worker 0' }),
    );
    const endpoints = [client, other, peer].map(({ endpoint }) => endpoint.socket);
    expect(sumOf(({ octets }) => octets.in)).toBeLessThan(
      endpoints.reduce((sum, { bytesWritten }) => sum + bytesWritten, 1),
    );
  });
});
