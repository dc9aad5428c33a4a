/** Listeners and limits that come and go by reload, while connections stand. */
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connect, type Endpoint, sendRequest } from '../endpoint.ts';
import { connectUntilClosed, type Wired, wire } from './wired.ts';

const FIRST = 'tcp://127.0.0.1:0';
const SECOND = 'tcp://localhost:0';

async function clientOf(port: number): Promise<{ endpoint: Endpoint; usePath: string }> {
  const endpoint = await connect({ port, secure: false });
  onTestFinished(() => void endpoint.socket.destroy());
  const target = `msrp://localhost:${port};tcp`;
  return { endpoint, usePath: await endpoint.auth({ user: 'alice', password: 'secret', target }) };
}

function portsOf({ relay }: Wired): number[] {
  return relay.listening.map((uri) => Number(uri.slice(uri.lastIndexOf(':') + 1)));
}

describe('A reload of listeners', () => {
  it('adds one, on which sessions are granted, and keeps the port of the other', async () => {
    const wired = await wire({ listen: [FIRST] });
    const [before] = wired.ports;
    expect(await wired.reload({ listen: [FIRST, SECOND] })).toEqual([]);
    const [first, second = 0] = portsOf(wired);
    expect(first).toBe(before);
    expect((await clientOf(second)).usePath).toContain(`:${second}/`);
  });

  it('takes one away: nobody new comes in, and sessions that were granted there go on', async () => {
    const wired = await wire({ listen: [FIRST, SECOND] });
    const [port = 0] = wired.ports;
    const alice = await clientOf(port);
    const bob = await clientOf(port);
    expect(await wired.reload({ listen: [SECOND] })).toEqual([]);
    expect(wired.relay.listening).toHaveLength(1);
    await expect(connect({ port, secure: false })).rejects.toThrow();
    const toPath = `${bob.usePath} ${alice.usePath} ${alice.endpoint.uri}`;
    const sent = sendRequest({ toPath, fromPath: bob.endpoint.uri, body: 'still here' });
    expect((await bob.endpoint.ask(sent)).status).toBe(200);
    expect((await alice.endpoint.next()).body?.toString()).toBe('still here');
    expect(wired.relay.snapshot().sessions).toBe(2);
  });

  it('changes nothing at all when one of them cannot be opened, and says which', async () => {
    const wired = await wire({ listen: [FIRST] });
    const other = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void other.close());
    await new Promise((resolve) => other.once('listening', resolve));
    const address = other.address();
    const taken = `tcp://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const listening = [...wired.relay.listening];
    await expect(wired.reload({ listen: [SECOND, taken], limits: { connections: 1 } })).rejects.toThrow(
      `listen: ${taken} is already in use`,
    );
    expect(wired.relay.listening).toEqual(listening);
    await clientOf(wired.ports[0] ?? 0);
    await clientOf(wired.ports[0] ?? 0);
  });
});

describe('A reload of limits', () => {
  it('holds for what comes and leaves what is there alone', async () => {
    const wired = await wire({ listen: [FIRST] });
    const [port = 0] = wired.ports;
    const { endpoint, usePath } = await clientOf(port);
    await clientOf(port);
    expect(await wired.reload({ listen: [FIRST], limits: { connections: 2, messageOctets: 100 } })).toEqual([]);
    await connectUntilClosed(port);
    expect(wired.relay.snapshot()).toMatchObject({ sessions: 2, connections: { tcp: 2 } });
    const toPath = `${usePath} ${usePath} ${endpoint.uri}`;
    const sent = sendRequest({ toPath, fromPath: endpoint.uri, byteRange: '1-200/200', body: 'x'.repeat(200) });
    expect((await endpoint.ask(sent)).status).toBe(413);
  });

  it('of heads holds on connections that stand, too', async () => {
    const wired = await wire({ listen: [FIRST] });
    const { endpoint } = await clientOf(wired.ports[0] ?? 0);
    await wired.reload({ listen: [FIRST], limits: { headOctets: 512 } });
    void endpoint.send(`MSRP aaaa1111 SEND\r\nX-Long: ${'x'.repeat(1000)}\r\n`);
    await endpoint.closed;
    expect(wired.relay.snapshot().refused['head too large']).toBe(1);
  });
});
