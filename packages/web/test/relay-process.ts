/** A relay in development mode as a process of its own, with what it prints about itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

const MAIN = join(import.meta.dirname, '../../relay/src/cli/main.ts');
const TOKEN = 'token-of-the-operator';

/** A running relay. */
export interface RelayProcess {
  /** The address of the page. */
  readonly url: string;
  /** The URI for TLS clients, and the file with the certificate behind it. */
  readonly uri: string;
  readonly certificate: string;
  readonly port: number;
  /** Ends the sessions of a user, as an operator does. */
  endSessions(user: string): Promise<void>;
  /** For how many seconds each session of a user has been there. */
  sessionAges(user: string): Promise<number[]>;
  /** How many people the pages would show as being here. */
  peopleCount(): Promise<number>;
  /** What a metric stands at; its labels, if it has any, as they are written behind the name. */
  metric(name: string): Promise<number>;
  stop(): Promise<void>;
}

/** What may be different about one. */
export interface RelayWish {
  /** Of the page; any free one when absent. */
  readonly webPort?: number;
  /** Of alice and bob; `secret` when absent. */
  readonly password?: string;
  /** How long an address is good for; a day when absent. */
  readonly expiresSeconds?: number;
}

/** Starts one with the users alice and bob. */
export async function startRelay(wish: RelayWish = {}): Promise<RelayProcess> {
  const { webPort = 0, password = 'secret', expiresSeconds = 86_400 } = wish;
  const users = { type: 'static', users: { alice: password, bob: password } };
  const child = spawn(process.execPath, ['--conditions=source', MAIN, 'serve'], {
    stdio: ['ignore', 'pipe', 'ignore'],
    env: {
      PATH: process.env.PATH,
      MSRP_RELAY_LISTEN: JSON.stringify(['tls://127.0.0.1:0', `ws://127.0.0.1:${webPort}`]),
      MSRP_RELAY_ADMIN__LISTEN: 'http://127.0.0.1:0',
      MSRP_RELAY_ADMIN__TOKEN: TOKEN,
      MSRP_RELAY_CREDENTIALS: JSON.stringify([users]),
      MSRP_RELAY_TIMERS__DRAIN_MS: '0',
      MSRP_RELAY_EXPIRES__MIN: '1',
      MSRP_RELAY_EXPIRES__DEFAULT: String(expiresSeconds),
    },
  });
  const said = await greeting(child);
  const found = (pattern: RegExp) => pattern.exec(said)?.[1] ?? '';
  const admin = found(/^metrics +(\S+)\/metrics$/m);
  const headers = { Authorization: `Bearer ${TOKEN}` };
  const sessionsOf = async (user: string) => {
    const list = await fetch(`${admin}/v1/sessions?user=${user}`, { headers });
    const { items }: { items: { id: string; ageSeconds: number }[] } = await list.json();
    return items;
  };
  return {
    url: found(/^page +(\S+)$/m),
    uri: found(/^relay +(msrps:\S+) /m),
    certificate: found(/certificate (\S+)\)$/m),
    port: Number(found(/^listening ws:.*:(\d+)$/m)),
    async sessionAges(user) {
      return (await sessionsOf(user)).map(({ ageSeconds }) => ageSeconds);
    },
    async endSessions(user) {
      for (const { id } of await sessionsOf(user))
        await fetch(`${admin}/v1/sessions/${id}`, { method: 'DELETE', headers });
    },
    async peopleCount() {
      const own = { name: 'nobody', path: 'msrps://nobody.invalid/nothing;ws', version: 0 };
      const ask = (question: object) =>
        fetch(new URL('/rendezvous', found(/^page +(\S+)$/m)), {
          method: 'POST',
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify(question),
        });
      const { people }: { people: unknown[] } = await (await ask(own)).json();
      await ask({ ...own, leaves: true });
      return people.length;
    },
    async metric(name) {
      const text = await (await fetch(`${admin}/metrics`, { headers })).text();
      const line = text.split('\n').find((one) => one.startsWith(`${name} `));
      return Number(line?.slice(name.length + 1));
    },
    async stop() {
      child.kill('SIGTERM');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    },
  };
}

async function greeting({ stdout }: ChildProcess): Promise<string> {
  let said = '';
  for await (const octets of stdout?.iterator({ destroyOnReturn: false }) ?? []) {
    said += String(octets);
    if (/^listening ws:.*\n/m.test(said)) {
      stdout?.resume();
      return said;
    }
  }
  throw new Error(`the relay ended: ${said}`);
}
