import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, sendRequest } from '../endpoint.ts';
import { dialledCount, fence } from './dialogue.ts';
import { authority, type Overrides, startRelay, type TestRelay } from './harness.ts';

let relay: TestRelay<ManualClock>;
/** Whoever must not be bothered. */
let victim: Listening;

beforeEach(async () => {
  relay = await startRelay();
  victim = await listen();
});

afterEach(async () => {
  await relay.close();
  await victim.close();
});

async function restart(overrides: Overrides): Promise<void> {
  await relay.close();
  relay = await startRelay(overrides);
}

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

function expectNobodyDialled(): void {
  expect(dialledCount(relay)).toBe(0);
  expect(victim.acceptedCount()).toBe(0);
}

describe('A next hop', () => {
  const unreachable = ['msrps://token.invalid:2855/x;ws', 'msrps://127.0.0.1:PORT/x;ws', 'msrps://127.0.0.1:PORT/x;dc'];

  it.each([...unreachable, 'msrps://127.0.0.1:PORT/x;quic', 'msrps://localhost/x;tcp'])(
    'that cannot be dialled, %s, is refused with 408 without dialling (FW-22, DC-01, U-15, EC-06)',
    async (template) => {
      const { endpoint, usePath } = await relay.client();
      const toPath = `${usePath} ${template.replace('PORT', String(victim.port))}`;
      expect((await endpoint.ask(send(endpoint, toPath))).status).toBe(408);
      expect((await endpoint.ask(send(endpoint, toPath, { failureReport: 'partial' }))).status).toBe(408);
      void endpoint.send(send(endpoint, toPath, { failureReport: 'no' }));
      await endpoint.expectSilence(fence(relay, endpoint));
      expectNobodyDialled();
      expect(relay.relay.snapshot().reports).toEqual({});
    },
  );

  it('under .invalid is never looked up: 200, then a REPORT 408 (FW-22, FW-07)', async () => {
    const { endpoint, usePath } = await relay.client();
    const asked = send(endpoint, `${usePath} msrps://token.invalid:2855/x;tcp`);
    expect((await endpoint.ask(asked)).status).toBe(200);
    const report = await endpoint.next(({ method }) => method === 'REPORT');
    expect(report.header('Status')).toMatch(/^000 408/);
  });

  it.each([';dc', ';ws', ';quic'])(
    'may have a node of any transport behind it: %s passes as it is (DC-01, FW-22)',
    async (transport) => {
      const certificate = await authority.issue({ dnsNames: ['localhost'] });
      const foreign = await listen({ certificate, name: 'localhost' });
      const { endpoint, usePath } = await relay.client();
      const last = `msrps://[2001:db8::3]:54111/session${transport}`;
      expect((await endpoint.ask(send(endpoint, `${usePath} ${foreign.uri} ${last}`))).status).toBe(200);
      const arrived = await (await foreign.accept()).next();
      expect(arrived.header('To-Path')).toBe(`${foreign.uri} ${last}`);
      await foreign.close();
    },
  );

  it('in clear is refused unless the configuration permits it, and always before another hop (CN-25)', async () => {
    const { endpoint, usePath } = await relay.client();
    expect((await endpoint.ask(send(endpoint, `${usePath} ${victim.uri}`))).status).toBe(200);
    await victim.accept();
    const behind = `${usePath} msrp://127.0.0.1:${victim.port}/r2;tcp msrp://127.0.0.1:9/bob;tcp`;
    expect((await endpoint.ask(send(endpoint, behind))).status).toBe(403);

    await restart({ nextHops: { allow: ['loopback'] } });
    const strict = await relay.client();
    const refused = await strict.endpoint.ask(send(strict.endpoint, `${strict.usePath} ${victim.uri}`));
    expect(refused.status).toBe(403);
    expect((await strict.endpoint.ask(send(strict.endpoint, behind.replace(usePath, strict.usePath)))).status).toBe(
      403,
    );
    expect(dialledCount(relay)).toBe(0);
    expect(victim.acceptedCount()).toBe(1);
  });

  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '169.254.169.254',
    '10.1.2.3',
    '192.168.0.1',
    '172.16.0.1',
    '100.64.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::1]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::FFFF:0:0]',
    '[fe80::1]',
    '[fd00::1]',
    '[ff02::1]',
  ])('at the denied address %s is refused with 403 and not dialled (FW-09, SE-01, EC-04)', async (host) => {
    await restart({ nextHops: { cleartext: true } });
    const { endpoint, usePath } = await relay.client();
    const asked = send(endpoint, `${usePath} msrp://${host}:${victim.port}/x;tcp`);
    expect((await endpoint.ask(asked)).status).toBe(403);
    await endpoint.expectSilence(fence(relay, endpoint));
    expectNobodyDialled();
  });

  it.each(['localhost', 'LOCALHOST', '2130706433', '0x7f000001', '127.1', '0177.0.0.1'])(
    'whose name %s leads to a denied address is not connected to: 200, then a REPORT (FW-09, SE-01)',
    async (host) => {
      await restart({ nextHops: { cleartext: true } });
      const { endpoint, usePath } = await relay.client();
      const answer = await endpoint.ask(send(endpoint, `${usePath} msrp://${host}:${victim.port}/x;tcp`));
      expect(answer.status).toBe(200);
      const report = await endpoint.next(({ method }) => method === 'REPORT');
      // What the resolver makes of a number is its affair: an address that is denied, or none.
      expect(report.header('Status')).toMatch(/^localhost$/i.test(host) ? /^000 403/ : /^000 40[38]/);
      expect(victim.acceptedCount()).toBe(0);
    },
  );
});
