/** A real relay on loopback, built from any configuration, that can be told to take over another one. */
import { once } from 'node:events';
import { connect as connectTcp } from 'node:net';
import { systemClock } from 'msrp/base';
import { pino } from 'pino';
import { onTestFinished } from 'vitest';
import { buildRelay } from '../../src/app/build.ts';
import { configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';
import type { RunningRelay } from '../../src/app/running-relay.ts';

/** Any part of a configuration; what is missing is clear TCP on loopback with one user, alice. */
export type Values = Readonly<Record<string, unknown>>;

/** A relay that is closed when the test is over. */
export interface Wired {
  readonly relay: RunningRelay;
  /** The ports of its listeners, in the order of the configuration. */
  readonly ports: readonly number[];
  /** Takes over a configuration with these values instead of those that it was started with. */
  reload(values: Values): Promise<string[]>;
}

/** Starts a relay. */
export async function wire(values: Values = {}): Promise<Wired> {
  const logger = pino({ level: 'silent' });
  const relay = await buildRelay(configOf(values), { clock: systemClock, logger });
  onTestFinished(() => relay.close());
  const ports = relay.listening.map((uri) => Number(uri.slice(uri.lastIndexOf(':') + 1)));
  return { relay, ports, reload: (others) => relay.reload(configOf(others)) };
}

function configOf(values: Values) {
  const source = emptySource('test', {
    hostname: 'localhost',
    listen: ['tcp://127.0.0.1:0'],
    auth: { allowCleartext: true },
    credentials: [{ type: 'static', users: { alice: 'secret' } }],
    nextHops: { allow: ['loopback'], cleartext: true },
    ...values,
  });
  return configFrom(source, {}, systemClock);
}

/** Connects, and settles when the other side has closed. */
export async function connectUntilClosed(port: number): Promise<void> {
  const socket = connectTcp({ port, host: '127.0.0.1' }).resume();
  socket.on('error', () => {});
  await once(socket, 'close');
}
