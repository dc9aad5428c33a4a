import { duplexPair } from 'node:stream';
import { ManualClock, MsrpError } from 'msrp/base';
import { type MsrpUri, parseUri } from 'msrp/wire';
import { describe, expect, it } from 'vitest';
import { Hops } from '../../src/relay/hops.ts';
import type { Dialler, DialRequest } from '../../src/relay/ports.ts';
import { TransactionBudget } from '../../src/relay/transactions.ts';
import { Histogram } from '../../src/transport/histogram.ts';
import { Memory } from '../../src/transport/memory.ts';
import { Pauses } from '../../src/transport/pauses.ts';
import { ReadBuffers } from '../../src/transport/read-buffers.ts';
import { Slab } from '../../src/transport/slab.ts';
import { Stores } from '../../src/transport/stores.ts';
import { Turn } from '../../src/transport/turn.ts';

/** Hops whose dialler writes down what it is asked for, and fails if `reach` does. */
function hopsDialling(reach: () => void = () => {}) {
  const clock = new ManualClock();
  const requests: DialRequest[] = [];
  const dialler: Dialler = {
    allowsCleartext: true,
    checksEndpointsAsRelays: true,
    admitsLiteral: () => true,
    dial: async (request) => {
      requests.push(request);
      reach();
      return { socket: duplexPair()[0], remoteAddress: '192.0.2.1', certifiedNames: [] };
    },
  };
  const stores = new Stores();
  const context = {
    clock,
    turn: new Turn(clock),
    slab: new Slab(stores),
    stores,
    parserLimits: { maxHeadOctets: 16_384, maxHeadLines: 64 },
    marks: { highWaterOctets: 10_000, lowWaterOctets: 1000 },
    memory: new Memory(1_000_000),
    readBuffers: new ReadBuffers(() => {}),
    queueTimes: new Histogram(),
    pauses: new Pauses(clock),
    chunk: { maxOctets: 4096, lingerMs: 20 },
    endMs: 1000,
  };
  const rules = { begin: () => expect.unreachable(), broken: () => {}, read: () => {}, closed: () => {} };
  const hops = new Hops(clock, context, dialler, rules, new TransactionBudget({ transactions: 100 }), { dialled: 100 });
  return { clock, hops, requests };
}

function uri(text: string): MsrpUri {
  const parsed = parseUri(text);
  if (parsed === undefined) throw new Error(`no URI: ${text}`);
  return parsed;
}

const DOMAIN = uri('msrps://example.org;tcp');

describe('The hop to a domain without port', () => {
  it('is dialled without one, and is the same for everybody who goes there (DN-03)', () => {
    const { hops, requests } = hopsDialling();
    const hop = hops.towards(DOMAIN, false);
    expect(hops.towards(uri('msrps://EXAMPLE.org;tcp'), false)).toBe(hop);
    expect(requests).toEqual([{ host: 'example.org', port: undefined, isSecure: true, isLast: false }]);
  });

  it('is not the one that is being dialled to a port of the same name: that may lead nowhere (DN-03)', () => {
    const { hops, requests } = hopsDialling();
    expect(hops.towards(uri('msrps://example.org:2855;tcp'), false)).not.toBe(hops.towards(DOMAIN, false));
    expect(requests.map(({ port }) => port)).toEqual([2855, undefined]);
  });

  it('is the one to any port of the same name once that has been proved (CN-22)', async () => {
    const { hops } = hopsDialling();
    const ported = hops.towards(uri('msrps://example.org:2855;tcp'), false);
    await expect.poll(() => ported.isRelay).toBe(true);
    expect(hops.towards(DOMAIN, false)).toBe(ported);
  });

  it('is not tried again for a moment when it could not be reached (DN-12)', async () => {
    const { clock, hops } = hopsDialling(() => {
      throw new MsrpError('MSRP_DIAL_FAILED', 'not today');
    });
    hops.towards(DOMAIN, false);
    await expect.poll(() => hops.failureOf(DOMAIN, false)).toMatchObject({ status: 408 });
    clock.advance(5000);
    expect(hops.failureOf(DOMAIN, false)).toBeUndefined();
  });
});
