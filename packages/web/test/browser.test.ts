import { readFileSync } from 'node:fs';
import { fileContent } from 'msrp/node';
import { splitPath } from 'msrp/wire';
import { describe, expect, it } from 'vitest';
import { bigFile, hashOf, longFile, nextMessage, Stage, sha256 } from './stage.ts';
import { addressOf, attach, write } from './tab.ts';

const stage = new Stage();

describe('the page', () => {
  it('lets two tabs chat, and ticks off what was reported delivered (WS-01, WS-05, WS-26)', async () => {
    const [alice, bob] = await stage.pair();
    await write(alice, 'Hello Bob');
    await bob.page.getByText('Hello Bob', { exact: true }).waitFor();
    await alice.page.getByTitle('Delivered').waitFor();
    await write(bob, 'Hello <b>Alice</b> ☃');
    await alice.page.getByText('Hello <b>Alice</b> ☃', { exact: true }).waitFor();
    await bob.page.getByTitle('Delivered').waitFor();
  });

  it('has an address whose end is a ws URI of a random host (WS-09, WS-11, WS-12)', async () => {
    const [alice, bob] = await Promise.all([stage.inside('alice'), stage.inside('bob')]);
    const paths = await Promise.all([addressOf(alice), addressOf(bob)]);
    const hosts = paths.map((path) => {
      const [outer = '', own = ''] = splitPath(path);
      expect(outer).toMatch(/^msrps:\/\/localhost:\d+\/\S+;tcp$/);
      return /^msrps:\/\/(\w+\.invalid):2855\/\S+;ws$/.exec(own)?.[1];
    });
    expect(new Set(hosts).size).toBe(2);
    expect(hosts).not.toContain(undefined);
  });

  it('writes to an address that was pasted, such as that of a user at a prompt', async () => {
    const [alice, tls] = await Promise.all([stage.inside('alice'), stage.overTls()]);
    const coming = nextMessage(tls);
    const field = alice.page.getByLabel('Or paste an address');
    await field.fill('nonsense');
    await alice.page.keyboard.press('Enter');
    await alice.page.getByText('That is no MSRP address').waitFor();
    await field.fill(tls.path);
    await alice.page.keyboard.press('Enter');
    await write(alice, 'Hello, whoever you are');
    expect(await (await coming).text()).toBe('Hello, whoever you are');
    await alice.page.getByTitle('Delivered').waitFor();
  });

  it('exchanges 50 MB each way with an endpoint over TLS, and both have the same SHA-256 (WS-06, WS-15)', async () => {
    const [alice, tls] = await Promise.all([stage.inside('alice'), stage.overTls()]);
    const file = bigFile();
    await tls.open(await addressOf(alice));
    const headers = { 'Content-Disposition': 'attachment; filename="film.bin"' };
    const sent = tls.send(await fileContent(file.path), { headers });
    const save = alice.page.getByRole('link', { name: 'Save film.bin' });
    await Promise.all([sent.delivered, save.waitFor()]);
    const [download] = await Promise.all([alice.page.waitForEvent('download'), save.click()]);
    expect(download.suggestedFilename()).toBe('film.bin');
    const saved = readFileSync(await download.path());
    expect(sha256(saved)).toBe(file.hash);

    const coming = nextMessage(tls);
    await attach(alice, file.path);
    expect(await hashOf(await coming)).toBe(file.hash);
    await alice.page.getByTitle('Delivered').waitFor();
  });

  it('shows a picture, and progress while it comes', async () => {
    const [alice, bob] = await stage.pair();
    const pixel = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';
    await attach(alice, { name: 'käse.png', mimeType: 'image/png', buffer: Buffer.from(pixel, 'base64') });
    const picture = bob.page.getByRole('img', { name: 'käse.png' });
    await picture.waitFor();
    expect(await picture.evaluate((image: HTMLImageElement) => image.decode().then(() => image.naturalWidth))).toBe(1);
  });

  it('cancels a file on either side, and the session goes on', async () => {
    const [alice, bob] = await stage.pair();
    const path = longFile();
    await attach(alice, path);
    await bob.page.getByRole('progressbar').waitFor();
    await alice.page.getByRole('button', { name: 'Cancel long.bin' }).click();
    await alice.page.getByTitle('Cancelled').waitFor();
    await bob.page.getByText('The other side has cancelled it.').waitFor();
    await attach(alice, path);
    await bob.page.getByRole('button', { name: 'Cancel long.bin' }).click();
    await alice.page
      .getByText(/does not want it, or no more of it \(413\)/)
      .first()
      .waitFor();
    await write(bob, 'Too large for me');
    await alice.page.getByText('Too large for me').waitFor();
    await write(alice, 'I see');
    await bob.page.getByText('I see').waitFor();
  });

  it('keeps addresses out of the address bar, the storage and what it loads (SE-02)', async () => {
    const [alice, bob] = await stage.pair();
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
    const { headers } = await fetch(stage.relay.url);
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toContain('unsafe');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
  });
});
