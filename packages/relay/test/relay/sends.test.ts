import { describe, expect, it } from 'vitest';
import { listen, sendRequest } from '../endpoint.ts';
import { startRelay } from './harness.ts';

describe('A SEND through the relay', () => {
  it('reaches an outside peer, and the answer comes hop by hop (R-01, FW-09)', async () => {
    const relay = await startRelay();
    const peer = await listen({});
    const { endpoint, usePath } = await relay.client();
    const response = await endpoint.ask(
      sendRequest({ toPath: `${usePath} ${peer.uri}`, fromPath: endpoint.uri, body: 'hello', contentType: 'text/plain' }),
    );
    expect(response.status).toBe(200);
    const far = await peer.accept();
    const arrived = await far.next();
    expect(arrived.body?.toString()).toBe('hello');
    expect(arrived.header('From-Path')).toBe(`${usePath} ${endpoint.uri}`);
    await relay.close();
    await peer.close();
  });
});
