/** Passwords that are good for a while, as a web service makes them for TURN servers and for this relay. */
import { createHmac } from 'node:crypto';
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import type { Endpoint } from '../endpoint.ts';
import { type AuthWish, authenticate } from './dialogue.ts';
import { configOf, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;

afterEach(() => relay.close());

const SECRET = 'north-harbour-lantern';
const storeOf = (more: object = {}) => ({ type: 'ephemeral', secrets: [SECRET], ...more });
const values = (more: object = {}) => ({
  credentials: [storeOf(more)],
  limits: { sessionsPerUser: 2 },
  // The clock goes on by minutes at once, and the last answer may not have left by then.
  flow: { stallTimeoutMs: 86_400_000 },
});

async function start(more: object = {}): Promise<Endpoint> {
  relay = await startRelay(values(more));
  return await relay.connect();
}

/** A name that is good for so many seconds from now, and its password. */
function credentials(seconds: number, user = 'alice', secret = SECRET): { user: string; password: string } {
  const name = `${Math.floor(relay.clock.nowMs() / 1000) + seconds}:${user}`;
  return { user: name, password: createHmac('sha1', secret).update(name).digest('base64') };
}

const ask = (endpoint: Endpoint, wish: AuthWish) => authenticate(relay, endpoint, { algorithm: 'SHA-256', ...wish });

describe('An ephemeral password', () => {
  it('is good for AUTH until its time has come, and no longer', async () => {
    const endpoint = await start();
    const good = credentials(100);
    expect((await ask(endpoint, good)).status).toBe(200);
    relay.clock.advance(101_000);
    expect((await ask(endpoint, good)).status).toBe(401);
    expect((await ask(endpoint, { ...credentials(100), password: 'wrong' })).status).toBe(401);
  });

  it('gives sessions that end with it, and says so (AU-41, AU-42)', async () => {
    const endpoint = await start();
    expect((await ask(endpoint, { ...credentials(3600), expires: '600' })).header('Expires')).toBe('600');
    const clipped = await ask(endpoint, { ...credentials(300), expires: '600' });
    expect(Number(clipped.header('Expires'))).toBeGreaterThan(298);
    expect(Number(clipped.header('Expires'))).toBeLessThanOrEqual(300);
    relay.clock.advance(300_000);
    expect(relay.relay.snapshot().sessions).toBe(1);
    relay.clock.advance(300_000);
    expect(relay.relay.snapshot().sessions).toBe(0);
  });

  it('may end sooner than the shortest lifetime that a client may ask for', async () => {
    const endpoint = await start();
    const granted = await ask(endpoint, credentials(10));
    expect([granted.status, ['9', '10'].includes(granted.header('Expires') ?? '')]).toEqual([200, true]);
    expect((await ask(endpoint, { ...credentials(10), expires: '10' })).status).toBe(423);
  });

  it('gives sessions of the usual length where that is configured', async () => {
    const endpoint = await start({ sessionsOutlive: true });
    expect((await ask(endpoint, credentials(10))).header('Expires')).toBe('86400');
    relay.clock.advance(11_000);
    await relay.relay.reload(configOf(values({ sessionsOutlive: true }), relay.clock));
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('can be followed by another one of the same user, which renews the session (AU-44)', async () => {
    const endpoint = await start();
    const usePath = (await ask(endpoint, credentials(100))).header('Use-Path') ?? '';
    relay.clock.advance(50_000);
    const renewed = await ask(endpoint, { ...credentials(100), target: usePath });
    expect([renewed.status, renewed.header('Use-Path')]).toEqual([200, usePath]);
    expect((await ask(endpoint, { ...credentials(100, 'bob'), target: usePath })).status).toBe(403);
    relay.clock.advance(60_000);
    await relay.relay.reload(configOf(values(), relay.clock));
    expect(relay.relay.snapshot().sessions).toBe(1);
  });

  it('counts for its user, whatever the time in it (SE-06)', async () => {
    const endpoint = await start();
    expect((await ask(endpoint, credentials(100))).status).toBe(200);
    expect((await ask(endpoint, credentials(101))).status).toBe(200);
    expect((await ask(endpoint, credentials(102))).status).toBe(403);
    expect((await ask(endpoint, credentials(102, 'bob'))).status).toBe(200);
  });

  it('may be made with the new secret or the old one while both are there', async () => {
    const endpoint = await start({ secrets: ['the-secret-to-come', SECRET] });
    for (const secret of [SECRET, 'the-secret-to-come']) {
      expect((await ask(endpoint, credentials(100, 'alice', secret))).status).toBe(200);
    }
    expect((await ask(endpoint, credentials(100, 'bob', 'another secret'))).status).toBe(401);
    await relay.relay.reload(configOf(values({ secrets: ['the-secret-to-come'] }), relay.clock));
    expect((await ask(endpoint, credentials(100, 'bob'))).status).toBe(401);
  });
});
