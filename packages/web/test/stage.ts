/** What the tests of the page share: a browser, a relay, tabs of users that are watched for errors, and a peer outside of any browser. */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Endpoint, type IncomingMessage, type Session } from 'msrp';
import { nodeNetwork } from 'msrp/node';
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, onTestFinished } from 'vitest';
import { type RelayProcess, startRelay } from './relay-process.ts';
import { closeTab, openBrowser, openTab, signIn, type Tab } from './tab.ts';

const FILE_OCTETS = 50_000_000;
const LONG_FILE_OCTETS = 450_000_000;

/** Stands while the tests of one file run. */
export class Stage {
  #browser: Browser | undefined;
  #relay: RelayProcess | undefined;
  #tabs: Tab[] = [];

  /** To be called once, outside of tests. */
  constructor() {
    beforeAll(async () => {
      [this.#browser, this.#relay] = await Promise.all([openBrowser(), startRelay()]);
    });
    afterAll(async () => {
      await this.#browser?.close();
      await this.#relay?.stop();
    });
    // Nothing that the tabs did in a test went against the policy or made an error.
    afterEach(async () => {
      const errors = this.#tabs.flatMap((tab) => tab.errors);
      for (const tab of this.#tabs) await closeTab(tab);
      this.#tabs = [];
      // A tab that is killed is taken to be there for a little longer: the next test must not meet it.
      await expect.poll(() => this.relay.peopleCount()).toBe(0);
      expect(errors).toEqual([]);
    });
  }

  get relay(): RelayProcess {
    if (this.#relay === undefined) throw new Error('no relay yet');
    return this.#relay;
  }

  /** A tab in which nobody has signed in. */
  async outside(url = this.relay.url): Promise<Tab> {
    return this.#watched(await openTab(this.#opened, url));
  }

  /** A tab in which somebody has tried to. */
  async inside(user: string, password = 'secret', url = this.relay.url): Promise<Tab> {
    return this.#watched(await signIn(this.#opened, url, user, password));
  }

  /** Alice and Bob, in a session that Alice has opened. */
  async pair(url = this.relay.url): Promise<[alice: Tab, bob: Tab]> {
    const [alice, bob] = await Promise.all([this.inside('alice', 'secret', url), this.inside('bob', 'secret', url)]);
    await alice.page.getByRole('button', { name: 'Talk to bob' }).click();
    await bob.page.getByRole('textbox', { name: 'Message to alice' }).waitFor();
    return [alice, bob];
  }

  /** A user of the library over TLS, outside of any browser. */
  async overTls(): Promise<Session> {
    const ca = readFileSync(this.relay.certificate, 'utf8');
    const endpoint = new Endpoint({ network: nodeNetwork({ tls: { ca } }) });
    onTestFinished(() => endpoint.close());
    const connection = await endpoint.connectRelay({ uri: this.relay.uri, user: 'bob', password: 'secret' });
    return await connection.createSession();
  }

  get #opened(): Browser {
    if (this.#browser === undefined) throw new Error('no browser yet');
    return this.#browser;
  }

  #watched(tab: Tab): Tab {
    this.#tabs.push(tab);
    return tab;
  }
}

/** 50 MB of noise in a file named `film.bin`, and their SHA-256. */
export function bigFile(): { path: string; octets: Buffer; hash: string } {
  const octets = randomBytes(FILE_OCTETS);
  const path = join(folder(), 'film.bin');
  writeFileSync(path, octets);
  return { path, octets, hash: sha256(octets) };
}

/** A file named `long.bin`, so long that it does not end before it is stopped; it takes no room on the disk. */
export function longFile(): string {
  const path = join(folder(), 'long.bin');
  writeFileSync(path, '');
  truncateSync(path, LONG_FILE_OCTETS);
  return path;
}

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'msrp-page-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}

/** In hexadecimal digits. */
export function sha256(octets: Uint8Array): string {
  return createHash('sha256').update(octets).digest('hex');
}

/** SHA-256 of a message, as it comes. */
export async function hashOf(message: IncomingMessage): Promise<string> {
  const hash = createHash('sha256');
  for await (const octets of message) hash.update(octets);
  return hash.digest('hex');
}

/** The next one that begins to come. */
export function nextMessage(session: Session): Promise<IncomingMessage> {
  return new Promise((resolve) => session.once('message', resolve));
}
