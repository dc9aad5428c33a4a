/** A relay behind HAProxy, the one that the PROXY protocol is from: balancing TCP, and as an HTTP proxy. */
import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';
import { systemClock } from 'msrp/base';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { randomId } from '../message.ts';
import { authenticate } from '../relay/dialogue.ts';
import { authority, startRelayWith, type TestRelay } from '../relay/harness.ts';
import { connectWeb } from '../relay/web-client.ts';
import { Endpoint } from '../scripted-connection.ts';
import { HAPROXY_ADDRESS, startHaproxy } from './haproxy.ts';

const CLIENT_ADDRESS = '127.0.0.2';
const LISTENERS = ['tls://127.0.0.1:0', 'tcp://127.0.0.1:0', 'ws://127.0.0.1:0', 'wss://127.0.0.1:0'];

let relay: TestRelay<typeof systemClock>;
afterEach(() => relay.close());

function portOf(index: number): number {
  return Number((relay.relay.listening[index] ?? '').replace(/^.*:/, ''));
}

function addresses(): string[] {
  return relay.relay.operation.connections({ after: 0, limit: 100 }).items.map(({ address }) => address);
}

async function tlsThrough(port: number): Promise<Endpoint> {
  const socket = net.connect({ port, host: '127.0.0.1', localAddress: CLIENT_ADDRESS });
  const secure = tls.connect({ socket, ca: authority.ca, servername: 'localhost' });
  await once(secure, 'secureConnect');
  onTestFinished(() => void secure.destroy());
  return new Endpoint(secure, `msrps://${randomId()}.invalid:2855/${randomId()};tcp`);
}

describe('Behind HAProxy', () => {
  it.each(['send-proxy', 'send-proxy-v2', 'send-proxy-v2 proxy-v2-options unique-id,crc32c'])(
    'clients on TCP, TLS and WebSockets come from where they are: %s',
    async (server) => {
      const proxyProtocol = { listeners: LISTENERS, proxies: [HAPROXY_ADDRESS] };
      relay = await startRelayWith(systemClock, { listen: LISTENERS, proxyProtocol });
      const passages = [0, 1, 2, 3].map((index) => ({ mode: 'tcp' as const, port: portOf(index), server }));
      const [overTls = 0, overTcp = 0, overWs = 0, overWss = 0] = await startHaproxy(passages);
      expect((await authenticate(relay, await tlsThrough(overTls))).status).toBe(200);
      const tcp = net.connect({ port: overTcp, host: '127.0.0.1', localAddress: CLIENT_ADDRESS });
      onTestFinished(() => void tcp.destroy());
      await once(tcp, 'connect');
      const webs = [
        await connectWeb(`ws://127.0.0.1:${overWs}`, { localAddress: CLIENT_ADDRESS }),
        await connectWeb(`wss://localhost:${overWss}`, { localAddress: CLIENT_ADDRESS }),
      ];
      // HAProxy's own look whether it listens, by the test, went through, too.
      await expect.poll(() => addresses().filter((address) => address === CLIENT_ADDRESS)).toHaveLength(4);
      expect(addresses()).not.toContain(HAPROXY_ADDRESS);
      for (const { webSocket } of webs) webSocket.terminate();
    },
  );

  it.each([
    ['X-Forwarded-For', 'option forwardfor', 'X-Forwarded-For'],
    ['Forwarded', 'http-request add-header Forwarded for=%[src]', 'Forwarded'],
  ])(
    'clients on WebSockets come from where it says, whatever they have made up: %s',
    async (_name, line, forwardedHeader) => {
      const webSocket = { proxies: [HAPROXY_ADDRESS], forwardedHeader };
      relay = await startRelayWith(systemClock, { listen: LISTENERS, webSocket });
      const [port = 0] = await startHaproxy([{ mode: 'http', port: portOf(2), lines: [line] }]);
      const headers = { [forwardedHeader]: forwardedHeader === 'Forwarded' ? 'for=203.0.113.1' : '203.0.113.1' };
      const web = await connectWeb(`ws://127.0.0.1:${port}`, { localAddress: CLIENT_ADDRESS, headers });
      expect(addresses()).toEqual([CLIENT_ADDRESS]);
      const target = 'msrps://localhost:443;ws';
      expect((await authenticate(relay, web.endpoint, { target })).status).toBe(200);
      web.webSocket.terminate();
    },
  );
});
