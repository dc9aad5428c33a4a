/** The worked examples about SENDs and REPORTs, octet by octet, played through relays with this test's names in them. */
import type { ManualClock } from 'msrp/base';
import { afterEach, describe, expect, it } from 'vitest';
import { readVectors } from '../../../msrp/test/vectors.ts';
import { type Endpoint, type Listening, listen, type Message } from '../endpoint.ts';
import { fence, text } from './dialogue.ts';
import { authority, type Overrides, startRelay, type TestRelay } from './harness.ts';

const NADIA = 'msrps://nadia-pc.example.org:41207/UtPToUhRSZvSOa0GCdeR;tcp';
const RELAY_A = 'msrps://relay-a.example.org:2855/ZUv5i1pQvAEFukv5tnC3X7;tcp';
const RELAY_B = 'msrps://relay-b.example.net:2855/3wA9ngsmrdCpeMCHcVY0yk;tcp';
const OSKAR = 'msrps://oskar.example.net:50321/YRDNCt2f3KnwVhYwXoFI;tcp';

const examples = new Map(
  readVectors('examples.md').map(({ name, octets }) => [
    name.split('. ')[0] ?? '',
    Buffer.from(octets).toString('latin1'),
  ]),
);
const certificate = await authority.issue({ dnsNames: ['localhost'] });
const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function relayWith(overrides?: Overrides): Promise<TestRelay<ManualClock>> {
  const relay = await startRelay(overrides);
  closers.push(() => relay.close());
  return relay;
}

async function listening(): Promise<Listening> {
  const peer = await listen({ certificate, name: 'localhost' });
  closers.push(() => peer.close());
  return peer;
}

/** An example with the real URIs in it; with the id of `got`, whose own a relay has chosen. */
type Reader = (name: string, got?: Message) => string;

function reader(uris: Readonly<Record<string, string>>): Reader {
  return (name, got) => {
    let octets = examples.get(name);
    if (octets === undefined) throw new Error(`no example ${name}`);
    for (const [theirs, ours] of Object.entries(uris)) octets = octets.replaceAll(theirs, ours);
    const tid = /^MSRP (\S+) /.exec(octets)?.[1] ?? '';
    return got === undefined ? octets : octets.replaceAll(tid, got.tid);
  };
}

/** nadia on relay-a, oskar without a relay. */
async function oneRelay(overrides?: Overrides) {
  const relay = await relayWith(overrides);
  const { endpoint: nadia, usePath } = await relay.client();
  const oskar = await listening();
  const example = reader({ [NADIA]: nadia.uri, [RELAY_A]: usePath, [OSKAR]: oskar.uri });
  return { relay, nadia, oskar, example };
}

/** nadia on relay-a, oskar on relay-b. */
async function twoRelays(overridesA?: Overrides, overridesB?: Overrides) {
  const [relayA, relayB] = [await relayWith(overridesA), await relayWith(overridesB)];
  const { endpoint: nadia, usePath: ofNadia } = await relayA.client();
  const { endpoint: oskar, usePath: ofOskar } = await relayB.client('bob');
  const example = reader({ [NADIA]: nadia.uri, [RELAY_A]: ofNadia, [RELAY_B]: ofOskar, [OSKAR]: oskar.uri });
  return { relayA, relayB, nadia, oskar, example };
}

async function expectNext(endpoint: Endpoint, example: Reader, name: string): Promise<Message> {
  const got = await endpoint.next();
  expect(text(got)).toBe(example(name, got));
  return got;
}

async function expectNothing(relay: TestRelay<ManualClock>, endpoint: Endpoint): Promise<void> {
  await endpoint.expectSilence(fence(relay, endpoint));
}

describe('Through one relay', () => {
  it('E6: a SEND each way (R-01, R-03, R-05, R-14, U-14, U-21, FW-10, CN-21, CP-01)', async () => {
    const { relay, nadia, oskar, example } = await oneRelay();
    void nadia.send(example('E6.1'));
    await expectNext(nadia, example, 'E6.2');
    const far = await oskar.accept();
    const arrived = await expectNext(far, example, 'E6.3');
    void far.send(example('E6.4', arrived));
    void far.send(example('E6.5'));
    await expectNext(far, example, 'E6.6');
    const back = await expectNext(nadia, example, 'E6.7');
    void nadia.send(example('E6.8', back));
    await expectNothing(relay, nadia);
    expect(relay.relay.snapshot().transactions).toBe(0);
    expect(oskar.acceptedCount()).toBe(1);
  });

  it('E9: a client interrupts for a response and goes on; another message it gives up (S-05, S-09, F-20, CH-08, CH-21)', async () => {
    const { relay, nadia, oskar, example } = await oneRelay();
    void nadia.send(example('E9.1') + example('E9.2') + example('E9.3'));
    await expectNext(nadia, example, 'E9.4');
    await expectNext(nadia, example, 'E9.5');
    const far = await oskar.accept();
    const arrived = [await far.next(), await far.next()];
    expect(arrived.map((chunk) => [chunk.header('Byte-Range'), chunk.body?.length, chunk.flag])).toEqual([
      ['1-*/6000', 2500, '+'],
      ['2501-*/6000', 3500, '$'],
    ]);
    void nadia.send(example('E9.6'));
    await expectNext(nadia, example, 'E9.7');
    const aborted = await far.next();
    expect([aborted.header('Byte-Range'), aborted.body?.length, aborted.flag]).toEqual(['1-*/90000', 2100, '#']);
    await expectNothing(relay, nadia);
  });

  it('E10: the next hop refuses the connection; with partial, no 200 either (R-14, X-01, X-09, X-11, X-12)', async () => {
    const { relay, nadia, oskar, example } = await oneRelay();
    await oskar.close();
    void nadia.send(example('E10.1'));
    await expectNext(nadia, example, 'E10.2');
    await expectNext(nadia, example, 'E10.3');
    relay.clock.advance(10_000);
    void nadia.send(example('E10.4'));
    await expectNext(nadia, example, 'E10.5');
    await expectNothing(relay, nadia);
  });

  it.each([
    ['E18.1', 192],
    ['E18.2', 0],
    ['E18.3', undefined],
    ['E18.4', 2],
  ])(
    '%s: a body that looks like an end, an empty one, none, a CRLF (F-14, F-16, F-17, S-04, S-13, CH-22)',
    async (name, octets) => {
      const { nadia, oskar, example } = await oneRelay();
      void nadia.send(example(name));
      expect((await nadia.next()).status).toBe(200);
      const far = await oskar.accept();
      const arrived = await far.next();
      expect(arrived.body?.length).toBe(octets);
      const sent = example(name);
      const [head = '', ...body] = sent.split('\r\n\r\n');
      const tid = /^MSRP (\S+) /.exec(sent)?.[1] ?? '';
      // What is in the body stays, hyphens and old id included.
      const expected = [head.replaceAll(tid, arrived.tid), ...body].join('\r\n\r\n');
      const end = expected.lastIndexOf(tid);
      const [to = '', from = ''] = [example('E6.3').split('\r\n')[1], example('E6.3').split('\r\n')[2]];
      const moved = (end < 0 ? expected : expected.slice(0, end) + arrived.tid + expected.slice(end + tid.length))
        .replace(/\r\nTo-Path: [^\r]+/, `\r\n${to}`)
        .replace(/\r\nFrom-Path: [^\r]+/, `\r\n${from}`);
      expect(text(arrived)).toBe(moved);
    },
  );

  it('E18.3 says what it has to without a body and without an empty line (F-14)', async () => {
    const { nadia, oskar, example } = await oneRelay();
    void nadia.send(example('E18.3'));
    const arrived = await (await oskar.accept()).next();
    expect(text(arrived)).not.toContain('\r\n\r\n');
  });
});

describe('Through two relays', () => {
  it('E7: three hops, three transaction ids, three responses, one REPORT that nobody answers (R-01, R-03, P-02, P-15, T-01, T-08)', async () => {
    const { relayA, relayB, nadia, oskar, example } = await twoRelays();
    void nadia.send(example('E7.1'));
    await expectNext(nadia, example, 'E7.2');
    const arrived = await expectNext(oskar, example, 'E7.5');
    void oskar.send(example('E7.6', arrived));
    void oskar.send(example('E7.7'));
    await expectNext(nadia, example, 'E7.9');
    await expectNothing(relayA, nadia);
    await expectNothing(relayB, oskar);
    for (const { relay } of [relayA, relayB]) {
      const { requests, responses, transactions } = relay.snapshot();
      expect([requests.in.SEND, requests.in.REPORT, requests.out.REPORT, transactions]).toEqual([1, 1, 1, 0]);
      expect([responses.in['SEND 200'], responses.in['SEND 481']]).toEqual([1, undefined]);
    }
  });

  it('E8: one chunk of unknown length, cut twice on the way; each piece answered for itself (CH-02, CH-09, CH-10, CH-11, CH-12, CH-16, CH-17, CH-18, T-01)', async () => {
    const { relayA, nadia, oskar, example } = await twoRelays(
      { chunk: { maxOctets: 3000 } },
      { chunk: { maxOctets: 2048 } },
    );
    void nadia.send(example('E8.1'));
    await expectNext(nadia, example, 'E8.5');
    const first = await expectNext(oskar, example, 'E8.8');
    const rest = [await oskar.next(), await oskar.next()];
    expect(rest.map((chunk) => [chunk.header('Byte-Range'), chunk.body?.length, chunk.flag])).toEqual([
      ['2049-3000/*', 952, '+'],
      ['3001-5000/5000', 2000, '$'],
    ]);
    const bodies = [first, ...rest].map((chunk) => chunk.body?.toString() ?? '');
    expect(bodies.join('')).toBe(/\r\n\r\n([a-z]{5000})\r\n/.exec(example('E8.1'))?.[1]);
    for (const chunk of [first, ...rest]) void oskar.send(example('E7.6', chunk));
    await expectNothing(relayA, nadia);
  });

  it('E8.11: 413 to one piece becomes a REPORT on a range that the sender never sent (X-10, X-17, CH-17)', async () => {
    const { relayA, nadia, oskar, example } = await twoRelays({}, { chunk: { maxOctets: 2048 } });
    void nadia.send(example('E8.1'));
    await expectNext(nadia, example, 'E8.5');
    const pieces = [await oskar.next(), await oskar.next(), await oskar.next()];
    void oskar.send(example('E7.6', pieces[1]).replace('200 OK', '413 Stop'));
    const report = await nadia.next();
    const passedOn = example('E12.6', report)
      .replace('Wtfn5Y1C8pU2vj6wx0', 'SKMjDsjyy5lKjjofiH')
      .replace('1-21/21', '2049-4096/5000')
      .replace('415 No such type here', '413 Stop');
    expect(text(report)).toBe(passedOn);
    await expectNothing(relayA, nadia);
  });

  it('E11: the next relay takes the chunk and does not answer; what it says later changes nothing (T-03, T-04, T-16, X-04, X-10)', async () => {
    const relay = await relayWith();
    const { endpoint: nadia, usePath } = await relay.client();
    const mute = await listening();
    const far = `${mute.uri} msrps://oskar.example.net:50321/YRDNCt2f3KnwVhYwXoFI;tcp`;
    const example = reader({
      [NADIA]: nadia.uri,
      [RELAY_A]: usePath,
      [`${RELAY_B} ${OSKAR}`]: far,
      [RELAY_B]: mute.uri,
    });
    void nadia.send(example('E11.1'));
    await expectNext(nadia, example, 'E11.2');
    const hop = await mute.accept();
    const arrived = await expectNext(hop, example, 'E11.3');
    // By then the relay knows, too, that the last octet is out.
    await expectNothing(relay, nadia);
    relay.clock.advance(29_999);
    await expectNothing(relay, nadia);
    relay.clock.advance(2001);
    await expectNext(nadia, example, 'E11.4');
    void hop.send(example('E7.4', arrived).replace('200 OK', '415'));
    void hop.send(example('E7.4', arrived));
    await expectNothing(relay, nadia);
    relay.clock.advance(60_000);
    await expectNothing(relay, nadia);
  });

  it('E12: with partial there is no 200 anywhere, and one REPORT, made by the last relay (R-09, T-06, X-05, X-06, X-09, P-19)', async () => {
    const { relayA, relayB, nadia, oskar, example } = await twoRelays();
    void nadia.send(example('E12.1'));
    const arrived = await oskar.next();
    // This relay writes the range that it knows by then (CH-12).
    expect(text(arrived)).toBe(example('E12.3', arrived).replace('1-*/*', '1-21/21'));
    void oskar.send(example('E12.4', arrived));
    await expectNext(nadia, example, 'E12.6');
    await expectNothing(relayA, nadia);
    expect([relayA.relay.snapshot().reports, relayB.relay.snapshot().reports]).toEqual([{}, { 'response 415': 1 }]);
    expect(relayA.relay.snapshot().responses.in['SEND 200'] ?? 0).toBe(0);
  });

  it('a chunk that the second one refuses is reported once, by the first (X-06, A-05)', async () => {
    const { relayA, relayB, nadia, example } = await twoRelays();
    const unknown = example('E12.1').replace(
      /(localhost:\d+\/0\.)\w+(;tcp msrps:\S+\r\nFrom)/,
      '$1unknown0unknown0unknown0$2',
    );
    expect(unknown).not.toBe(example('E12.1'));
    void nadia.send(unknown.replace('Failure-Report: partial', 'Failure-Report: yes'));
    expect((await nadia.next()).status).toBe(200);
    const report = await nadia.next();
    expect(text(report)).toBe(
      example('E10.3', report)
        .replace('jB7l2RN9oVq2SKSbxz', 'Wtfn5Y1C8pU2vj6wx0')
        .replace('1-34/34', '1-21/21')
        .replace('408 Next hop unreachable', '481 Session does not exist'),
    );
    await expectNothing(relayA, nadia);
    expect([relayA.relay.snapshot().reports, relayB.relay.snapshot().reports]).toEqual([{ 'response 481': 1 }, {}]);
  });
});
