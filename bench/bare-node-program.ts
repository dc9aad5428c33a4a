/**
 * `bare-node-program.ts pipe CERT KEY PORT`: accepts over TCP and over TLS, dials 127.0.0.1:PORT in the same way, and pipes.
 * `bare-node-program.ts answer CERT KEY`: accepts, answers the first request of a connection 401, the others 200, holds.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import process from 'node:process';
import tls from 'node:tls';

const BACKLOG = 4096;
const CHALLENGE =
  'WWW-Authenticate: Digest realm="localhost", nonce="0123456789abcdef0123456789abcdef", algorithm=MD5, qop="auth"';
const GRANT = 'Use-Path: msrp://127.0.0.1:2855/0123456789abcdefghijklmn;tcp\r\nExpires: 3600';

function pipe(client: net.Socket, peer: net.Socket): void {
  client.pipe(peer);
  peer.pipe(client);
  const end = () => {
    client.destroy();
    peer.destroy();
  };
  for (const socket of [client, peer]) socket.on('error', end).on('close', end);
}

/** What the generator sends is one whole request a read. */
function answer(client: net.Socket): void {
  let isChallenged = false;
  client.on('error', () => client.destroy());
  client.on('data', (octets: Buffer) => {
    const [start = '', to = '', from = ''] = octets.toString('latin1').split('\r\n', 3);
    const id = start.split(' ')[1] ?? '';
    const [status, header] = isChallenged ? ['200 OK', GRANT] : ['401 Unauthorized', CHALLENGE];
    isChallenged = true;
    const paths = `To-Path: ${from.slice('From-Path: '.length)}\r\nFrom-Path: ${to.slice('To-Path: '.length)}`;
    client.write(`MSRP ${id} ${status}\r\n${paths}\r\n${header}\r\n-------${id}$\r\n`);
  });
}

const [role = '', cert = '', key = '', port = ''] = process.argv.slice(2);
const peer = { port: Number(port), host: '127.0.0.1' };
const serve = {
  tcp: (client: net.Socket) =>
    role === 'pipe' ? pipe(client, net.connect({ ...peer, noDelay: true })) : answer(client),
  tls: (client: net.Socket) => {
    if (role === 'answer') return answer(client);
    const far = tls.connect({ ...peer, rejectUnauthorized: false });
    far.setNoDelay(true);
    pipe(client, far);
  },
};
const servers = {
  tcp: net.createServer({ noDelay: true }, serve.tcp),
  tls: tls.createServer({ cert: readFileSync(cert), key: readFileSync(key), noDelay: true }, serve.tls),
};
for (const [scheme, server] of Object.entries(servers)) {
  server.listen({ port: 0, host: '127.0.0.1', backlog: BACKLOG }, () => {
    const address = server.address() as net.AddressInfo;
    console.log(`listening ${scheme}://127.0.0.1:${address.port}`);
  });
}
servers.tls.on('tlsClientError', () => {});
