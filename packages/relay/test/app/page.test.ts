import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ManualClock } from 'msrp/base';
import { describe, expect, it, onTestFinished } from 'vitest';
import { relayUri, servePage } from '../../src/app/page.ts';
import { Rendezvous } from '../../src/app/rendezvous.ts';
import { makeSelfSigned } from '../../src/app/self-signed.ts';
import { wire } from './wired.ts';

const ALICE = 'msrps://localhost:2855/a;tcp msrps://a.invalid:2855/1;ws';
const BOB = 'msrps://localhost:2855/b;tcp msrps://b.invalid:2855/2;ws';

/** What a question is answered with. */
interface News {
  readonly version: number;
  readonly people: readonly { readonly name: string; readonly path: string; readonly calls?: string }[];
}

async function newsIn(response: Response | Promise<Response>): Promise<News> {
  const news: unknown = await (await response).json();
  return news as News;
}

async function serve(withRendezvous = true) {
  const clock = new ManualClock();
  const rendezvous = withRendezvous ? new Rendezvous(clock) : undefined;
  const settings = () => ({ relay: 'msrps://localhost:2855;tcp' });
  const server = createServer(servePage({ settings, rendezvous, failed: () => {} }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const ask = async (value: unknown, headers: Record<string, string> = {}) => {
    const body = typeof value === 'string' ? value : JSON.stringify(value);
    const type = { 'Content-Type': 'application/json' };
    return await fetch(`${url}/rendezvous`, { method: 'POST', body, headers: { ...type, ...headers } });
  };
  return { clock, rendezvous, url, ask };
}

describe('the web page', () => {
  it('is served with a policy that lets in nothing else, and not sent twice', async () => {
    const { url } = await serve();
    const page = await fetch(url);
    expect(await page.text()).toContain('<script type="module" src="/page.js">');
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(page.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self' ws:\/\/localhost:(\d+) ws:\/\/127\.0\.0\.1:\1; img-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'$/,
    );
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const again = await fetch(url, { headers: { 'If-None-Match': page.headers.get('etag') ?? '' } });
    expect(again.status).toBe(304);
  });

  it('has a fixed list of files and no way to others', async () => {
    const { url } = await serve();
    for (const path of ['/../package.json', '/%2e%2e/package.json', '/index.ts', '//', '/constructor']) {
      expect((await fetch(url + path)).status, path).toBe(404);
    }
    expect((await fetch(url, { method: 'DELETE' })).status).toBe(405);
    expect((await fetch(`${url}/page.css`, { method: 'HEAD' })).headers.get('content-type')).toContain('text/css');
  });

  it('learns where the relay is', async () => {
    const { url } = await serve(false);
    const settings = await fetch(`${url}/settings.json`);
    expect(await settings.json()).toEqual({ relay: 'msrps://localhost:2855;tcp', rendezvous: false });
    expect(settings.headers.get('cache-control')).toBe('no-store');
    expect(relayUri('relay.example.org', ['ws://127.0.0.1:1', 'tls://0.0.0.0:2856'])).toBe(
      'msrps://relay.example.org:2856;tcp',
    );
  });

  it('is there only where webSocket.page is on', async () => {
    const listen = ['tls://127.0.0.1:0', 'ws://127.0.0.1:0'];
    const tls = await makeSelfSigned(['localhost'], 1, Date.now());
    for (const page of [false, true]) {
      const { ports } = await wire({ listen, tls, webSocket: { page } });
      const response = await fetch(`http://127.0.0.1:${ports[1]}/settings.json`);
      expect(response.status).toBe(page ? 200 : 426);
      if (page)
        expect(await response.json()).toEqual({ relay: `msrps://localhost:${ports[0]};tcp`, rendezvous: false });
    }
  });
});

describe('the rendezvous', () => {
  it('tells each page who else is here, as soon as that changes', async () => {
    const { ask } = await serve();
    const first = await newsIn(ask({ name: 'alice', path: ALICE, version: 0 }));
    expect(first).toMatchObject({ people: [] });
    const waiting = ask({ name: 'alice', path: ALICE, version: first.version });
    const bob = await newsIn(ask({ name: 'bob', path: BOB, calls: ALICE, version: 0 }));
    expect(bob.people).toEqual([{ name: 'alice', path: ALICE }]);
    const news = await newsIn(waiting);
    expect(news.people).toEqual([{ name: 'bob', path: BOB, calls: ALICE }]);
    const later = ask({ name: 'alice', path: ALICE, version: news.version });
    expect((await ask({ name: 'bob', path: BOB, version: 0, leaves: true })).status).toBe(204);
    expect((await newsIn(later)).people).toEqual([]);
  });

  it('forgets who does not ask any more', async () => {
    const { ask, clock } = await serve();
    await ask({ name: 'bob', path: BOB, version: 0 });
    clock.advance(2500);
    expect((await newsIn(ask({ name: 'alice', path: ALICE, version: 0 }))).people).toEqual([]);
  });

  it.each([
    ['a page of another site', { name: 'a', path: ALICE, version: 0 }, { Origin: 'http://evil.example' }, 403],
    ['a form', { name: 'a', path: ALICE, version: 0 }, { 'Content-Type': 'text/plain' }, 403],
    ['what is no JSON', '{', {}, 400],
    ['a path with a line break', { name: 'a', path: 'a\nb', version: 0 }, {}, 400],
    ['more than it should', { name: 'a'.repeat(20_000), path: ALICE, version: 0 }, {}, 400],
  ])('refuses %s', async (_what, value, headers, status) => {
    const { ask } = await serve();
    expect((await ask(value, headers as Record<string, string>)).status).toBe(status);
  });

  it('has room for 64', async () => {
    const { ask } = await serve();
    const answers: number[] = [];
    for (let at = 0; at < 65; at += 1)
      answers.push((await ask({ name: 'a', path: `${ALICE}${at}`, version: 0 })).status);
    expect(answers.slice(-2)).toEqual([200, 503]);
  });

  it('answers everybody when it is closed', async () => {
    const { ask, rendezvous } = await serve();
    const { version } = await newsIn(ask({ name: 'alice', path: ALICE, version: 0 }));
    const waiting = ask({ name: 'alice', path: ALICE, version });
    await expect.poll(() => ask({ name: 'bob', path: BOB, version: 0 }).then((answer) => answer.status)).toBe(200);
    rendezvous?.close();
    expect((await waiting).status).toBe(200);
    expect((await ask({ name: 'alice', path: ALICE, version: 0 })).status).toBe(503);
  });
});
