/** The admin door: health and metrics for probes and Prometheus, and the API of the operator, over HTTP or a Unix socket. */
import { lstatSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { getRequestListener } from '@hono/node-server';
import { Access, isLoopbackHost, type Tokens } from './access.ts';
import { type Api, makeApi } from './api.ts';
import { Metrics } from './metrics.ts';
import type { AdminSource, RunningSource } from './source.ts';

/** Where the door is: `host` without brackets, port 0 for any free one; or the path of a Unix socket. */
export type AdminAddress = { readonly host: string; readonly port: number } | { readonly path: string };

/** An open admin door. */
export interface AdminServer {
  /** Where it listens, with the real port: `http://127.0.0.1:9080`, or `unix:/run/msrp-relay/admin.sock`. */
  readonly url: string;
  /** Other tokens from now on. */
  replaceTokens(tokens: Tokens): void;
  /** Stops listening and cuts the connections that are open. */
  close(): Promise<void>;
}

const NO_TOKENS: Tokens = { operators: [], readers: [] };

/** A socket that nobody but its owner may open. */
const OWNER_ONLY = 0o177;

/**
 * Opens the admin door.
 *
 * @throws {Error} in one sentence when the address cannot be listened on.
 */
export async function startAdminServer(
  at: AdminAddress,
  source: AdminSource,
  tokens: Tokens = NO_TOKENS,
): Promise<AdminServer> {
  const metrics = new Metrics(source.lostLogLines);
  const isUnix = 'path' in at;
  const access = new Access({ isUnix, isLoopback: !isUnix && isLoopbackHost(new URL(urlOf(at)).host) }, tokens);
  const server = createServer(getRequestListener(adminRoutes(source, metrics, access).fetch));
  try {
    if (isUnix) await listenOnSocket(server, at.path);
    else await listen(server, at);
  } catch (cause) {
    metrics.stop();
    throw new Error(whyNot(at, cause), { cause });
  }
  return {
    url: isUnix ? urlOf(at) : urlOf({ host: at.host, port: (server.address() as AddressInfo).port }),
    replaceTokens: (others) => access.replace(others),
    close: async () => {
      metrics.stop();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

function adminRoutes(source: AdminSource, metrics: Metrics, access: Access): Api {
  const routes = makeApi(source, access);
  routes.get('/healthz', (context) => context.text('ok\n'));
  routes.get('/readyz', (context) => {
    const state = source.state();
    return context.text(`${state}\n`, state === 'running' ? 200 : 503);
  });
  routes.get('/metrics', async (context) => {
    const body = await scrape(metrics, source.relay());
    return context.body(body, 200, { 'Content-Type': metrics.contentType });
  });
  routes.notFound((context) =>
    context.text('no such page; there are /healthz, /readyz, /metrics, /openapi.json and /v1\n', 404),
  );
  routes.onError((cause, context) => {
    const status = 'status' in cause && cause.status === 400 ? 400 : 500;
    if (status === 500) source.failed(cause);
    const error = status === 400 ? cause.message : 'the answer could not be made';
    const isApi = context.req.path.startsWith('/v1/');
    return isApi ? context.json({ error }, status) : context.text(`${error}\n`, status);
  });
  return routes;
}

async function scrape(metrics: Metrics, relay: RunningSource | undefined): Promise<string> {
  if (relay === undefined) return metrics.scrape(undefined);
  const { workers } = relay;
  const [snapshot, figures] = await Promise.all([relay.snapshot(), workers?.figures()]);
  return metrics.scrape(snapshot, workers && { workers: workers.all, figures: figures ?? [] });
}

function listen(server: Server, at: { host: string; port: number } | { path: string }): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(at, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

/** The socket of a process that was killed is still there: what nobody answers on goes. */
async function listenOnSocket(server: Server, path: string): Promise<void> {
  // What is no socket is somebody's file, whatever it answers.
  const isSocket = lstatSync(path, { throwIfNoEntry: false })?.isSocket() === true;
  if (isSocket && (await isAbandoned(path))) rmSync(path);
  const before = process.umask(OWNER_ONLY);
  try {
    // It is made before this returns.
    const listening = listen(server, { path });
    process.umask(before);
    await listening;
  } finally {
    process.umask(before);
  }
}

function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(false);
    });
    socket.on('error', (error) => resolve('code' in error && error.code === 'ECONNREFUSED'));
  });
}

function whyNot(at: AdminAddress, cause: unknown): string {
  const url = urlOf(at);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const other = 'path' in at ? 'another path' : 'another port';
  if (code === 'EADDRINUSE') return `admin.listen: ${url} is already in use; set admin.listen to ${other}`;
  return `admin.listen: ${url} cannot be listened on: ${cause instanceof Error ? cause.message : String(cause)}`;
}

function urlOf(at: AdminAddress): string {
  if ('path' in at) return `unix:${at.path}`;
  return `http://${at.host.includes(':') ? `[${at.host}]` : at.host}:${at.port}`;
}
