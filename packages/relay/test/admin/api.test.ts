/** The API of the operator over real HTTP, in front of a real relay. */
import type { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sessionHash } from '../../src/relay/session-hash.ts';
import { responseTo, sendRequest } from '../endpoint.ts';
import { authenticate } from '../relay/dialogue.ts';
import { type Overrides, startRelay, type TestRelay } from '../relay/harness.ts';
import { openScene, until } from '../relay/scene.ts';
import { type Door, openDoor } from './door.ts';

async function start(overrides?: Overrides): Promise<{ relay: TestRelay<ManualClock>; door: Door }> {
  const relay = await startRelay(overrides);
  onTestFinished(() => relay.close());
  return { relay, door: await openDoor(relay.relay) };
}

describe('/v1/status', () => {
  it('says how the relay is', async () => {
    const { relay, door } = await start();
    await relay.client();
    expect(await door.ask('GET', '/v1/status')).toMatchObject({
      status: 200,
      body: {
        state: 'running',
        version: '1.2.3',
        listening: relay.relay.listening,
        connections: 1,
        sessions: 1,
        blocks: 0,
      },
    });
  });

  it('is 503 while the relay is being built', async () => {
    const door = await openDoor(undefined, { relay: () => undefined });
    expect(await door.ask('GET', '/v1/status')).toMatchObject({ status: 503, body: { error: expect.any(String) } });
  });
});

describe('/v1/sessions', () => {
  it('lists, shows and ends them by their hash, and shows their URI nowhere (SE-02, SE-09)', async () => {
    const { relay, door } = await start();
    const { usePath } = await relay.client('alice');
    await relay.client('bob');
    const id = sessionHash(usePath);
    const list = await door.ask('GET', '/v1/sessions');
    expect(list.body).toMatchObject({ items: [{ id, user: 'alice' }, { user: 'bob' }], next: null });
    expect((await door.ask('GET', '/v1/sessions?user=bob')).body).toMatchObject({ items: [{ user: 'bob' }] });
    const shown = await door.ask('GET', `/v1/sessions/${id}`);
    expect(shown).toMatchObject({ status: 200, body: { id, user: 'alice', state: 'open' } });
    expect(JSON.stringify([list, shown])).not.toContain(usePath.split(/[/;]/)[3]);
    expect(await door.ask('DELETE', `/v1/sessions/${id}`)).toMatchObject({ status: 204, body: '' });
    expect(await door.ask('DELETE', `/v1/sessions/${id}`)).toMatchObject({ status: 404 });
    expect(await door.ask('GET', `/v1/sessions/${id}`)).toMatchObject({
      status: 404,
      body: { error: expect.any(String) },
    });
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('come page by page', async () => {
    const { relay, door } = await start();
    for (let number = 0; number < 3; number += 1) await relay.client();
    const first = (await door.ask('GET', '/v1/sessions?limit=2')).body as { items: unknown[]; next: number };
    expect(first.items).toHaveLength(2);
    const second = await door.ask('GET', `/v1/sessions?limit=2&after=${first.next}`);
    expect(second.body).toMatchObject({ items: { length: 1 }, next: null });
  });

  it.each([
    ['/v1/sessions?limit=0', 'query.limit: '],
    ['/v1/sessions?limit=1001', 'query.limit: '],
    ['/v1/sessions?after=x', 'query.after: '],
    ['/v1/sessions/CANARY', 'param.id: expected eight hexadecimal digits'],
    ['/v1/connections/x', 'param.id: '],
  ])('answers a wrong request with 400 and a sentence that says where: %s', async (path, sentence) => {
    const { door } = await start();
    const answer = await door.ask('GET', path);
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining(sentence) } });
  });
});

describe('/v1/connections', () => {
  it('lists, shows and closes them', async () => {
    const { relay, door } = await start();
    const { endpoint } = await relay.client();
    const list = (await door.ask('GET', '/v1/connections')).body as { items: { id: number }[] };
    const id = list.items[0]?.id;
    expect(await door.ask('GET', `/v1/connections/${id}`)).toMatchObject({
      status: 200,
      body: { id, users: ['alice'] },
    });
    expect((await door.ask('DELETE', `/v1/connections/${id}`)).status).toBe(204);
    await endpoint.closed;
    await until(() => relay.relay.snapshot().sessions === 0);
    expect((await door.ask('DELETE', `/v1/connections/${id}`)).status).toBe(404);
    expect((await door.ask('GET', '/v1/connections/99')).status).toBe(404);
  });
});

describe('/v1/blocks', () => {
  it('shuts a user out and lets them in again (SE-09)', async () => {
    const { relay, door } = await start();
    const { endpoint } = await relay.client('alice');
    const put = await door.ask('PUT', '/v1/blocks/users/alice');
    expect(put).toMatchObject({ status: 200, body: { kind: 'user', value: 'alice', since: expect.any(String) } });
    await endpoint.closed;
    expect((await door.ask('GET', '/v1/blocks')).body).toMatchObject({ items: [{ value: 'alice' }] });
    const again = await relay.connect();
    expect((await authenticate(relay, again)).status).toBe(403);
    expect((await door.ask('DELETE', '/v1/blocks/users/alice')).status).toBe(204);
    expect((await door.ask('DELETE', '/v1/blocks/users/alice')).status).toBe(404);
    expect((await authenticate(relay, again)).status).toBe(200);
  });

  it.each([
    ['users', 'a/b c?%', 'a/b c?%'],
    ['users', 'ju\u0308rgen', 'j\u00fcrgen'],
    ['addresses', '198.51.100.0/24', '198.51.100.0/24'],
    ['addresses', '2001:DB8::1', '2001:db8::1'],
  ])('takes any name and address, in the form that AUTH and sockets have: %s %s', async (kind, name, value) => {
    const { door } = await start();
    const path = `/v1/blocks/${kind}/${encodeURIComponent(name)}`;
    expect((await door.ask('PUT', path)).body).toMatchObject({ value });
    expect((await door.ask('GET', '/v1/blocks')).body).toMatchObject({ items: [{ value }] });
    expect((await door.ask('DELETE', path)).status).toBe(204);
    expect((await door.ask('GET', '/v1/blocks')).body).toEqual({ items: [] });
  });

  it('says what an address has to be', async () => {
    const { door } = await start();
    const answer = await door.ask('PUT', '/v1/blocks/addresses/localhost');
    expect(answer).toMatchObject({ status: 400, body: { error: expect.stringContaining('expected an IP address') } });
  });
});

describe('The API', () => {
  it('tells of everything that somebody does, for the log, and not of what somebody looks at', async () => {
    const actions: unknown[] = [];
    const door = await openDoor(undefined, { acted: (action) => actions.push(action) });
    await door.ask('GET', '/v1/sessions');
    await door.ask('PUT', '/v1/blocks/users/alice');
    await door.ask('DELETE', '/v1/sessions/00000000');
    await door.ask('PUT', '/v1/blocks/users/bob', { token: 'wrong' });
    expect(actions).toEqual([
      { method: 'PUT', path: '/v1/blocks/users/alice', status: 200 },
      { method: 'DELETE', path: '/v1/sessions/00000000', status: 404 },
    ]);
  });

  it('describes itself: every route, what it may answer, and the tokens', async () => {
    const { door } = await start();
    const { body } = await door.ask('GET', '/openapi.json');
    const { paths, components, openapi } = body as {
      openapi: string;
      paths: Record<string, Record<string, { responses: object }>>;
      components: { schemas: Record<string, unknown>; securitySchemes: object };
    };
    expect(openapi).toBe('3.1.0');
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((one) => `${one} ${path}`),
    );
    expect(routes.toSorted()).toEqual([
      'delete /v1/blocks/addresses/{address}',
      'delete /v1/blocks/users/{user}',
      'delete /v1/connections/{id}',
      'delete /v1/sessions/{id}',
      'get /v1/blocks',
      'get /v1/connections',
      'get /v1/connections/{id}',
      'get /v1/sessions',
      'get /v1/sessions/{id}',
      'get /v1/sessions/{id}/trace',
      'get /v1/settings',
      'get /v1/status',
      'patch /v1/settings',
      'post /v1/drain',
      'post /v1/reload',
      'put /v1/blocks/addresses/{address}',
      'put /v1/blocks/users/{user}',
    ]);
    for (const methods of Object.values(paths)) {
      for (const { responses } of Object.values(methods)) expect(Object.keys(responses)).toContain('401');
    }
    expect(Object.keys(components.schemas).toSorted()).toEqual([
      'Block',
      'Connection',
      'Draining',
      'Error',
      'Reloaded',
      'Session',
      'Settings',
      'SettingsChange',
      'Status',
      'Worker',
    ]);
    expect(components.securitySchemes).toEqual({ token: { type: 'http', scheme: 'bearer' } });
  });

  it('answers what it does not know in JSON, and nothing secret when it fails', async () => {
    const failures: unknown[] = [];
    const door = await openDoor(undefined, {
      settings: () => {
        throw new Error('secret detail');
      },
      failed: (cause) => failures.push(cause),
    });
    expect(await door.ask('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    expect(await door.ask('POST', '/v1/status')).toMatchObject({ status: 404, body: { error: expect.any(String) } });
    expect(await door.ask('GET', '/v1/settings')).toMatchObject({ status: 500, body: { error: expect.any(String) } });
    expect(failures).toEqual([expect.objectContaining({ message: 'secret detail' })]);
  });

  it.each([
    ['not JSON', '{', 400],
    ['an unknown setting', { rates: { octets: 1 } }, 400],
    ['an unknown section', { tls: {} }, 400],
    ['a text for a number', { rates: { octetsPerSecond: '1' } }, 400],
    ['too much', { log: { level: 'x'.repeat(70_000) } }, 413],
  ])('answers %s with a sentence', async (_what, body, status) => {
    const { door } = await start();
    const answer = await door.ask('PATCH', '/v1/settings', { body });
    expect(answer).toMatchObject({ status, body: { error: expect.any(String) } });
  });
});

describe('A trace', () => {
  /** The lines of a trace as they come. */
  async function trace(door: Door, id: string) {
    const abort = new AbortController();
    onTestFinished(() => abort.abort());
    const headers = { Authorization: 'Bearer operator-token-0123456789' };
    const response = await fetch(`${door.url}/v1/sessions/${id}/trace`, { headers, signal: abort.signal });
    const lines: Record<string, unknown>[] = [];
    let isOver = false;
    void (async () => {
      let text = '';
      try {
        for await (const chunk of response.body ?? []) {
          text += Buffer.from(chunk).toString();
          const whole = text.split('\n');
          text = whole.pop() ?? '';
          lines.push(...whole.map((line) => JSON.parse(line) as Record<string, unknown>));
        }
      } catch {
        // Aborted.
      }
      isOver = true;
    })();
    return { response, lines, abort, isOver: () => isOver };
  }

  it('shows each step of each message of one session, without bodies and secrets, and ends with it (SE-02)', async () => {
    const scene = await openScene();
    onTestFinished(() => scene.close());
    const door = await openDoor(scene.relay.relay);
    const id = sessionHash(scene.usePath);
    const { response, lines, isOver } = await trace(door, id);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
    await until(() => lines.length === 1);
    expect(lines[0]).toMatchObject({ step: 'began', session: id });
    void scene.sender.send(
      scene.send({ body: 'SECRETBODY', byteRange: '1-10/10', messageId: 'mess-1', tid: 'tid00001' }),
    );
    void scene.receiver.send(responseTo(await scene.receiver.next(), 413));
    await until(() => lines.length >= 7);
    const steps = lines
      .slice(1)
      .map(({ step, method, range, flag, status, reason }) => ({ step, method, range, flag, status, reason }));
    expect(steps).toEqual([
      { step: 'received', method: 'SEND', range: '1-10/10', flag: undefined, status: undefined, reason: undefined },
      { step: 'ended', method: 'SEND', range: '1-10/10', flag: '$', status: undefined, reason: undefined },
      { step: 'forwarded', method: 'SEND', range: '1-10/10', flag: '$', status: undefined, reason: undefined },
      { step: 'responded', method: 'SEND', range: '1-10/10', flag: undefined, status: 200, reason: undefined },
      { step: 'answered', method: 'SEND', range: '1-10/10', flag: undefined, status: 413, reason: undefined },
      { step: 'reported', method: 'REPORT', range: '1-10/10', flag: undefined, status: 413, reason: 'response' },
    ]);
    expect(lines[1]).toMatchObject({
      ...{ messageId: 'mess-1', transactionId: 'tid00001', failureReport: 'yes', successReport: false },
      ...{ connection: 1, toPath: expect.stringContaining(`/#${id};tcp`) },
    });
    const text = JSON.stringify(lines);
    for (const secret of ['SECRETBODY', scene.usePath.split(/[/;]/)[3]]) expect(text).not.toContain(secret);
    expect((await door.ask('DELETE', `/v1/sessions/${id}`)).status).toBe(204);
    await until(isOver);
    expect(lines.at(-1)).toMatchObject({ step: 'session ended', session: id });
    expect(scene.relay.relay.traces.isIdle).toBe(true);
  });

  it('shows why a request to the session is refused', async () => {
    const { relay, door } = await start();
    const { usePath, endpoint } = await relay.client();
    const { lines } = await trace(door, sessionHash(usePath));
    const stranger = await relay.connect();
    await stranger.ask(
      `MSRP abcd1234 SEND\r\nTo-Path: ${usePath} msrps://127.0.0.1:9/x;tcp\r\nFrom-Path: ${stranger.uri}\r\nMessage-ID: mess-2\r\n-------abcd1234$\r\n`,
    );
    await until(() => lines.length === 3);
    expect(lines[1]).toMatchObject({ step: 'refused', reason: 'wrong direction', status: 403, messageId: 'mess-2' });
    expect(lines[2]).toMatchObject({ step: 'responded', status: 403 });
    expect(endpoint.socket.destroyed).toBe(false);
  });

  it('is not for others to write in: what peers choose cannot steer the terminal of whoever looks (SE-14)', async () => {
    const { relay, door } = await start();
    const { usePath, endpoint } = await relay.client();
    const { lines } = await trace(door, sessionHash(usePath));
    const toPath = `${usePath} msrps://127.0.0.1:9/x;tcp`;
    const messageId = 'evil\u001b[31m\u009b2J';
    await endpoint.ask(sendRequest({ toPath, fromPath: endpoint.uri, messageId }));
    await until(() => lines.length >= 3);
    expect(lines[1]).toMatchObject({ step: 'refused', messageId: 'evil\\u001b[31m\\u009b2J' });
  });

  it('costs nothing any more when whoever looked has gone', async () => {
    const { relay, door } = await start();
    const { usePath } = await relay.client();
    const { lines, abort } = await trace(door, sessionHash(usePath));
    await until(() => lines.length === 1);
    expect(relay.relay.traces.isIdle).toBe(false);
    abort.abort();
    await until(() => relay.relay.traces.isIdle);
  });

  it('is one of sixteen at most', async () => {
    const { relay, door } = await start();
    const { usePath } = await relay.client();
    const id = sessionHash(usePath);
    const all = await Promise.all(Array.from({ length: 16 }, () => trace(door, id)));
    expect(all.map(({ response }) => response.status)).toEqual(all.map(() => 200));
    expect(await door.ask('GET', `/v1/sessions/${id}/trace`)).toMatchObject({ status: 429 });
    expect((await door.ask('GET', '/v1/sessions/00000000/trace')).status).toBe(404);
  });
});
