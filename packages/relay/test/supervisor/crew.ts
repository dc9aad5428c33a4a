/** A relay of two workers as a process, its clients, and its operator. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { z } from 'zod';
import { statusSchema } from '../../src/admin/schemas.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { CONFIGURATION, type RelayProcess, startRelayProcess } from '../delivery/relay-process.ts';
import { Party } from '../relay/party.ts';

const TOKEN = 'operator-token-0123456789';
const BASE = CONFIGURATION.replace('admin: {', `admin: { token: ${TOKEN},`);

/** What a client may have to try before it comes to a worker: the odds against so many tries are a billion to one. */
const MAX_TRIES = 30;

/** A client and the worker that it came to. */
export interface Member {
  readonly party: Party;
  readonly owner: string;
}

/** A relay of several workers. */
export class Crew {
  readonly relay: RelayProcess;
  readonly #folder: string;
  readonly #more: string;

  constructor(relay: RelayProcess, folder: string, more: string) {
    this.relay = relay;
    this.#folder = folder;
    this.#more = more;
  }

  /** Another configuration, made of the one that it was started with; it is read at the next reload. */
  write(edit: (text: string) => string): void {
    writeFileSync(join(this.#folder, 'relay.yaml'), edit(BASE + this.#more));
  }

  /** The names of the private directories of its workers. */
  get directories(): string[] {
    return readdirSync(this.#folder).filter((name) => name !== 'relay.yaml');
  }

  async ask(method: string, path: string, body?: unknown) {
    const response = await fetch(`${this.relay.adminUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    return { status: response.status, body: text.startsWith('{') ? JSON.parse(text) : text };
  }

  /** A trace of a session, as it comes. */
  follow(id: string, signal: AbortSignal): Promise<Response> {
    const headers = { Authorization: `Bearer ${TOKEN}` };
    return fetch(`${this.relay.adminUrl}/v1/sessions/${id}/trace`, { headers, signal });
  }

  async status(): Promise<z.infer<typeof statusSchema>> {
    return statusSchema.parse((await this.ask('GET', '/v1/status')).body);
  }

  async pidOf(owner: string): Promise<number> {
    return (await this.status()).workers.find((worker) => worker.owner === owner)?.pid ?? 0;
  }

  /** A client of whichever worker. */
  async member(): Promise<Member> {
    const { endpoint, usePath } = await this.relay.client();
    onTestFinished(() => void endpoint.socket.destroy());
    return { party: new Party(endpoint, usePath), owner: /\/(\d+)\./.exec(usePath)?.[1] ?? '' };
  }

  /** A client of one worker; those that come to another one go again. */
  async memberAt(owner: string): Promise<Party> {
    for (let tries = 0; tries < MAX_TRIES; tries += 1) {
      const member = await this.member();
      if (member.owner === owner) return member.party;
      member.party.endpoint.socket.destroy();
      await member.party.endpoint.closed;
    }
    throw new Error(`no connection came to worker ${owner}`);
  }
}

/** Starts one; it ends with the test. @param more - further lines of its configuration. */
export async function startCrew(more = '', workers = 2): Promise<Crew> {
  const folder = temporaryFolder();
  const lines = `workers: ${workers}\n${more}`;
  const relay = await startRelayProcess(folder, lines, BASE);
  onTestFinished(() => relay.child.end());
  return new Crew(relay, folder, lines);
}

/** Whether there is such a process; one that is over but that nobody has asked about yet is none. */
export function isThere(pid: number): boolean {
  try {
    return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'));
  } catch {
    return false;
  }
}
