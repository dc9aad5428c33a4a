/** A page of a site of its own, in a real browser: its cookie opens the WebSocket, and those of other pages do not. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { systemClock } from 'msrp/base';
import type { Browser, Page } from 'playwright-core';
import { rolldown } from 'rolldown';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { openBrowser } from '../../../web/test/tab.ts';
import { signWithSecret } from '../auth/signed-token.ts';
import { startRelayWith, type TestRelay } from '../relay/harness.ts';

const SECRET = 'a-secret-of-more-than-thirty-two-octets';

/** What the page's script is: the library, and one session with what it is given. */
const SCRIPT = `
  import { Endpoint } from 'msrp';
  import { webNetwork } from 'msrp/web';
  globalThis.openSession = async (options) => {
    const relay = await new Endpoint({ network: webNetwork(options) }).connectRelay({ uri: 'msrps://localhost;ws' });
    return (await relay.createSession()).path;
  };
`;

let browser: Browser;
let script: string;
let relay: TestRelay<typeof systemClock>;
let url: string;
let site: string;
let otherSite: string;

beforeAll(async () => {
  [browser, script] = await Promise.all([openBrowser(), bundled()]);
  [site, otherSite] = [await serve(), await serve()];
  relay = await startRelayWith(systemClock, {
    listen: ['tls://127.0.0.1:0', 'ws://127.0.0.1:0'],
    credentials: [{ type: 'jwt', secrets: [SECRET] }],
    webSocket: { origins: [site] },
    webSocketAuth: { cookie: 'msrp', query: 'access_token', bearer: true, required: true },
  });
  url = (relay.relay.listening[1] ?? '').replace('127.0.0.1', 'localhost');
});

const servers: (() => void)[] = [];
afterAll(async () => {
  for (const stop of servers) stop();
  await Promise.all([browser.close(), relay.close()]);
});

/** The script as a project that uses the library would have it. */
async function bundled(): Promise<string> {
  const entry = join(import.meta.dirname, 'entry.js');
  const build = await rolldown({
    input: entry,
    platform: 'browser',
    resolve: { conditionNames: ['source'] },
    plugins: [
      {
        name: 'entry',
        load: (id) => (id === entry ? SCRIPT : undefined),
        resolveId: (id) => (id === entry ? id : undefined),
      },
    ],
  });
  const { output } = await build.generate({ format: 'esm' });
  return output[0].code;
}

/** A site that gives whoever signs in a cookie with a token. */
async function serve(): Promise<string> {
  const server = createServer((request, response) => {
    const user = new URL(request.url ?? '', 'http://site').searchParams.get('user');
    const cookie = user === null ? {} : { 'Set-Cookie': `msrp=${tokenOf(user)}; HttpOnly; SameSite=Strict` };
    response.writeHead(200, { 'Content-Type': 'text/html', ...cookie });
    response.end(`<!doctype html><title>site</title><script type="module">${script}</script>`);
  });
  server.listen(0, 'localhost');
  await once(server, 'listening');
  servers.push(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://localhost:${(server.address() as AddressInfo).port}`;
}

function tokenOf(sub: string): string {
  return signWithSecret(SECRET, { claims: { sub, exp: Math.floor(Date.now() / 1000) + 60 } });
}

/** A page of a site; with a user, signed in there. */
async function visit(address: string, user?: string): Promise<Page> {
  const context = await browser.newContext();
  onTestFinished(() => context.close());
  const page = await context.newPage();
  await page.goto(user === undefined ? address : `${address}/?user=${user}`);
  return page;
}

/** What came of opening a session in a page: its path, or the code of the error. */
async function openSession(page: Page, options: { readonly token?: string; readonly tokenParameter?: string } = {}) {
  return await page.evaluate(
    async (wish) => {
      const { openSession: open } = globalThis as unknown as { openSession: (wish: unknown) => Promise<string> };
      return await open(wish).catch((error: { code?: string; message: string }) => `${error.code}: ${error.message}`);
    },
    { url, ...options },
  );
}

function users(): string[] {
  return relay.relay.operation.sessions({ after: 0, limit: 100 }).items.map(({ user }) => user);
}

describe('A page in a browser', () => {
  it('has a session as the user of its cookie, without a password (WS-14, WS-16)', async () => {
    const page = await visit(site, 'carol');
    expect(await openSession(page)).toMatch(/^msrps:\/\/localhost:\d+\/\S+;tcp msrps:\/\/\S+\.invalid:2855\/\S+;ws$/);
    expect(users()).toContain('carol');
  });

  it('has a session as the user of a token that it was given, in the query', async () => {
    const page = await visit(site);
    expect(await openSession(page, { token: tokenOf('dave'), tokenParameter: 'access_token' })).toMatch(/^msrps:/);
    expect(users()).toContain('dave');
  });

  it('has none without a token, or with one that is none (WS-18)', async () => {
    const page = await visit(site);
    expect(await openSession(page)).toMatch(/^MSRP_DIAL_FAILED: no connection/);
    expect(await openSession(page, { token: 'x', tokenParameter: 'access_token' })).toMatch(/^MSRP_DIAL_FAILED/);
  });

  it('of somebody else has none, although the browser sends the cookie (WS-18)', async () => {
    const page = await visit(site, 'erin');
    const evil = await page.context().newPage();
    await evil.goto(otherSite);
    expect((await page.context().cookies()).map(({ name }) => name)).toEqual(['msrp']);
    expect(await openSession(evil)).toMatch(/^MSRP_DIAL_FAILED/);
    expect(users()).not.toContain('erin');
    expect(await openSession(page)).toMatch(/^msrps:/);
  });

  it('is told to name a parameter when it has a token for a header', async () => {
    const page = await visit(site);
    const said = await openSession(page, { token: tokenOf('frank') });
    expect(said).toBe('MSRP_DIAL_FAILED: no header can be written here: a token needs tokenParameter');
  });
});
