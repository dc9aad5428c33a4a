import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoint, type IncomingMessage, type Session } from 'msrp';
import { fileContent, nodeNetwork } from 'msrp/node';
import { splitPath } from 'msrp/wire';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { addressOf, closeTab, openBrowser, openTab, signIn, type Tab, write } from './tab.ts';

const FILE_OCTETS = 50_000_000;
const PATIENT = { timeout: 10_000 };

let browser: Browser;
let relay: RelayProcess;
let tabs: Tab[] = [];

beforeAll(async () => {
  [browser, relay] = await Promise.all([openBrowser(), startRelay()]);
});

afterAll(async () => {
  await browser.close();
  await relay.stop();
});

/** Nothing that the tabs did in a test went against the policy or made an error. */
afterEach(async () => {
  const errors = tabs.flatMap((tab) => tab.errors);
  for (const tab of tabs) await closeTab(tab);
  tabs = [];
  expect(errors).toEqual([]);
});

async function inside(user: string, password?: string, at = relay): Promise<Tab> {
  const tab = await signIn(browser, at.url, user, password);
  tabs.push(tab);
  return tab;
}

/** Alice and Bob, in a session that Alice has opened. */
async function pair(at = relay): Promise<[alice: Tab, bob: Tab]> {
  const [alice, bob] = await Promise.all([inside('alice', 'secret', at), inside('bob', 'secret', at)]);
  await alice.page.getByRole('button', { name: 'Talk to bob' }).click();
  await bob.page.getByRole('textbox', { name: 'Message to alice' }).waitFor();
  return [alice, bob];
}

/** A user of the library over TLS, with the address of a tab. */
async function overTls(): Promise<Session> {
  const endpoint = new Endpoint({ network: nodeNetwork({ tls: { ca: readFileSync(relay.certificate, 'utf8') } }) });
  onTestFinished(() => endpoint.close());
  const connection = await endpoint.connectRelay({ uri: relay.uri, user: 'bob', password: 'secret' });
  return await connection.createSession();
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'msrp-page-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

function bigFile(): { path: string; hash: string } {
  const octets = randomBytes(FILE_OCTETS);
  const path = join(folder(), 'film.bin');
  writeFileSync(path, octets);
  return { path, hash: createHash('sha256').update(octets).digest('hex') };
}

async function hashOf(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const octets of message) hash.update(octets);
  return hash.digest('hex');
}

function nextMessage(session: Session): Promise<IncomingMessage> {
  return new Promise((resolve) => session.once('message', resolve));
}

async function attach({ page }: Tab, ...files: Parameters<ReturnType<Tab['page']['locator']>['setInputFiles']>) {
  await page.locator('input[type=file]').setInputFiles(...files);
}

describe('the page', () => {
  it('lets two tabs chat, and ticks off what was reported delivered (WS-01, WS-05, WS-26)', async () => {
    const [alice, bob] = await pair();
    await write(alice, 'Hello Bob');
    await bob.page.getByText('Hello Bob', { exact: true }).waitFor();
    await alice.page.getByTitle('Delivered').waitFor();
    await write(bob, 'Hello <b>Alice</b> ☃');
    await alice.page.getByText('Hello <b>Alice</b> ☃', { exact: true }).waitFor();
    await bob.page.getByTitle('Delivered').waitFor();
  });

  it('has an address whose end is a ws URI of a random host (WS-09, WS-11, WS-12)', async () => {
    const [alice, bob] = await Promise.all([inside('alice'), inside('bob')]);
    const paths = await Promise.all([addressOf(alice), addressOf(bob)]);
    const hosts = paths.map((path) => {
      const [outer = '', own = ''] = splitPath(path);
      expect(outer).toMatch(/^msrps:\/\/localhost:\d+\/\S+;tcp$/);
      return /^msrps:\/\/(\w+\.invalid):2855\/\S+;ws$/.exec(own)?.[1];
    });
    expect(new Set(hosts).size).toBe(2);
    expect(hosts).not.toContain(undefined);
  });

  it('exchanges 50 MB each way with an endpoint over TLS', async () => {
    const [alice, tls] = await Promise.all([inside('alice'), overTls()]);
    const file = bigFile();
    await tls.open(await addressOf(alice));
    const headers = { 'Content-Disposition': 'attachment; filename="film.bin"' };
    const sent = tls.send(await fileContent(file.path), { headers });
    const save = alice.page.getByRole('link', { name: 'Save film.bin' });
    await Promise.all([sent.delivered, save.waitFor()]);
    const [download] = await Promise.all([alice.page.waitForEvent('download'), save.click()]);
    expect(download.suggestedFilename()).toBe('film.bin');
    const saved = readFileSync(await download.path());
    expect(createHash('sha256').update(saved).digest('hex')).toBe(file.hash);

    const coming = nextMessage(tls);
    await attach(alice, file.path);
    expect(await hashOf(await coming)).toBe(file.hash);
    await alice.page.getByTitle('Delivered').waitFor();
  });

  it('shows a picture, and progress while it comes', async () => {
    const [alice, bob] = await pair();
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    await attach(alice, { name: 'käse.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
    const picture = bob.page.getByRole('img', { name: 'käse.png' });
    await picture.waitFor();
    expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(1);
  });

  it('cancels a file on either side, and the session goes on', async () => {
    const [alice, bob] = await pair();
    const file = bigFile();
    await attach(alice, file.path);
    await alice.page.getByRole('button', { name: 'Cancel film.bin' }).click();
    await alice.page.getByTitle('Cancelled').waitFor();
    await bob.page.getByText('The other side has cancelled it.').waitFor();
    await attach(alice, file.path);
    await bob.page.getByRole('button', { name: 'Cancel film.bin' }).click();
    await alice.page
      .getByText(/does not want it, or no more of it \(413\)/)
      .first()
      .waitFor();
    await write(bob, 'Too large for me');
    await alice.page.getByText('Too large for me').waitFor();
    await write(alice, 'I see');
    await bob.page.getByText('I see').waitFor();
  });

  it('tells the sender of a file that the tab of the receiver was closed (WS-24)', async () => {
    const [alice, bob] = await pair();
    await attach(alice, bigFile().path);
    await bob.page.getByRole('progressbar').waitFor();
    await bob.page.close();
    await expect.poll(() => alice.page.locator('.bubble.failed, .bubble.unknown').count(), PATIENT).toBe(1);
    await alice.page.getByText('bob has left').waitFor();
  });

  it('says that the password is wrong, and lets in with the right one (WS-14, WS-16)', async () => {
    const alice = await inside('alice', 'wrong');
    await alice.page.getByRole('alert').getByText('User or password is wrong.').waitFor();
    await alice.page.getByLabel('Password').fill('secret');
    await alice.page.keyboard.press('Enter');
    expect(await addressOf(alice)).toContain(';ws');
  });

  it('goes on with another session when the relay has ended it', async () => {
    const [alice, bob] = await pair();
    const before = await addressOf(alice);
    await relay.endSessions('alice');
    await write(alice, 'Are you there?');
    await alice.page
      .getByText(/The session is over/)
      .first()
      .waitFor();
    await expect.poll(() => addressOf(alice), PATIENT).not.toBe(before);
    await write(alice, 'Once more');
    await bob.page.getByText('Once more').waitFor();
    await write(bob, 'I am');
    await alice.page.getByText('I am', { exact: true }).waitFor();
  });

  it('says that the relay is gone, and goes on when it is back', async () => {
    const first = await startRelay();
    const [alice, bob] = await pair(first);
    await first.stop();
    await alice.page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
    await alice.page.getByText('The connection to the relay was lost.').waitFor();
    const second = await startRelay(first.port);
    onTestFinished(() => second.stop());
    await alice.page.getByRole('button', { name: 'Reconnect now' }).click();
    await bob.page.getByRole('status').filter({ hasText: 'Connected as bob' }).waitFor();
    await alice.page.getByRole('textbox', { name: 'Message to bob' }).and(alice.page.locator(':enabled')).waitFor();
    await expect
      .poll(async () => {
        await write(alice, 'Back again');
        return bob.page.getByText('Back again').count();
      })
      .toBeGreaterThan(0);
    // That a connection is refused is written to the console by the browser itself.
    for (const { errors } of [alice, bob]) {
      expect(
        errors.filter(
          (text) =>
            !/ERR_CONNECTION_REFUSED|ERR_SOCKET_NOT|ERR_EMPTY|ERR_INCOMPLETE|ERR_CONNECTION_RESET|WebSocket connection/.test(
              text,
            ),
        ),
      ).toEqual([]);
      errors.length = 0;
    }
  });

  it('makes the relay hold little for a tab that stands still (WS-15)', async () => {
    const [alice, tls] = await Promise.all([inside('alice'), overTls()]);
    await tls.open(await addressOf(alice));
    await tls.send('wait').delivered;
    const still = alice.page.evaluate(() => {
      const end = performance.now() + 3000;
      while (performance.now() < end);
    });
    const sent = tls.send(randomBytes(30_000_000));
    let isOver = false;
    void still.then(() => (isOver = true));
    let most = 0;
    while (!isOver) most = Math.max(most, await relay.metric('msrp_relay_queued_octets'));
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(2 * 1024 * 1024);
    await sent.delivered;
  });

  it('can be used with the keyboard alone', async () => {
    const bob = await inside('bob');
    await addressOf(bob);
    const alice = await openTab(browser, relay.url);
    tabs.push(alice);
    const { keyboard } = alice.page;
    await expect
      .poll(() => alice.page.getByLabel('User').evaluate((field) => field === document.activeElement))
      .toBe(true);
    await keyboard.type('alice');
    await keyboard.press('Tab');
    await keyboard.type('secret');
    await keyboard.press('Enter');
    await alice.page.getByRole('button', { name: 'Talk to bob' }).waitFor();
    await tabTo(alice, 'Talk to bob');
    await keyboard.press('Enter');
    await alice.page.getByRole('textbox', { name: 'Message to bob' }).waitFor();
    await keyboard.type('By hand');
    await keyboard.press('Enter');
    await alice.page.getByTitle('Delivered').waitFor();
    await tabTo(alice, 'Send files');
    const chooser = alice.page.waitForEvent('filechooser');
    await keyboard.press('Enter');
    await (await chooser).setFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('text') });
    await bob.page.getByRole('link', { name: 'Save a.txt' }).waitFor();
  });

  it('keeps addresses out of the address bar, the storage and what it loads (SE-02)', async () => {
    const [alice, bob] = await pair();
    await write(alice, 'Hello');
    await alice.page.getByTitle('Delivered').waitFor();
    const kept = await bob.page.evaluate(() =>
      JSON.stringify([location.href, { ...localStorage }, { ...sessionStorage }, document.cookie, history.state]),
    );
    expect(kept).not.toContain('msrps:');
    const loaded = await alice.page.evaluate(() =>
      performance.getEntriesByType('resource').map(({ name }) => new URL(name).pathname),
    );
    expect(new Set(loaded)).toEqual(
      new Set(
        ['/page.js', '/page.css', '/settings.json', '/rendezvous', '/icon.svg'].filter((name) => loaded.includes(name)),
      ),
    );
  });

  it('runs nothing that is written into it: the policy allows no inline code', async () => {
    const { headers } = await fetch(relay.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});

/** Presses Tab until the button of this name has the focus. */
async function tabTo({ page }: Tab, name: string): Promise<void> {
  const button = page.getByRole('button', { name });
  for (let presses = 0; presses < 20; presses += 1) {
    if (await button.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} cannot be reached with the keyboard`);
}
