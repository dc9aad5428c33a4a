/** An issuer that publishes its keys over HTTP or HTTPS, for tests: what it answers can be changed. */
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** One that runs. */
export interface KeyServer {
  readonly url: string;
  readonly port: number;
  /** The document; a function answers by itself. */
  answer: unknown | RequestListener;
  /** How often it was asked. */
  asked: number;
  /** Answers nothing from now on, and ends its connections. */
  stop(): void;
}

/** Starts one, that is gone when the test is over. */
export async function serveKeys(
  answer: unknown,
  certificate?: { readonly cert: string; readonly key: string },
): Promise<KeyServer> {
  const listener: RequestListener = (request, response) => {
    running.asked += 1;
    if (typeof running.answer === 'function') (running.answer as RequestListener)(request, response);
    else response.end(JSON.stringify(running.answer));
  };
  const server = certificate === undefined ? createServer(listener) : createSecureServer(certificate, listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const stop = () => {
    server.close();
    server.closeAllConnections();
  };
  onTestFinished(stop);
  const running: KeyServer = { url: `http://127.0.0.1:${port}/keys`, port, answer, asked: 0, stop };
  return running;
}
