/** One relay for users of several realms: the host that an AUTH is addressed to picks one. */
import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestParameters } from '../digest-answer.ts';
import { request } from '../endpoint.ts';
import { certificateFor } from './chain.ts';
import { authenticate, challengesOf } from './dialogue.ts';
import { authority, configOf, type Overrides, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;

const CHAT = 'msrps://chat.localhost;tcp';
const PLAIN = 'msrps://plain.localhost;tcp';

const values = async (): Promise<Overrides> => ({
  tls: { ...(await certificateFor('localhost', 'chat.localhost', 'plain.localhost')), ca: authority.ca },
  domains: ['chat.localhost', 'plain.localhost'],
  realms: { 'chat.localhost': 'chat realm' },
  credentials: [
    { type: 'static', users: { alice: 'secret' } },
    { type: 'static', realm: 'chat realm', users: { alice: 'other secret', carol: 'third secret' } },
  ],
  limits: { sessionsPerUser: 2 },
});

beforeEach(async () => {
  relay = await startRelay(await values());
});

afterEach(() => relay.close());

async function challengesAt(target: string): Promise<string[]> {
  const endpoint = await relay.connect();
  return challengesOf(await endpoint.ask(request('AUTH', { toPath: target, fromPath: endpoint.uri })));
}

/** The status of an AUTH to a target, with the challenge that it makes. */
async function statusAt(target: string, user: string, password: string): Promise<number | undefined> {
  const endpoint = await relay.connect();
  const challenges = await challengesAt(target);
  return (await authenticate(relay, endpoint, { target, user, password, challenges })).status;
}

describe('A relay with several realms', () => {
  it('offers the realm of the host that is asked, however it is written; all others have the usual one (AU-10)', async () => {
    const realmAt = async (target: string) => digestParameters((await challengesAt(target))[0] ?? '').get('realm');
    expect(await realmAt(CHAT)).toBe('chat realm');
    expect(await realmAt('msrps://CHAT.localhost;tcp')).toBe('chat realm');
    expect(await realmAt(PLAIN)).toBe('localhost');
    expect(await realmAt(relay.target)).toBe('localhost');
  });

  it('knows each user in their own realm only (AU-18)', async () => {
    expect(await statusAt(CHAT, 'alice', 'other secret')).toBe(200);
    expect(await statusAt(CHAT, 'carol', 'third secret')).toBe(200);
    expect(await statusAt(relay.target, 'alice', 'secret')).toBe(200);
    expect(await statusAt(CHAT, 'alice', 'secret')).toBe(401);
    expect(await statusAt(relay.target, 'alice', 'other secret')).toBe(401);
    expect(await statusAt(PLAIN, 'carol', 'third secret')).toBe(401);
  });

  it('does not take credentials for one realm at the host of another', async () => {
    const endpoint = await relay.connect();
    const challenges = await challengesAt(CHAT);
    const answer = await authenticate(relay, endpoint, { user: 'carol', password: 'third secret', challenges });
    expect(answer.status).toBe(401);
  });

  it('renews a session in the realm that it began in, although its URI names the relay (AU-44)', async () => {
    const endpoint = await relay.connect();
    const user = { user: 'carol', password: 'third secret' };
    const usePath = await endpoint.auth({ ...user, target: CHAT });
    expect(usePath).toMatch(/^msrps:\/\/localhost:/);
    expect(await endpoint.auth({ ...user, target: usePath })).toBe(usePath);
  });

  it('takes users of one name in two realms for two users', async () => {
    const endpoint = await relay.connect();
    const mine = { user: 'alice', password: 'secret', target: relay.target };
    const theirs = { user: 'alice', password: 'other secret', target: CHAT };
    const session = await endpoint.auth(mine);
    await endpoint.auth(mine);
    await expect(endpoint.auth(mine)).rejects.toThrow('403 Too many sessions');
    await endpoint.auth(theirs);
    await expect(endpoint.auth({ ...theirs, target: session })).rejects.toThrow('401');
  });

  it('ends the sessions of a user who is gone, and not those of another realm (SE-09)', async () => {
    const endpoint = await relay.connect();
    await endpoint.auth({ user: 'alice', password: 'secret', target: relay.target });
    await endpoint.auth({ user: 'alice', password: 'other secret', target: CHAT });
    await endpoint.auth({ user: 'carol', password: 'third secret', target: CHAT });
    const [own] = (await values()).credentials as unknown[];
    const fewer = { type: 'static', realm: 'chat realm', users: { carol: 'third secret' } };
    await relay.relay.reload(configOf({ ...(await values()), credentials: [own, fewer] }, relay.clock));
    expect(relay.relay.snapshot().sessions).toBe(2);
    expect(relay.logged()).toContain('"user":"chat realm\\\\alice"');
  });
});
