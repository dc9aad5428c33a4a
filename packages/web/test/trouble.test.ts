/** What somebody who looks at the page learns when something goes wrong, and that it goes on when that is possible. */
import { readFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type RelayProcess, type RelayWish, startRelay } from './relay-process.ts';
import { bigFile, longFile, Stage, sha256 } from './stage.ts';
import { addressOf, allowLostConnections, attach, freeze, stopWaiting, type Tab, write } from './tab.ts';

const MIB = 1_048_576;

const stage = new Stage();

async function ownRelay(wish: RelayWish): Promise<RelayProcess> {
  const relay = await startRelay(wish);
  onTestFinished(() => relay.stop());
  return relay;
}

/** What one writes now arrives at the other, and the other way. */
async function expectToTalk(one: Tab, other: Tab): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const text = `Do you read me, ${Math.random()}?`;
    await from.page
      .getByRole('textbox', { name: /^Message to/ })
      .and(from.page.locator(':enabled'))
      .waitFor();
    await write(from, text);
    await to.page.locator('.theirs').getByText(text, { exact: true }).waitFor();
    await from.page.locator('.bubble.delivered').getByText(text, { exact: true }).waitFor();
  }
}

describe('a wrong password', () => {
  it('is named, and the right one lets in (WS-14, WS-16)', async () => {
    const alice = await stage.inside('alice', 'wrong');
    await alice.page.getByRole('alert').getByText('User or password is wrong.').waitFor();
    expect(await alice.page.getByLabel('Password').evaluate((field) => field === document.activeElement)).toBe(true);
    await alice.page.getByLabel('Password').fill('secret');
    await alice.page.keyboard.press('Enter');
    expect(await addressOf(alice)).toContain(';ws');
  });

  it('after the relay was started anew leads back to the sign-in, with the reason', async () => {
    const first = await startRelay();
    const [alice, bob] = await stage.pair(first.url);
    allowLostConnections(alice, bob);
    await stopWaiting(alice);
    await first.stop();
    await alice.page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
    await ownRelay({ webPort: first.port, password: 'another' });
    await alice.page.getByRole('button', { name: 'Reconnect now' }).click();
    const alert = alice.page.getByRole('alert').filter({ hasText: 'User or password is wrong.' });
    await alert.filter({ hasText: 'new passwords each time it starts' }).waitFor();
    await alice.page.getByLabel('User').fill('alice');
    await alice.page.getByLabel('Password').fill('another');
    await alice.page.keyboard.press('Enter');
    expect(await addressOf(alice)).toContain(';ws');
  });
});

describe('an address that expires while the page is open', () => {
  it('is extended in time, again and again, and nobody notices', async () => {
    const relay = await ownRelay({ expiresSeconds: 6 });
    const [alice, bob] = await stage.pair(relay.url);
    const before = await addressOf(alice);
    await expect.poll(async () => Math.max(...(await relay.sessionAges('alice')))).toBeGreaterThan(13);
    expect(await addressOf(alice)).toBe(before);
    await expectToTalk(alice, bob);
    for (const { page } of [alice, bob]) expect(await page.locator('.problem:visible').allInnerTexts()).toEqual([]);
  });

  it('because the tab stood still is replaced, with a word, and the conversation goes on', async () => {
    const relay = await ownRelay({ expiresSeconds: 6 });
    const [alice, bob] = await stage.pair(relay.url);
    const before = await addressOf(alice);
    const thaw = await freeze(alice);
    await expect.poll(() => relay.sessionAges('alice')).toEqual([]);
    await thaw();
    await alice.page.getByRole('log').getByText('The session is over').first().waitFor();
    await expect.poll(() => addressOf(alice)).not.toBe(before);
    await expectToTalk(alice, bob);
  });

  it('or is ended by an operator is replaced, too', async () => {
    const [alice, bob] = await stage.pair();
    const before = await addressOf(alice);
    await stage.relay.endSessions('alice');
    await write(alice, 'Are you there?');
    await alice.page
      .getByText(/The session is over/)
      .first()
      .waitFor();
    await expect.poll(() => addressOf(alice)).not.toBe(before);
    await expectToTalk(alice, bob);
  });
});

describe('a lost network', () => {
  it('is named when the relay is gone, and the conversation goes on when it is back', async () => {
    const first = await startRelay();
    const [alice, bob] = await stage.pair(first.url);
    allowLostConnections(alice, bob);
    await stopWaiting(alice);
    await first.stop();
    await alice.page.getByRole('status').filter({ hasText: 'Connection lost' }).waitFor();
    await alice.page.getByRole('log').getByText('The connection to the relay was lost.').waitFor();
    await alice.page.getByRole('alert').getByText('Trying again by itself.').waitFor();
    expect(await alice.page.getByRole('textbox', { name: 'Message to bob' }).isDisabled()).toBe(true);
    await ownRelay({ webPort: first.port });
    await alice.page.getByRole('button', { name: 'Reconnect now' }).click();
    // Bob's page comes back by itself.
    await bob.page.getByRole('status').filter({ hasText: 'Connected as bob' }).waitFor();
    await alice.page.getByRole('log').getByText('Connected again').waitFor();
    await expectToTalk(alice, bob);
  });

  it('is named when the device says so, and the page connects at once when it is back', async () => {
    const first = await startRelay();
    const [alice, bob] = await stage.pair(first.url);
    allowLostConnections(alice, bob);
    await alice.context.setOffline(true);
    await alice.page.getByRole('status').filter({ hasText: 'Offline' }).waitFor();
    await alice.page.getByRole('alert').getByText('This device has no network.').waitFor();
    await first.stop();
    await alice.page.getByRole('alert').getByText('The page connects when it is back.').waitFor();
    await ownRelay({ webPort: first.port });
    await bob.page.getByRole('status').filter({ hasText: 'Connected as bob' }).waitFor();
    await alice.context.setOffline(false);
    await alice.page.getByRole('status').filter({ hasText: 'Connected as alice' }).waitFor();
    await expectToTalk(alice, bob);
  });
});

describe('a tab', () => {
  it('that is closed in mid-file is told to the sender, in another tab and over TLS (WS-24)', async () => {
    const [alice, bob] = await stage.pair();
    await attach(alice, longFile());
    await bob.page.getByRole('progressbar').waitFor();
    await bob.page.close();
    await alice.page.locator('.bubble.file.failed, .bubble.file.unknown').waitFor();
    await alice.page.getByText('bob has left').waitFor();

    const [other, tls] = await Promise.all([stage.inside('bob'), stage.overTls()]);
    await tls.open(await addressOf(other));
    const sent = tls.send(new Uint8Array(100 * MIB));
    const failed = expect(sent.delivered).rejects.toMatchObject({ status: expect.any(Number) });
    await other.page.getByRole('progressbar').waitFor();
    await other.page.close();
    await failed;
  });

  it('that stands still makes its sender wait, not the relay grow, and gets all when it goes on (FC-03)', async () => {
    const { relay } = stage;
    const [alice, tls] = await Promise.all([stage.inside('alice'), stage.overTls()]);
    const file = bigFile();
    await tls.open(await addressOf(alice));
    await tls.send('wait').delivered;
    const thaw = await freeze(alice);
    const residentOctets = () => relay.metric('msrp_relay_process_memory_bytes{kind="resident"}');
    const before = await residentOctets();
    const sent = tls.send(file.octets, { headers: { 'Content-Disposition': 'attachment; filename="film.bin"' } });
    const queued: number[] = [];
    const resident: number[] = [];
    let last = -1;
    // Until nothing more leaves the sender; looked at all the time.
    await expect
      .poll(
        async () => {
          queued.push(await relay.metric('msrp_relay_queued_octets'));
          resident.push(await residentOctets());
          const isSame = last === sent.progress.sentOctets;
          last = sent.progress.sentOctets;
          return last > 0 && isSame && queued.length > 20;
        },
        { interval: 100 },
      )
      .toBe(true);
    expect(last).toBeLessThan(file.octets.length / 2);
    expect(Math.max(...queued)).toBeGreaterThan(0);
    expect(Math.max(...queued)).toBeLessThan(2 * MIB);
    expect(Math.max(...resident) - before).toBeLessThan(20 * MIB);
    await thaw();
    await sent.delivered;
    const save = alice.page.getByRole('link', { name: 'Save film.bin' });
    const [download] = await Promise.all([alice.page.waitForEvent('download'), save.click()]);
    expect(sha256(await readFile(await download.path()))).toBe(file.hash);
  });
});
