/** The operator of a relay of two workers: one door for all of them. */
import { describe, expect, it } from 'vitest';
import { sessionHash } from '../../src/relay/session-hash.ts';
import { connect } from '../endpoint.ts';
import type { Party } from '../relay/party.ts';
import { type Crew, startCrew } from './crew.ts';

/** Everything in a list, so many at a time. */
async function all(crew: Crew, path: string, limit: number): Promise<{ id: string | number; user?: string }[]> {
  const items = [];
  for (let after: number | null = 0; after !== null; ) {
    const { body } = await crew.ask('GET', `${path}?limit=${limit}&after=${after}`);
    expect(body.items.length).toBeLessThanOrEqual(limit);
    items.push(...body.items);
    after = body.next;
  }
  return items;
}

describe('The operator of a relay of two workers', () => {
  it('lists the connections and sessions of both, page by page, each once, and acts on them', async () => {
    const crew = await startCrew();
    const at0 = [await crew.memberAt('0'), await crew.memberAt('0')];
    const at1 = [await crew.memberAt('1'), await crew.memberAt('1'), await crew.memberAt('1')];
    const members = [...at0, ...at1];
    for (const limit of [1, 2, 3, 4, 5, 100]) {
      const sessions = await all(crew, '/v1/sessions', limit);
      const connections = await all(crew, '/v1/connections', limit);
      expect(sessions.map(({ id }) => id)).toEqual(members.map(({ usePath }) => sessionHash(usePath)));
      expect(new Set(connections.map(({ id }) => id)).size).toBe(5);
    }
    const { body } = await crew.ask('GET', '/v1/sessions');
    expect(body.next).toBeNull();
    const first = body.items[0];
    const last = body.items[4];
    expect([first.connection < 1e12, last.connection > 1e12]).toEqual([true, true]);
    expect((await crew.ask('GET', `/v1/connections/${last.connection}`)).body).toMatchObject({ id: last.connection });
    expect((await crew.ask('GET', `/v1/sessions/${last.id}`)).body).toMatchObject({ id: last.id });
    expect((await crew.ask('DELETE', `/v1/sessions/${last.id}`)).status).toBe(204);
    expect((await crew.ask('GET', `/v1/sessions/${last.id}`)).status).toBe(404);
    expect((await crew.ask('DELETE', `/v1/connections/${first.connection}`)).status).toBe(204);
    await at0[0]?.endpoint.closed;
    expect((await crew.ask('DELETE', '/v1/connections/7000000000001')).status).toBe(404);
    expect(await crew.status()).toMatchObject({ connections: 4, sessions: 3 });
    expect(await crew.relay.metric('sessions')).toBe(3);
  });

  it('traces a session wherever it is', async () => {
    const crew = await startCrew();
    const from = await crew.memberAt('1');
    const to = await crew.memberAt('1');
    const response = await crew.follow(sessionHash(to.usePath), AbortSignal.timeout(20_000));
    expect(response.status).toBe(200);
    const text = response.text();
    await from.send({ to: from.pathTo(to), messageId: 'traced', body: 'hello' });
    await to.until(() => to.received.has('traced'));
    expect((await crew.ask('DELETE', `/v1/sessions/${sessionHash(to.usePath)}`)).status).toBe(204);
    const steps = (await text)
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(steps[0]).toMatchObject({ step: 'began' });
    expect(steps.find(({ step }) => step === 'received')).toMatchObject({ method: 'SEND', messageId: 'traced' });
    expect(steps.at(-1)).toMatchObject({ step: 'session ended' });
  });

  it('blocks a user at both, also at a worker that is started later, and lets in again', async () => {
    const crew = await startCrew();
    const [at0, at1] = [await crew.memberAt('0'), await crew.memberAt('1')];
    const { body } = await crew.ask('PUT', '/v1/blocks/users/alice');
    expect(body).toMatchObject({ kind: 'user', value: 'alice' });
    await Promise.all([at0.endpoint.closed, at1.endpoint.closed]);
    process.kill(await crew.pidOf('0'), 'SIGKILL');
    await expect.poll(async () => (await crew.status()).workers[0]?.restarts).toBe(1);
    await expect.poll(async () => (await crew.status()).workers[0]?.state, { timeout: 10_000 }).toBe('running');
    for (let tries = 0; tries < 20; tries += 1) await expect(crew.member()).rejects.toThrow('403');
    expect(await crew.status()).toMatchObject({ blocks: 1, sessions: 0 });
    expect((await crew.ask('GET', '/v1/blocks')).body).toEqual({ items: [body] });
    expect((await crew.ask('DELETE', '/v1/blocks/users/alice')).status).toBe(204);
    expect((await crew.ask('DELETE', '/v1/blocks/users/alice')).status).toBe(404);
    await crew.memberAt('0');
    await crew.memberAt('1');
  });

  it('changes settings at both, also at a worker that is started later', async () => {
    const crew = await startCrew();
    const before = [await crew.memberAt('0'), await crew.memberAt('1')];
    expect((await crew.ask('PATCH', '/v1/settings', { limits: { pathUris: 2 } })).status).toBe(200);
    const statusAt = async (member: Party) => {
      const beyond = ['a', 'b', 'c'].map((id) => `msrp://localhost:1/${id};tcp`).join(' ');
      const [tid = ''] = (
        await member.send({ to: `${member.usePath} ${beyond}`, messageId: 'long', body: 'hello' })
      ).keys();
      await member.until(() => member.answers.has(tid));
      return member.answers.get(tid);
    };
    for (const member of before) expect(await statusAt(member)).toEqual([400]);
    expect(await crew.relay.metric('refused_total', 'reason="path too long"')).toBe(2);
    process.kill(await crew.pidOf('1'), 'SIGKILL');
    const again = async () => {
      const { state, restarts } = (await crew.status()).workers[1] ?? {};
      return `${state} ${restarts}`;
    };
    await expect.poll(again, { timeout: 10_000 }).toBe('running 1');
    expect(await statusAt(await crew.memberAt('1'))).toEqual([400]);
    expect(await crew.relay.metric('refused_total', 'reason="path too long"')).toBe(3);
  });

  it('reloads all or none', async () => {
    const crew = await startCrew();
    const [at0, at1] = [await crew.memberAt('0'), await crew.memberAt('1')];
    crew.write((text) => text.replace('secret', 'changed').replace('tcp:', 'ftp:'));
    expect(await crew.ask('POST', '/v1/reload')).toMatchObject({
      status: 422,
      body: { problems: [expect.any(String)] },
    });
    await crew.member();

    // Right in itself; whether a user database is there the workers find out.
    crew.write((text) => text.replace(/credentials: .*/, 'credentials: [{ type: sqlite, path: none.db }]'));
    expect(await crew.ask('POST', '/v1/reload')).toMatchObject({
      status: 422,
      body: { error: expect.stringMatching(/none\.db/) },
    });
    await crew.memberAt('0');
    await crew.memberAt('1');

    crew.write((text) =>
      text
        .replace('true }\n', 'true, failures: 3 }\n')
        .replace('tcp://127.0.0.1:0', 'tcp://127.0.0.1:0, tcp://localhost:0')
        .replace('secret', 'changed'),
    );
    crew.relay.child.process.kill('SIGHUP');
    await crew.relay.child.said(/"needsRestart":\["auth.failures"\]/);
    const { listening } = await crew.status();
    expect(listening).toEqual([
      `tcp://127.0.0.1:${crew.relay.port}`,
      expect.stringMatching(/^tcp:\/\/localhost:[1-9]\d*$/),
    ]);
    for (let tries = 0; tries < 10; tries += 1) await expect(crew.member()).rejects.toThrow();
    const added = { port: Number(listening[1]?.split(':').at(-1)), host: 'localhost' };
    const owners = new Set<string>();
    for (let tries = 0; tries < 30 && owners.size < 2; tries += 1) {
      const endpoint = await connect(added);
      const usePath = await endpoint.auth({
        user: 'alice',
        password: 'changed',
        target: `msrp://localhost:${added.port};tcp`,
      });
      owners.add(/\/(\d)\./.exec(usePath)?.[1] ?? '');
      endpoint.socket.destroy();
    }
    expect(owners.size).toBe(2);
    expect([at0.isGone, at1.isGone]).toEqual([false, false]);
  });

  it('has failed AUTHs counted by all workers together', async () => {
    const crew = await startCrew();
    const fail = async () => {
      const endpoint = await crew.relay.connect();
      const failed = endpoint.auth({ user: 'mallory', password: 'guessed', target: crew.relay.target });
      await failed.catch(() => {});
      endpoint.socket.destroy();
    };
    while ((await crew.relay.metric('auth_total', 'outcome="blocked"')) === 0) await fail();
    // 20 of one user, and those that were judged while the tidings of them were on their way.
    expect(await crew.relay.metric('auth_total', 'outcome="failed"')).toBeLessThanOrEqual(23);
  });
});
