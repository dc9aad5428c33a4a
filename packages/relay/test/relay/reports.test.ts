import { describe, expect, it } from 'vitest';
import { Counters } from '../../src/relay/counters.ts';
import type { Flow } from '../../src/relay/flow.ts';
import type { Observer } from '../../src/relay/ports.ts';
import { Reports, type SentRange } from '../../src/relay/reports.ts';

const LOSS = { status: 408, comment: 'Next hop unreachable', trigger: 'unreachable' } as const;
const FROM_PATH = 'msrps://relay-z.example:2855/z;tcp msrps://client.example:4000/c;tcp';
const OWN = 'msrps://relay.example.org:2855/s;tcp';

const SILENT: Observer = { authEnded() {}, connectionEnded() {}, sessionEnded() {}, follow: undefined };

function reports(counters = new Counters()): Reports {
  return new Reports(counters, SILENT, () => undefined);
}

/** As much of a flow as reports look at, and what was written to its ingress. */
function flow({ isUsable = true } = {}): { flow: Flow; texts: string[] } {
  const texts: string[] = [];
  const ingress = { isUsable, connection: { writeUrgent: (text: string) => texts.push(text) } };
  const sessions = [{ uri: OWN }];
  return { flow: { ingress, sessions, fromPath: FROM_PATH, reporter: OWN } as unknown as Flow, texts };
}

function range(of: Flow, start: number, octets: number, total?: number, messageId = 'mess-1'): SentRange {
  return { flow: of, messageId, start, octets, total };
}

function rangesOf(texts: readonly string[]): string[] {
  return texts.map((text) => `${/Message-ID: (\S+)/.exec(text)?.[1]} ${/Byte-Range: (\S+)/.exec(text)?.[1]}`);
}

describe('Reports', () => {
  it('writes a REPORT octet by octet as it has to be (P-01, P-02, P-19, X-09, X-10, X-11, F-25)', () => {
    const { flow: way, texts } = flow();
    const counters = new Counters();
    reports(counters).send(range(way, 3001, 2000, 5000), LOSS);
    const tid = /^MSRP (\S+) /.exec(texts[0] ?? '')?.[1] ?? '';
    expect(tid).toMatch(/^[A-Za-z0-9]{11,32}$/);
    expect(texts).toEqual([
      `MSRP ${tid} REPORT\r\nTo-Path: ${FROM_PATH}\r\nFrom-Path: ${OWN}\r\nMessage-ID: mess-1\r\n` +
        `Byte-Range: 3001-5000/5000\r\nStatus: 000 408 Next hop unreachable\r\n-------${tid}$\r\n`,
    ]);
    expect([counters.requests.out, [...counters.reports]]).toEqual([{ SEND: 0, REPORT: 1 }, [['unreachable 408', 1]]]);
  });

  it('leaves out a comment that there is not, and a total that is not known (X-05, P-19)', () => {
    const { flow: way, texts } = flow();
    reports().send(range(way, 1, 37), { status: 599, comment: '', trigger: 'response' });
    expect(texts[0]).toContain('\r\nByte-Range: 1-37/*\r\nStatus: 000 599\r\n');
  });

  it('reports an empty message as 1-0/0 (X-10)', () => {
    const { flow: way, texts } = flow();
    reports().send(range(way, 1, 0, 0), LOSS);
    expect(rangesOf(texts)).toEqual(['mess-1 1-0/0']);
  });

  it('writes nothing when the connection to the sender is gone (X-12, P-13)', () => {
    const { flow: way, texts } = flow({ isUsable: false });
    const counters = new Counters();
    reports(counters).send(range(way, 1, 10, 10), LOSS);
    expect([texts, counters.reports.size, counters.requests.out]).toEqual([[], 0, { SEND: 0 }]);
  });

  it('merges ranges of one message that touch, whatever their order, and takes the total from where it is known (X-20)', () => {
    const { flow: way, texts } = flow();
    const ranges = [range(way, 201, 50, 250), range(way, 1, 100), range(way, 101, 100)];
    reports().sendMerged(ranges, LOSS);
    expect(rangesOf(texts)).toEqual(['mess-1 1-250/250']);
  });

  it('does not merge over a gap, an overlap, another message or another way (X-20, CH-07)', () => {
    const { flow: way, texts } = flow();
    const { flow: other, texts: otherTexts } = flow();
    const ranges = [
      range(way, 1, 100),
      range(way, 102, 10),
      range(way, 105, 10),
      range(way, 115, 5, undefined, 'mess-2'),
      range(other, 101, 1),
    ];
    reports().sendMerged(ranges, LOSS);
    expect(rangesOf(texts).toSorted()).toEqual([
      'mess-1 1-100/*',
      'mess-1 102-111/*',
      'mess-1 105-114/*',
      'mess-2 115-119/*',
    ]);
    expect(rangesOf(otherTexts)).toEqual(['mess-1 101-101/*']);
  });

  it('merges per way when two sessions use the same Message-ID (X-20)', () => {
    const { flow: one, texts } = flow();
    const { flow: two, texts: twoTexts } = flow();
    const ranges = [range(one, 1, 10), range(two, 1, 10), range(one, 11, 10), range(two, 11, 10)];
    reports().sendMerged(ranges, LOSS);
    expect([rangesOf(texts), rangesOf(twoTexts)]).toEqual([['mess-1 1-20/*'], ['mess-1 1-20/*']]);
  });

  it('has nothing to say of nothing', () => {
    expect(() => reports().sendMerged([], LOSS)).not.toThrow();
  });
});
