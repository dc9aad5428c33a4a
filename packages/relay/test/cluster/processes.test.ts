/** A relay as it is installed, of two workers: nobody chooses which worker a connection comes to. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { startRelayProcess } from '../delivery/relay-process.ts';
import { sendRequest } from '../endpoint.ts';
import { attend, tidOf } from '../relay/attend.ts';
import { until } from '../relay/scene.ts';

describe('A relay of two worker processes', () => {
  it('is one relay to everybody: each client and each peer reaches each other client (CL-01, CL-06)', async () => {
    const relay = await startRelayProcess(temporaryFolder(), 'workers: 2\n');
    onTestFinished(() => relay.child.end());
    // The system spreads connections by chance: as many as it takes until both workers have some.
    const ownerOf = ({ usePath }: { readonly usePath: string }) => /\/(\d)\./.exec(usePath)?.[1];
    const clients = [await relay.client()];
    while (clients.length < 8 || new Set(clients.map(ownerOf)).size < 2) clients.push(await relay.client());
    const told = clients.map(({ endpoint }) => attend(endpoint));
    const asked: string[] = [];
    for (const { endpoint, usePath } of clients) {
      for (const other of clients) {
        if (other.endpoint === endpoint) continue;
        const toPath = `${usePath} ${other.usePath} ${other.endpoint.uri}`;
        const octets = sendRequest({ toPath, fromPath: endpoint.uri, body: 'hello' });
        asked.push(tidOf(octets));
        void endpoint.send(octets);
      }
    }
    await until(() => told.every(({ received }) => received.length === clients.length - 1));
    await until(() => told.reduce((sum, { answers }) => sum + answers.size, 0) === asked.length);
    for (const { endpoint, usePath } of clients) {
      const peer = await relay.connect();
      const octets = sendRequest({ toPath: `${usePath} ${endpoint.uri}`, fromPath: peer.uri, body: 'hello' });
      expect((await peer.ask(octets)).status).toBe(200);
    }
    await until(() => told.every(({ received }) => received.length === clients.length));
    expect(told.map(({ reports }) => reports.size)).toEqual(told.map(() => 0));
  });
});
