/** Several workers that make up one relay, in one process: each with an address of its own, so that a test chooses where it connects. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { type Clock, ManualClock } from 'msrp/base';
import { onTestFinished } from 'vitest';
import type { Certificate } from '../../../msrp/test/certificates.ts';
import { buildRelay } from '../../src/app/build.ts';
import { makeLogger } from '../../src/app/logging.ts';
import type { RunningRelay } from '../../src/app/running-relay.ts';
import { NOTICE_MS } from '../../src/relay/notices.ts';
import { connect, type Endpoint } from '../endpoint.ts';
import { authority, configOf, type Overrides, PASSWORDS } from '../relay/harness.ts';
import { Party } from '../relay/party.ts';

/** How a test connects. */
export interface ConnectWish {
  readonly isSecure?: boolean;
  /** What it shows; nothing when undefined. */
  readonly certificate?: Certificate;
}

/** How a client authenticates. */
export interface ClientWish {
  readonly isSecure?: boolean;
  readonly user?: keyof typeof PASSWORDS;
}

/** A relay of some workers. */
export class Workers<C extends Clock> {
  readonly clock: C;
  readonly directory: string;
  readonly relays: RunningRelay[] = [];
  readonly #overrides: Overrides;
  readonly #count: number;
  #ports: readonly [number, number] = [0, 0];

  private constructor(clock: C, directory: string, count: number, overrides: Overrides) {
    this.clock = clock;
    this.directory = directory;
    this.#count = count;
    this.#overrides = overrides;
  }

  /** Starts all of them; everything ends with the test. */
  static async start<C extends Clock>(clock: C, count = 2, overrides: Overrides = {}): Promise<Workers<C>> {
    const directory = await mkdtemp(path.join(tmpdir(), 'msrp-workers-'));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const workers = new Workers(clock, directory, count, overrides);
    onTestFinished(async () => {
      for (const relay of workers.relays) await relay.close();
    });
    for (let number = 0; number < count; number += 1) await workers.revive(number);
    return workers;
  }

  /** Starts worker `number`, for the first time or after its end. */
  async revive(number: number): Promise<void> {
    const [tlsPort, tcpPort] = this.#ports;
    const host = addressOf(number);
    const listen = [`tls://${host}:${tlsPort}`, `tcp://${host}:${tcpPort}`, `ws://${host}:0`];
    const worker = { owner: String(number), count: this.#count, directory: this.directory };
    const config = configOf({ listen, ...this.#overrides }, this.clock);
    const logger = makeLogger({ write: () => {} });
    const relay = await buildRelay(config, { clock: this.clock, logger, worker });
    this.relays[number] = relay;
    if (tlsPort === 0) this.#ports = portsOf(relay);
  }

  relay(number: number): RunningRelay {
    const relay = this.relays[number];
    if (relay === undefined) throw new Error(`there is no worker ${number}`);
    return relay;
  }

  /** Somebody who connects to worker `number`. */
  connect(number: number, { isSecure = true, certificate }: ConnectWish = {}): Promise<Endpoint> {
    const [tlsPort, tcpPort] = this.#ports;
    const host = addressOf(number);
    if (!isSecure) return connect({ host, port: tcpPort, secure: false });
    const shown = certificate === undefined ? {} : { certificate };
    return connect({ host, port: tlsPort, ca: authority.ca, servername: 'localhost', ...shown });
  }

  /** Where worker `number` accepts WebSockets. */
  webUrl(number: number): string {
    return this.relay(number).listening.find((uri) => uri.startsWith('ws:')) ?? '';
  }

  /** A connection to worker `number` that has authenticated, and its Use-Path. */
  async clientAt(number: number, { isSecure = true, user = 'alice' }: ClientWish = {}) {
    const endpoint = await this.connect(number, { isSecure });
    const target = isSecure ? this.target : `msrp://localhost:${this.#ports[1]};tcp`;
    return { endpoint, usePath: await endpoint.auth({ user, password: PASSWORDS[user], target }) };
  }

  /** The same as somebody who answers what comes. */
  async client(number: number, user: keyof typeof PASSWORDS = 'alice'): Promise<Party> {
    const { endpoint, usePath } = await this.clientAt(number, { user });
    return new Party(endpoint, usePath);
  }

  /** The URI that AUTHs go to. */
  get target(): string {
    return `msrps://localhost:${this.#ports[0]};tcp`;
  }

  /** Streams between workers, as each of them counts its ends. */
  streams(): number[] {
    return this.relays.map((relay) => relay.snapshot().connections.worker ?? 0);
  }

  /** What is open and what waits in each, once they had time to tell one another. */
  unsettled(): number[] {
    if (this.clock instanceof ManualClock) this.clock.advance(NOTICE_MS);
    return this.relays.map((relay) => relay.snapshot().transactions + relay.snapshot().queuedOctets);
  }
}

/** Workers whose timers go by a clock that the test moves. */
export function startWorkers(count?: number, overrides?: Overrides): Promise<Workers<ManualClock>> {
  return Workers.start(new ManualClock(Date.now()), count, overrides);
}

function addressOf(number: number): string {
  return `127.0.0.${number + 1}`;
}

function portsOf(relay: RunningRelay): [number, number] {
  const [tlsPort = 0, tcpPort = 0] = relay.listening.map((uri) => Number(uri.slice(uri.lastIndexOf(':') + 1)));
  return [tlsPort, tcpPort];
}
