/** Who fails too often, on however many connections, is not judged for a while. */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint, Message } from '../endpoint.ts';
import { type AuthWish, authenticate, fence, text } from './dialogue.ts';
import { configOf, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;

afterEach(() => relay.close());

const GUARD = { allowCleartext: true, failures: 1000, addressFailures: 10, userFailures: 3, blockMs: 60_000 };

async function start(auth: Readonly<Record<string, unknown>> = GUARD): Promise<void> {
  relay = await startRelay({ auth });
}

/** AUTHs with a wrong password, each on a connection of its own; the last answer. */
async function fail(times: number, user = 'alice'): Promise<Message | undefined> {
  let last: Message | undefined;
  for (let time = 0; time < times; time += 1) last = await try1({ user, password: 'wrong' });
  return last;
}

async function try1(wish: AuthWish): Promise<Message> {
  const endpoint = await relay.connect();
  const answer = await authenticate(relay, endpoint, wish);
  await endpoint.close();
  return answer;
}

async function status(wish: AuthWish = {}): Promise<number | undefined> {
  return (await try1(wish)).status;
}

describe('A user for whom AUTHs fail on many connections', () => {
  it('is not judged after so many, not even with the right password, and nobody is told why (AU-45, SE-06)', async () => {
    await start();
    expect((await fail(3))?.status).toBe(401);
    const answer = await try1({});
    expect(answer.status).toBe(408);
    expect(text(answer)).toContain(' 408 Try again later\r\n');
    expect(text(answer)).not.toContain('Authenti');
    expect(await status({ user: 'bob', password: 'other secret' })).toBe(200);
    expect(relay.relay.snapshot().auth).toMatchObject({ failed: 3, blocked: 1 });
    expect(relay.logged()).toContain('"outcome":"blocked"');
  });

  it('is blocked whether there is such a user or not (AU-29)', async () => {
    await start();
    expect((await fail(3, 'nobody'))?.status).toBe(401);
    expect(await status({ user: 'nobody' })).toBe(408);
  });

  it('is judged again after a while', async () => {
    await start();
    await fail(3);
    relay.clock.advance(59_000);
    expect(await status()).toBe(408);
    relay.clock.advance(1000);
    expect(await status()).toBe(200);
  });

  it('is judged where they have logged in before, so that nobody can lock them out there', async () => {
    await start();
    const { endpoint } = await relay.client();
    await fail(2);
    expect(await status()).toBe(200);
    await fail(3);
    // At home failures count by themselves: they are what a neighbour could do.
    expect(await status()).toBe(408);
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  });

  it('costs others their connection when they go on with it (AU-45)', async () => {
    await start({ ...GUARD, failures: 5 });
    await fail(3);
    const { endpoint } = await relay.client('bob');
    for (let time = 0; time < 5; time += 1) expect((await authenticate(relay, endpoint)).status).toBe(408);
    await endpoint.closed;
  });
});

describe('An address from which AUTHs fail', () => {
  it('is not judged after so many, whatever the users; it is still challenged (AU-45, SE-06)', async () => {
    await start();
    for (let user = 0; user < 10; user += 1) await fail(1, `user ${user}`);
    const endpoint: Endpoint = await relay.connect();
    expect((await authenticate(relay, endpoint)).status).toBe(408);
    expect((await endpoint.ask(fence(relay, endpoint))).status).toBe(401);
  });

  it('keeps its sessions', async () => {
    await start();
    const { endpoint, usePath } = await relay.client('bob');
    for (let user = 0; user < 10; user += 1) await fail(1, `user ${user}`);
    expect(await status()).toBe(408);
    const renewed = await authenticate(relay, endpoint, { target: usePath, user: 'bob', password: 'other secret' });
    expect([renewed.status, renewed.header('Use-Path')]).toEqual([200, usePath]);
  });
});

describe('The bounds of failures', () => {
  it('can be changed while the relay runs, and what was counted stays', async () => {
    await start();
    await fail(3);
    const reload = (auth: object) => relay.relay.reload(configOf({ auth: { ...GUARD, ...auth } }, relay.clock));
    expect(await reload({ userFailures: 2, addressFailures: 20 })).toEqual([]);
    expect(await status()).toBe(408);
    expect((await fail(2, 'bob'))?.status).toBe(401);
    expect(await status({ user: 'bob', password: 'other secret' })).toBe(408);
  });
});
