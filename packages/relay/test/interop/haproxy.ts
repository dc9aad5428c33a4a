/** A real HAProxy before a relay, for tests: one listener of its own for each that it passes connections on to. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { freePorts } from '../local-ports.ts';

/** Where HAProxy connects from, so that its address is not that of its clients. */
export const HAPROXY_ADDRESS = '127.0.0.3';

/** One way through it. */
export interface Passage {
  /** `tcp` passes octets on, `http` ends HTTP and begins it anew. */
  readonly mode: 'tcp' | 'http';
  /** Port of the relay. */
  readonly port: number;
  /** What its configuration says behind the server's address, such as `send-proxy`. */
  readonly server?: string;
  /** Further lines about the backend. */
  readonly lines?: readonly string[];
}

/** Starts it; gone when the test is over. @returns its ports, one for each passage. */
export async function startHaproxy(passages: readonly Passage[]): Promise<number[]> {
  const folder = mkdtempSync(join(tmpdir(), 'msrp-relay-haproxy-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const ports = await freePorts(passages.length);
  const file = join(folder, 'haproxy.cfg');
  writeFileSync(file, configuration(passages, ports));
  const child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (text) => {
      said += text;
    });
  }
  const gone = once(child, 'exit');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await gone;
  });
  const untilMs = performance.now() + 8000;
  while (!(await answers(ports[0] ?? 0))) {
    if (child.exitCode !== null || performance.now() > untilMs) throw new Error(`haproxy does not start: ${said}`);
  }
  return ports;
}

function configuration(passages: readonly Passage[], ports: readonly number[]): string {
  const times = ['timeout connect 5s', 'timeout client 1m', 'timeout server 1m', 'timeout tunnel 1m'];
  const sections = passages.flatMap(({ mode, port, server = '', lines = [] }, at) => [
    `listen passage${at}`,
    `  mode ${mode}`,
    `  bind 127.0.0.1:${ports[at]}`,
    ...[...times, ...lines].map((line) => `  ${line}`),
    `  server relay 127.0.0.1:${port} source ${HAPROXY_ADDRESS} ${server}`,
  ]);
  return `${sections.join('\n')}\n`;
}

/** Whether somebody listens; it waits for a moment when nobody does. */
async function answers(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return false;
  } finally {
    socket.destroy();
  }
}
