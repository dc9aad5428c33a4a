/** The library in a page that has a token instead of a password, by Node's own WebSocket, with a relay. */

import { Endpoint, type IncomingMessage, type RelayConnection } from 'msrp';
import { systemClock } from 'msrp/base';
import { nodeNetwork } from 'msrp/node';
import { type WebNetworkOptions, webNetwork } from 'msrp/web';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { signWithSecret } from '../auth/signed-token.ts';
import { authority, PASSWORDS, startRelayWith, type TestRelay } from '../relay/harness.ts';

const SECRET = 'a-secret-of-more-than-thirty-two-octets';

let relay: TestRelay<typeof systemClock>;
let url: string;
beforeAll(async () => {
  relay = await startRelayWith(systemClock, {
    listen: ['tls://127.0.0.1:0', 'ws://127.0.0.1:0'],
    credentials: [
      { type: 'static', users: PASSWORDS },
      { type: 'jwt', secrets: [SECRET] },
    ],
    webSocketAuth: { bearer: true, query: 'access_token' },
  });
  url = relay.relay.listening[1] ?? '';
});
afterAll(() => relay.close());

function tokenOf(sub: string, seconds = 60): string {
  return signWithSecret(SECRET, { claims: { sub, exp: Math.floor(Date.now() / 1000) + seconds } });
}

async function connect(options: WebNetworkOptions, credentials = {}): Promise<RelayConnection> {
  const endpoint = new Endpoint({ network: webNetwork({ url, ...options }) });
  onTestFinished(() => endpoint.close());
  return await endpoint.connectRelay({ uri: 'msrps://localhost;ws', ...credentials });
}

function users(): string[] {
  return relay.relay.operation.sessions({ after: 0, limit: 100 }).items.map(({ user }) => user);
}

describe('An endpoint with a token', () => {
  it.each([
    ['in a header', {}],
    ['in the query', { tokenParameter: 'access_token' }],
  ])('needs no password, and chats: %s (WS-16)', async (_where, options) => {
    const connection = await connect({ token: tokenOf('carol'), ...options });
    const web = await connection.createSession();
    expect(users()).toContain('carol');
    const endpoint = new Endpoint({ network: nodeNetwork({ tls: { ca: authority.ca } }) });
    onTestFinished(() => endpoint.close());
    const other = await endpoint.connectRelay({ uri: relay.target, user: 'bob', password: PASSWORDS.bob });
    const tls = await other.createSession();
    await tls.open(web.path, 'passive');
    await web.open(tls.path);
    const arrived = new Promise<IncomingMessage>((resolve) => tls.once('message', resolve));
    const text = arrived.then((message) => message.text());
    await web.send('Grüße').delivered;
    expect(await text).toBe('Grüße');
  });

  it('makes several sessions, which end with the token at the latest, and extends them until then', async () => {
    const connection = await connect({ token: () => tokenOf('dave', 100) });
    const sessions = [await connection.createSession({ expires: 90 }), await connection.createSession()];
    expect(users().filter((user) => user === 'dave')).toHaveLength(2);
    const [first, second] = await Promise.all(sessions.map((session) => session.refresh()));
    expect((first ?? 0) - Date.now()).toBeLessThanOrEqual(90_000);
    expect((second ?? 0) - Date.now()).toBeLessThanOrEqual(105_000);
    expect((second ?? 0) - Date.now()).toBeGreaterThan(90_000);
  });

  it('is asked for a new one for each connection', async () => {
    const token = vi.fn(async () => tokenOf('erin'));
    const endpoint = new Endpoint({ network: webNetwork({ url, token }) });
    onTestFinished(() => endpoint.close());
    for (let times = 0; times < 2; times += 1) {
      await (await endpoint.connectRelay({ uri: 'msrps://localhost;ws' })).createSession();
    }
    expect(token).toHaveBeenCalledTimes(2);
  });

  it('that is none gets no connection, and nothing of the token into the error', async () => {
    for (const options of [{}, { tokenParameter: 'access_token' }]) {
      const error = await connect({ token: 'canary', ...options }).catch((caught: unknown) => caught);
      expect(error).toMatchObject({ code: 'MSRP_DIAL_FAILED' });
      expect(String(error)).not.toContain('canary');
    }
  });

  it('that cannot be had gets the reason', async () => {
    const token = () => Promise.reject(new Error('signed out'));
    await expect(connect({ token })).rejects.toThrow('signed out');
  });

  it('may have a password besides, for relays that do not look at tokens (WS-20)', async () => {
    const connection = await connect({}, { user: 'alice', password: PASSWORDS.alice });
    await connection.createSession();
    expect(users()).toContain('alice');
    const both = await connect({ token: tokenOf('frank') }, { user: 'alice', password: PASSWORDS.alice });
    await both.createSession();
    expect(users()).toContain('frank');
  });

  it('and without one is told that a password is wanted', async () => {
    const connection = await connect({});
    await expect(connection.createSession()).rejects.toMatchObject({ code: 'MSRP_AUTH_FAILED', status: 401 });
  });

  it('cannot write a header where the runtime has none: a browser takes the second argument for a protocol', async () => {
    class BrowserWebSocket extends WebSocket {
      constructor(address: string | URL, protocols: unknown) {
        // As WebIDL has it: what is no list becomes a text.
        super(address, Array.isArray(protocols) ? protocols : String(protocols));
      }
    }
    vi.stubGlobal('WebSocket', BrowserWebSocket);
    onTestFinished(() => void vi.unstubAllGlobals());
    await expect(connect({ token: tokenOf('carol') })).rejects.toMatchObject({
      code: 'MSRP_DIAL_FAILED',
      message: 'no header can be written here: a token needs tokenParameter',
    });
    await (await connect({ token: tokenOf('carol'), tokenParameter: 'access_token' })).createSession();
  });
});
