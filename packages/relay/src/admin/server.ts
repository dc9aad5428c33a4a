/** The admin door: health and metrics over HTTP, for probes and for Prometheus. Nothing here changes the relay. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Hono } from 'hono';
import type { RelaySnapshot } from '../relay/snapshot.ts';
import { Metrics } from './metrics.ts';

/** What the admin door may ask about the relay. */
export interface AdminSource {
  /** Only `running` is ready for clients. */
  state(): 'starting' | 'running' | 'draining' | 'closed';
  /** The counters; undefined while the relay is being built. */
  snapshot(): RelaySnapshot | undefined;
  /** Called when a page could not be made; whoever asked gets a 500 and no details. */
  failed(cause: unknown): void;
}

/** An open admin door. */
export interface AdminServer {
  /** Where it listens, with the real port: `http://127.0.0.1:9080`. */
  readonly url: string;
  /** Stops listening and cuts the connections that are open. */
  close(): Promise<void>;
}

/**
 * Opens the admin door.
 *
 * @param at - `host` without brackets; port 0 for any free one.
 * @throws {Error} in one sentence when the address cannot be listened on.
 */
export async function startAdminServer(at: { host: string; port: number }, source: AdminSource): Promise<AdminServer> {
  const metrics = new Metrics();
  const server = createServer(getRequestListener(adminRoutes(source, metrics).fetch));
  try {
    await listen(server, at);
  } catch (cause) {
    metrics.stop();
    throw new Error(whyNot(at, cause), { cause });
  }
  return {
    url: urlOf(at.host, (server.address() as AddressInfo).port),
    close: async () => {
      metrics.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function adminRoutes(source: AdminSource, metrics: Metrics): Hono {
  const routes = new Hono();
  routes.get('/healthz', (context) => context.text('ok\n'));
  routes.get('/readyz', (context) => {
    const state = source.state();
    return context.text(`${state}\n`, state === 'running' ? 200 : 503);
  });
  routes.get('/metrics', async (context) => {
    const body = await metrics.scrape(source.snapshot());
    return context.body(body, 200, { 'Content-Type': metrics.contentType });
  });
  routes.notFound((context) => context.text('no such page; there are /healthz, /readyz and /metrics\n', 404));
  routes.onError((cause, context) => {
    source.failed(cause);
    return context.text('the answer could not be made\n', 500);
  });
  return routes;
}

function listen(server: Server, { host, port }: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host, port }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function whyNot({ host, port }: { host: string; port: number }, cause: unknown): string {
  const url = urlOf(host, port);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  if (code === 'EADDRINUSE') return `admin.listen: ${url} is already in use; set admin.listen to another port`;
  return `admin.listen: ${url} cannot be listened on: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function urlOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`;
}
