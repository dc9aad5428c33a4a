import { describe, expect, it, onTestFinished } from 'vitest';
import { claimPorts } from '../../src/supervisor/claimed-ports.ts';
import { listen } from '../endpoint.ts';

const HOST = '127.0.0.1';

describe('The ports of listeners', () => {
  it('are those that were asked for, and different free ones for 0; nobody listens on them yet', async () => {
    const listener = await listen();
    const { port } = listener;
    await listener.close();
    const ports = await claimPorts(
      [
        { scheme: 'tcp', host: HOST, port },
        { scheme: 'tls', host: HOST, port: 0 },
        { scheme: 'ws', host: HOST, port: 0 },
      ],
      new Map(),
    );
    const [tcp, tls = 0, ws = 0] = ports.values();
    expect([tcp, tls > 0, ws > 0, new Set(ports.values()).size]).toEqual([port, true, true, 3]);
    for (const free of ports.values()) await (await listen({ port: free })).close();
  });

  it('are not looked for again where they are held', async () => {
    const listener = await listen();
    onTestFinished(() => listener.close());
    const held = new Map([[`tcp://${HOST}:0`, listener.port]]);
    expect(await claimPorts([{ scheme: 'tcp', host: HOST, port: 0 }], held)).toEqual(held);
  });

  it('are refused in a sentence where somebody listens, and those that were free stay free', async () => {
    const listener = await listen();
    onTestFinished(() => listener.close());
    const taken = { scheme: 'tcp', host: HOST, port: listener.port } as const;
    await expect(claimPorts([taken], new Map())).rejects.toThrow(
      `listen: tcp://${HOST}:${listener.port} is already in use`,
    );
    const strange = { scheme: 'tcp', host: '192.0.2.1', port: 0 } as const;
    await expect(claimPorts([strange], new Map())).rejects.toThrow('listen: tcp://192.0.2.1:0 cannot be listened on: ');
  });
});
