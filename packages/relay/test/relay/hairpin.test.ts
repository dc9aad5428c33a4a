import type { ManualClock } from 'msrp/base';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, type Message, responseTo, sendRequest } from '../endpoint.ts';
import { answerTo, arrival, dialledCount, fence, successReport, text, wire } from './dialogue.ts';
import { startRelay, type TestRelay } from './harness.ts';

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

function send(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
  return sendRequest({ toPath, fromPath: from.uri, body: 'hello', byteRange: '1-5/5', ...more });
}

function expectNobodyDialled(): void {
  expect(dialledCount(relay)).toBe(0);
  expect(victim.acceptedCount()).toBe(0);
}

describe('Two clients of one relay', () => {
  function hairpin(from: Endpoint, toPath: string, more: Partial<Parameters<typeof sendRequest>[0]> = {}): Buffer {
    return send(from, toPath, { messageId: 'gEFmQWxUrFe49Y1acD', successReport: 'yes', ...more });
  }

  function isRequest({ status }: Message): boolean {
    return status === undefined;
  }

  it('reach each other: both URIs in From-Path, one answer, octet for octet as in E16 (U-23, FW-15, U-21)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const asked = hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`);
    expect(text(await nadia.endpoint.ask(asked))).toBe(answerTo(asked, '200 OK', nadia.endpoint.uri, nadia.usePath));
    const arrived = await pia.endpoint.next();
    const headers = ['Message-ID: gEFmQWxUrFe49Y1acD', 'Byte-Range: 1-5/5', 'Success-Report: yes'];
    expect(text(arrived)).toBe(arrival(arrived.tid, nadia, pia, headers));
    void pia.endpoint.send(responseTo(arrived, 200));
    const back = `${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`;
    void pia.endpoint.send(successReport(pia.endpoint, back));
    const report = await nadia.endpoint.next(isRequest);
    expect(text(report)).toBe(
      wire(
        `MSRP ${report.tid} REPORT`,
        `To-Path: ${nadia.endpoint.uri}`,
        `From-Path: ${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`,
        'Message-ID: rW0wKK9Vzt6MU3HcAX',
        'Byte-Range: 1-5/5',
        'Status: 000 200 OK',
        `-------${report.tid}$`,
      ),
    );
    expectNobodyDialled();
  });

  it('hear of a later failure through both own URIs (U-23)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    void nadia.endpoint.send(hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`));
    void pia.endpoint.send(responseTo(await pia.endpoint.next(), 413));
    const report = await nadia.endpoint.next(isRequest);
    expect(report.header('To-Path')).toBe(nadia.endpoint.uri);
    expect(report.header('From-Path')).toBe(`${nadia.usePath} ${pia.usePath}`);
    expect(report.header('Status')).toMatch(/^000 413/);
  });

  it('are admitted one after the other, all before the one answer (U-23, FW-05)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const invented = `msrps://localhost:${relay.tlsPort}/0.invented;tcp`;
    const cases = [
      [`${nadia.usePath} ${invented} ${pia.endpoint.uri}`, 481],
      [`${nadia.usePath} ${relay.target} ${pia.endpoint.uri}`, 481],
      [`${nadia.usePath} ${pia.usePath} ${victim.uri}`, 403],
      [`${nadia.usePath} ${pia.usePath} ${nadia.endpoint.uri}`, 403],
      [`${pia.usePath} ${nadia.usePath} ${nadia.endpoint.uri}`, 403],
      [`${nadia.usePath} ${pia.usePath}`, 481],
    ] as const;
    for (const [toPath, status] of cases) {
      expect((await nadia.endpoint.ask(hairpin(nadia.endpoint, toPath))).status, toPath).toBe(status);
    }
    await pia.endpoint.expectSilence(fence(relay, pia.endpoint));
    expectNobodyDialled();
  });

  it('are not parted by an outsider who calls itself by the URI of one of them (SE-05, U-23, CN-21)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const outsider = await relay.connect();
    const lie = send(outsider, `${nadia.usePath} ${nadia.endpoint.uri}`, { fromPath: pia.usePath });
    void outsider.send(lie);
    const asked = hairpin(nadia.endpoint, `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`);
    expect((await nadia.endpoint.ask(asked)).status).toBe(200);
    expect((await pia.endpoint.next()).header('Message-ID')).toBe('gEFmQWxUrFe49Y1acD');
  });

  it('lose the way when the second URI ends: 481 (U-23, FW-03)', async () => {
    const nadia = await relay.client();
    const pia = await relay.client('bob');
    const toPath = `${nadia.usePath} ${pia.usePath} ${pia.endpoint.uri}`;
    expect((await nadia.endpoint.ask(hairpin(nadia.endpoint, toPath))).status).toBe(200);
    await pia.endpoint.close();
    const asked = hairpin(nadia.endpoint, toPath, { messageId: 'anotherMessage' });
    const next = await nadia.endpoint.ask(asked);
    expect(next.status).toBe(481);
  });
});
