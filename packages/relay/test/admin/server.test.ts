import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAdminServer } from '../../src/admin/server.ts';
import type { AdminSource } from '../../src/admin/source.ts';
import type { RelaySnapshot } from '../../src/relay/snapshot.ts';
import { NOTHING } from '../app/fake-relay.ts';
import { fakeSource } from './fake-source.ts';

const SNAPSHOT: RelaySnapshot = {
  ...NOTHING,
  connections: { tls: 3, tcp: 1, 'dialled-tls': 2 },
  sessions: 4,
  transactions: 5,
  queuedOctets: 6789,
  requests: { in: { SEND: 10, other: 1 }, out: { SEND: 9 } },
  responses: { in: { 'SEND 200': 8, 'AUTH 481': 1 }, out: { 'SEND 200': 11 } },
  memory: { heldOctets: 7000, budgetOctets: 1_000_000 },
  pauses: {
    receiver: { count: 3, seconds: 1.5, open: 1 },
    rate: { count: 2, seconds: 0.25, open: 0 },
    answers: { count: 0, seconds: 0, open: 0 },
  },
  responseTimes: { counts: [5, 0, 2, ...new Array<number>(15).fill(0), 1], sum: 40.25 },
  reports: { 'timeout 408': 2, 'response 481': 1 },
  octets: { in: 1000, out: 2000 },
  refused: { 'no session': 7 },
  auth: { granted: 4, failed: 1 },
  lookups: { 'subscriber found': 7 },
  oddities: { 'unmatched response': 1 },
};

async function start(source: Partial<AdminSource> & { snapshot?: () => RelaySnapshot | undefined } = {}) {
  const server = await startAdminServer(
    { host: '127.0.0.1', port: 0 },
    { ...fakeSource({ snapshot: () => SNAPSHOT, ...source }), ...source },
  );
  onTestFinished(() => server.close());
  return server;
}

async function get(url: string, path: string) {
  const response = await fetch(url + path);
  return { status: response.status, text: await response.text(), type: response.headers.get('content-type') };
}

describe('the admin door', () => {
  it('is healthy while the process works, also when it drains', async () => {
    const { url } = await start({ state: () => 'draining' });
    expect(await get(url, '/healthz')).toMatchObject({ status: 200, text: 'ok\n' });
  });

  it.each([
    ['starting', 503],
    ['running', 200],
    ['draining', 503],
    ['closed', 503],
  ] as const)('is ready only while clients are welcome: %s', async (state, status) => {
    const { url } = await start({ state: () => state });
    expect(await get(url, '/readyz')).toMatchObject({ status, text: `${state}\n` });
  });

  it('serves every counter of the snapshot', async () => {
    const { url } = await start();
    const { status, text, type } = await get(url, '/metrics');
    expect(status).toBe(200);
    expect(type).toContain('text/plain; version=0.0.4');
    for (const line of [
      'msrp_relay_connections{transport="tls",direction="accepted"} 3',
      'msrp_relay_connections{transport="tls",direction="dialled"} 2',
      'msrp_relay_connections_paused{cause="receiver"} 1',
      'msrp_relay_pauses_total{cause="rate"} 2',
      'msrp_relay_pause_seconds_total{cause="receiver"} 1.5',
      'msrp_relay_memory_held_octets 7000',
      'msrp_relay_memory_budget_octets 1000000',
      'msrp_relay_response_seconds_bucket{le="0.00025"} 5',
      'msrp_relay_response_seconds_bucket{le="0.001"} 7',
      'msrp_relay_response_seconds_bucket{le="32.768"} 7',
      'msrp_relay_response_seconds_bucket{le="+Inf"} 8',
      'msrp_relay_response_seconds_sum 40.25',
      'msrp_relay_response_seconds_count 8',
      'msrp_relay_queue_seconds_count 0',
      'msrp_relay_sessions 4',
      'msrp_relay_credential_lookups_total{store="subscriber",outcome="found"} 7',
      'msrp_relay_transactions_open 5',
      'msrp_relay_queued_octets 6789',
      'msrp_relay_requests_total{direction="in",method="SEND"} 10',
      'msrp_relay_requests_total{direction="in",method="other"} 1',
      'msrp_relay_requests_total{direction="out",method="SEND"} 9',
      'msrp_relay_responses_total{direction="in",method="AUTH",status="481"} 1',
      'msrp_relay_reports_total{trigger="timeout",status="408"} 2',
      'msrp_relay_octets_total{direction="out"} 2000',
      'msrp_relay_refused_total{reason="no session"} 7',
      'msrp_relay_auth_total{outcome="failed"} 1',
      'msrp_relay_oddities_total{kind="unmatched response"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toMatch(/^msrp_relay_process_memory_bytes\{kind="resident"\} \d{6,}$/m);
    expect(text).toMatch(/^msrp_relay_process_cpu_seconds_total\{kind="user"\} \d/m);
    expect(text).toMatch(/^msrp_relay_event_loop_delay_seconds\{quantile="0.99"\} \d/m);
  });

  it('measures how late the event loop is, and not how often it is looked at', async () => {
    const { url } = await start();
    const median = async () =>
      Number(
        /^msrp_relay_event_loop_delay_seconds\{quantile="0.5"\} (.+)$/m.exec((await get(url, '/metrics')).text)?.[1],
      );
    await expect.poll(median, { interval: 100, timeout: 10_000 }).toBeLessThan(0.005);
    await expect.poll(median, { interval: 100, timeout: 10_000 }).toBeGreaterThan(0);
  });

  it('gives every metric the prefix, and counters the ending, that Prometheus users expect', async () => {
    const { url } = await start();
    const { text } = await get(url, '/metrics');
    for (const [, name, kind] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
      expect(name).toMatch(/^msrp_relay_/);
      expect(name?.endsWith('_total')).toBe(kind === 'counter');
    }
  });

  it('copies counters anew at every scrape instead of adding them up', async () => {
    let sessions = 4;
    const { url } = await start({ snapshot: () => ({ ...SNAPSHOT, sessions, octets: { in: sessions * 10, out: 0 } }) });
    await get(url, '/metrics');
    sessions = 2;
    const { text } = await get(url, '/metrics');
    expect(text).toContain('msrp_relay_sessions 2\n');
    expect(text).toContain('msrp_relay_octets_total{direction="in"} 20\n');
  });

  it('describes the process while there is no relay yet', async () => {
    const { url } = await start({ snapshot: () => undefined });
    const { status, text } = await get(url, '/metrics');
    expect(status).toBe(200);
    expect(text).toContain('msrp_relay_process_start_time_seconds');
  });

  it('tells whoever asks nothing about a failure, and its owner everything', async () => {
    const failures: unknown[] = [];
    const failure = new Error('secret detail');
    const { url } = await start({
      snapshot: () => {
        throw failure;
      },
      failed: (cause) => failures.push(cause),
    });
    const { status, text } = await get(url, '/metrics');
    expect(status).toBe(500);
    expect(text).not.toContain('secret');
    expect(failures).toEqual([failure]);
  });

  it('knows no other page and no other method', async () => {
    const { url } = await start();
    expect((await get(url, '/')).status).toBe(404);
    expect((await get(url, '/healthz/../../etc/passwd')).status).toBe(404);
    expect((await fetch(`${url}/readyz`, { method: 'POST' })).status).toBe(404);
  });

  it('says in one sentence that its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void other.close());
    const { port } = other.address() as AddressInfo;
    await expect(startAdminServer({ host: '127.0.0.1', port }, fakeSource())).rejects.toThrow(
      `admin.listen: http://127.0.0.1:${port} is already in use; set admin.listen to another port`,
    );
  });

  it('closes although a connection is open and silent', async () => {
    const server = await start();
    const socket = connect(Number(new URL(server.url).port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const closed = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => {});
    await server.close();
    await closed;
  });
});
