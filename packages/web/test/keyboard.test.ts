/** The page for those who use no mouse and those who do not see it: keys alone, and the names and roles that are said. */
import { describe, expect, it } from 'vitest';
import { Stage } from './stage.ts';
import { addressOf, attach, type Tab, write } from './tab.ts';

/** What is said of the parts that are always there, once somebody has signed in. */
const HERE = [
  'banner:',
  'heading "MSRP" [level=1]',
  'status: Connected as alice',
  'button "Sign out"',
  'main:',
  'region "Who is here":',
  'heading "Who is here" [level=2]',
  'list "Who is here":',
];
const ADDRESS = [
  'region "Your address":',
  'heading "Your address" [level=2]',
  'paragraph: Whoever has it can write to you, from a terminal too. Share it with nobody else.',
  'status "Your address": PATH',
  'button "Copy"',
  'status',
];

const stage = new Stage();

/** Presses Tab until something of this role and name has the focus, and says what had it on the way. */
async function tabTo({ page }: Tab, role: 'button' | 'link' | 'textbox' | 'log', name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true });
  for (let presses = 0; presses < 20; presses += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`${name} cannot be reached with the keyboard`);
}

async function hasFocus({ page }: Tab, role: 'textbox' | 'heading', name: string): Promise<void> {
  const wanted = page.getByRole(role, { name, exact: true });
  await expect.poll(() => wanted.evaluate((element) => element === document.activeElement)).toBe(true);
}

/** What a screen reader makes of the page; what differs each time is left out. */
async function said({ page }: Tab): Promise<string[]> {
  const text = await page.locator('body').ariaSnapshot();
  return (
    text
      .replaceAll(/msrps:\S+ msrps:\S+/g, 'PATH')
      .replaceAll(/\d\d?:\d\d(?: [AP]M)?/g, 'TIME')
      .split('\n')
      // Attributes.
      .filter((line) => !line.includes('- /'))
      .map((line) => line.trim().slice(2))
  );
}

describe('with the keyboard alone', () => {
  it('somebody signs in, talks, sends and keeps a file, closes the session and signs out', async () => {
    const bob = await stage.inside('bob');
    await addressOf(bob);
    const alice = await stage.outside();
    const { keyboard } = alice.page;
    // From the first listener on no real dialogue opens.
    alice.page.on('filechooser', () => {});
    await hasFocus(alice, 'textbox', 'User');
    await keyboard.type('alice');
    await keyboard.press('Tab');
    await keyboard.type('secret');
    await keyboard.press('Enter');
    await alice.page.getByRole('button', { name: 'Talk to bob' }).waitFor();
    await tabTo(alice, 'button', 'Talk to bob');
    await keyboard.press('Enter');
    await hasFocus(alice, 'textbox', 'Message to bob');
    await keyboard.type('By hand');
    await keyboard.press('Shift+Enter');
    await keyboard.type('in two lines');
    await keyboard.press('Enter');
    await alice.page.getByTitle('Delivered').waitFor();
    await bob.page.getByText('By hand\nin two lines').waitFor();
    await tabTo(alice, 'button', 'Send files');
    const chooser = alice.page.waitForEvent('filechooser');
    await keyboard.press('Enter');
    await (await chooser).setFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('text') });
    await bob.page.getByRole('link', { name: 'Save a.txt' }).waitFor();
    await tabTo(bob, 'link', 'Save a.txt');
    const download = bob.page.waitForEvent('download');
    await bob.page.keyboard.press('Enter');
    expect((await download).suggestedFilename()).toBe('a.txt');
    await tabTo(alice, 'log', 'Messages');
    await tabTo(alice, 'button', 'Close session');
    await keyboard.press('Enter');
    await hasFocus(alice, 'heading', 'Who is here');
    await tabTo(alice, 'textbox', 'Or paste an address');
    await tabTo(alice, 'button', 'Copy');
    await tabTo(alice, 'button', 'Sign out');
    await keyboard.press('Enter');
    await hasFocus(alice, 'textbox', 'User');
  });
});

describe('what is said of the page', () => {
  it('names the fields of the sign-in, and its failure as an alert', async () => {
    const alice = await stage.inside('alice', 'wrong');
    await alice.page.getByRole('alert').waitFor();
    expect(await said(alice)).toEqual([
      'banner:',
      'heading "MSRP" [level=1]',
      'status: Not signed in',
      'main:',
      'form "Sign in":',
      'heading "Sign in" [level=2]',
      'paragraph: User and password are those that the relay has printed where it was started.',
      'text: User',
      'textbox "User": alice',
      'text: Password',
      'textbox "Password": wrong',
      'alert: User or password is wrong.',
      'button "Sign in"',
    ]);
  });

  it('names everybody who is here, the address, and what can be done', async () => {
    const [alice, bob] = [await stage.inside('alice'), await stage.inside('bob')];
    await addressOf(bob);
    await alice.page.getByRole('button', { name: 'Talk to bob' }).waitFor();
    expect(await said(alice)).toEqual([
      ...HERE,
      'listitem:',
      'text: bob',
      'button "Talk to bob": Talk',
      'text: Or paste an address',
      'textbox "Or paste an address":',
      'button "Open session"',
      ...ADDRESS,
      'region "Conversation":',
      'heading "No session yet" [level=2]',
      'paragraph: Choose somebody who is here, paste an address, or hand yours to somebody and wait.',
    ]);
  });

  it('tells who wrote what, what became of it, and of files how they are kept', async () => {
    const [alice, bob] = await stage.pair();
    await write(alice, 'Hello Bob');
    await alice.page.getByTitle('Delivered').waitFor();
    await write(bob, 'Hello Alice');
    await alice.page.getByText('Hello Alice').waitFor();
    await attach(bob, { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('text') });
    await alice.page.getByRole('link', { name: 'Save a.txt' }).waitFor();
    expect(await said(alice)).toEqual([
      ...HERE,
      'listitem: bob with you',
      ...ADDRESS,
      'region "bob":',
      'heading "bob" [level=2]',
      'button "Close session"',
      'log "Messages":',
      'list:',
      'listitem:',
      'paragraph: Session with bob',
      'listitem:',
      'text: "You:"',
      'paragraph: Hello Bob',
      'paragraph:',
      'time: TIME',
      'text: Delivered',
      'listitem:',
      'text: "bob:"',
      'paragraph: Hello Alice',
      'paragraph:',
      'time: TIME',
      'listitem:',
      'text: "bob sent the file:"',
      'paragraph: a.txt 4 B',
      'link "Save a.txt":',
      'paragraph:',
      'time: TIME',
      'button "Send files"',
      'textbox "Message to bob":',
      'button "Send"',
    ]);
  });
});
