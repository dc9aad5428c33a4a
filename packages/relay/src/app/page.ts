/** Serves the web page: a fixed list of files in memory, under a policy that lets it load nothing else. */
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { loadPageFiles, type PageFile } from './page-files.ts';
import type { Rendezvous } from './rendezvous.ts';

/** What the page is told. */
interface PageSettings {
  /** The relay's URI for AUTH, such as `msrps://localhost:2855;tcp`. */
  readonly relay: string;
}

/** What a page is served with. */
export interface PageOptions {
  readonly settings: () => PageSettings;
  /** In development mode. */
  readonly rendezvous: Rendezvous | undefined;
  /** Told why there is no page to serve. */
  readonly failed: (cause: unknown) => void;
}

/** Answers the requests of browsers that want no WebSocket. The files are loaded when the first one asks. */
export function servePage({ settings, rendezvous, failed }: PageOptions): RequestListener {
  let files: Promise<ReadonlyMap<string, PageFile>> | undefined;
  return (request, response) => {
    const path = request.url?.split('?', 1)[0] ?? '/';
    if (path === '/rendezvous' && rendezvous !== undefined && request.method === 'POST') {
      void rendezvous.take(request, response);
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return refuse(response, 405, 'GET is all there is here.');
    if (path === '/settings.json') {
      const value = JSON.stringify({ ...settings(), rendezvous: rendezvous !== undefined });
      return send(request, response, { octets: Buffer.from(value), contentType: 'application/json', tag: '' });
    }
    files ??= loadPageFiles();
    files.then(
      (loaded) => {
        const file = loaded.get(path);
        if (file === undefined) refuse(response, 404, 'There is no such page.');
        else send(request, response, file);
      },
      (cause: unknown) => {
        files = undefined;
        failed(cause);
        refuse(response, 503, 'The page is not built: npm run build.');
      },
    );
  };
}

/** The URI by which clients address a relay of this name; the port is that of its TLS listener. */
export function relayUri(hostname: string, listening: readonly string[]): string {
  const port = listening.find((uri) => uri.startsWith('tls:'))?.replace(/^.*:/, '');
  return `msrps://${hostname}${port === undefined ? '' : `:${port}`};tcp`;
}

/** Nothing from elsewhere, nothing inline, in no frame; no name of a session leaves in a Referer. */
function guards({ socket }: IncomingMessage): Record<string, string> {
  const port = socket.localPort;
  const isSecure = 'encrypted' in socket;
  // 'self' covers WebSockets in new browsers only.
  const sockets = isSecure ? 'wss:' : `ws://localhost:${port} ws://127.0.0.1:${port}`;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    `connect-src 'self' ${sockets}`,
    "img-src 'self' blob:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return {
    'Content-Security-Policy': policy.join('; '),
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
  };
}

function send(request: IncomingMessage, response: ServerResponse, { octets, contentType, tag }: PageFile): void {
  const cache = tag === '' ? { 'Cache-Control': 'no-store' } : { 'Cache-Control': 'no-cache', ETag: tag };
  const headers = { ...guards(request), ...cache };
  if (tag !== '' && request.headers['if-none-match'] === tag) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, { ...headers, 'Content-Type': contentType, 'Content-Length': octets.length });
  response.end(request.method === 'HEAD' ? undefined : octets);
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'Content-Type': 'text/plain', 'X-Content-Type-Options': 'nosniff' });
  response.end(`${text}\n`);
}
