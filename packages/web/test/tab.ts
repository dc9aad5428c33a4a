/** Tabs of a real browser, and what a person does in them: by the names that a screen reader says. */
import { type Browser, type BrowserContext, chromium, type Locator, type Page } from 'playwright-core';

const PATIENCE_MS = 30_000;

/** What a browser says when a relay has gone, or is about to go. */
const LOST = /^Failed to load resource: (?:net::ERR_|.* 503 )|net::ERR_|^WebSocket connection to /;

/** Debian's; as root it has no sandbox of its own. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] });
}

/** One tab, and everything that went wrong in it. */
export interface Tab {
  readonly page: Page;
  readonly context: BrowserContext;
  /** Errors of the console, exceptions, violations of the policy. */
  readonly errors: string[];
  mayLoseConnections: boolean;
}

/** Opens the page in a window of its own. */
export async function openTab(browser: Browser, url: string): Promise<Tab> {
  const context = await browser.newContext();
  context.setDefaultTimeout(PATIENCE_MS);
  const page = await context.newPage();
  const errors: string[] = [];
  const tab: Tab = { page, context, errors, mayLoseConnections: false };
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return;
    if (!tab.mayLoseConnections || !LOST.test(message.text())) errors.push(message.text());
  });
  page.on('pageerror', (error) => errors.push(String(error)));
  await page.goto(url);
  return tab;
}

/** Opens the page and signs in. */
export async function signIn(browser: Browser, url: string, user: string, password = 'secret'): Promise<Tab> {
  const tab = await openTab(browser, url);
  await tab.page.getByLabel('User').fill(user);
  await tab.page.getByLabel('Password').fill(password);
  await tab.page.getByRole('button', { name: 'Sign in' }).click();
  return tab;
}

/** The path that stands on the page. */
export async function addressOf({ page }: Tab): Promise<string> {
  return await page.getByRole('status', { name: 'Your address' }).innerText();
}

/** Writes a line. */
export async function write({ page }: Tab, text: string): Promise<void> {
  await page.getByRole('textbox', { name: /^Message/ }).fill(text);
  await page.keyboard.press('Enter');
}

/** Chooses files. */
export async function attach({ page }: Tab, ...files: Parameters<Locator['setInputFiles']>): Promise<void> {
  await page.locator('input[type=file]').setInputFiles(...files);
}

/** Makes a tab stand still, as a browser does with one that nobody looks at. @returns what makes it go on. */
export async function freeze({ page, context }: Tab): Promise<() => Promise<void>> {
  const session = await context.newCDPSession(page);
  await session.send('Debugger.enable');
  const paused = new Promise((resolve) => session.once('Debugger.paused', resolve));
  const stopped = page.evaluate('debugger');
  await paused;
  return async () => {
    await session.send('Debugger.resume');
    await stopped;
    await session.detach();
  };
}

/** The page does nothing any more because a second or longer has passed: it does not try again by itself. */
export async function stopWaiting({ page }: Tab): Promise<void> {
  await page.evaluate(() => {
    const set = globalThis.setTimeout;
    const setShort = (handler: () => void, ms = 0) => (ms < 1000 ? set(handler, ms) : 0);
    Object.assign(globalThis, { setTimeout: setShort });
  });
}

/** The relay goes away on purpose: what the browser itself writes to the console about that is no error. */
export function allowLostConnections(...tabs: readonly Tab[]): void {
  for (const tab of tabs) tab.mayLoseConnections = true;
}

/** Closes the window. */
export async function closeTab({ context }: Tab): Promise<void> {
  await context.close();
}
