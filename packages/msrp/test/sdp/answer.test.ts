import { describe, expect, it } from 'vitest';
import {
  type Answer,
  answeredMedia,
  type Direction,
  followUp,
  formatAnswer,
  formatMedia,
  formatOffer,
  type MediaParts,
  type MsrpMedia,
  type Origin,
  offeredMedia,
  parseSessionDescription,
  readMsrpMedia,
  type Setup,
} from '../../src/sdp/index.ts';
import { badSdp } from './errors.ts';
import { ALICE, crlf, ENDPOINT_A, FILE, OPTIONS } from './examples.ts';

const ORIGIN: Origin = { user: 'bob', sessionId: '2890844612', sessionVersion: '1', address: 'bob.example.com' };
const OWN = 'msrp://bob.example.com:8888/9di4eae923wzd;tcp';
const PARTS: MediaParts = { path: [OWN], acceptTypes: ['text/plain'], reachable: true };

const answer = (offer: string, ...streams: (MediaParts | undefined)[]): Answer =>
  formatAnswer(parseSessionDescription(offer), ORIGIN, streams);

function answered(offer: string, ...streams: (MediaParts | undefined)[]): string {
  const result = answer(offer, ...streams);
  if (result.kind === 'refuse') throw new Error(`refused with ${result.status}`);
  return result.text;
}

const offered = (changes: Partial<MsrpMedia> = {}): MsrpMedia => ({ ...offeredMedia(PARTS), ...changes });

describe('formatAnswer', () => {
  it('answers an offer of RFC 4975 (SD-01, SD-02, CM-01)', () => {
    expect(answered(ALICE, PARTS)).toBe(
      crlf(`v=0
o=bob 2890844612 1 IN IP4 bob.example.com
s=-
c=IN IP4 bob.example.com
t=0 0
m=message 8888 TCP/MSRP *
a=accept-types:text/plain
a=path:msrp://bob.example.com:8888/9di4eae923wzd;tcp
a=setup:passive
`),
    );
  });

  it('has a section for each of the offer, and rejects with port 0 (SD-06)', () => {
    const offer = `${ALICE}m=audio 49170 RTP/AVP 0 8\n${formatMedia(offered())}${formatMedia(offered())}`;
    const text = answered(offer, PARTS, PARTS, undefined, { ...PARTS, acceptTypes: ['text/*'] });
    expect(text.match(/^m=.*(?=\r)/gm)).toEqual([
      'm=message 8888 TCP/MSRP *',
      'm=audio 0 RTP/AVP 0 8',
      'm=message 0 TCP/MSRP *',
      'm=message 8888 TCP/MSRP *',
    ]);
    expect(readMsrpMedia(parseSessionDescription(text)).map(({ port }) => port)).toEqual([8888, 0, 8888]);
  });

  it('rejects a stream whose types it does not know, beside others (SD-06, SD-10)', () => {
    const offer = formatOffer(ORIGIN, [{ ...PARTS, acceptTypes: ['image/png'] }, PARTS]);
    expect(answered(offer, PARTS, PARTS).match(/^m=.*(?=\r)/gm)).toEqual([
      'm=message 0 TCP/MSRP *',
      'm=message 8888 TCP/MSRP *',
    ]);
  });

  it('refuses an offer without a type that it knows: the signalling says so, with SIP 488 (SD-10)', () => {
    const offer = ALICE.replace('text/plain', 'image/png application/*');
    expect(answer(offer, PARTS)).toEqual({ kind: 'refuse', status: 488 });
    expect(answer(offer, { ...PARTS, acceptTypes: ['application/pdf'] }).kind).toBe('answer');
  });

  it('refuses an offer of which it wants nothing (SD-10)', () => {
    expect(answer(ALICE)).toEqual({ kind: 'refuse', status: 488 });
    expect(answer(ALICE.replace('TCP/MSRP', 'TCP/BFCP'), PARTS)).toEqual({ kind: 'refuse', status: 488 });
  });

  it('answers an offer that has switched everything off with the same (SD-06)', () => {
    const text = answered(OPTIONS, PARTS);
    expect(text).toContain('m=message 0 TCP/MSRP *\r\n');
    expect(text).toContain('c=IN IP4 bob.example.com\r\n');
  });

  it('throws for a malformed stream only when it is wanted', () => {
    const offer = ALICE.replace('msrp://', 'sip://');
    expect(badSdp(() => answer(offer, PARTS))).toContain('line 8: expected a=path');
    expect(answer(offer, undefined).kind).toBe('refuse');
  });

  it('answers a later offer with the path that is valid now, and takes the peer’s new one (SD-06, SD-07)', () => {
    const first = answered(ALICE, PARTS);
    expect(followUp(first, answered(ALICE, PARTS))).toBe(first);
    const moved = ALICE.replace('iau39soe2843z', 'moved');
    const path = ['msrp://bob.example.com:8889/another;tcp'];
    const second = followUp(first, answered(moved, { ...PARTS, path }));
    expect(second).toContain('o=bob 2890844612 2 IN');
    expect(readMsrpMedia(parseSessionDescription(second))[0]?.path).toEqual(path);
    expect(readMsrpMedia(parseSessionDescription(moved))[0]?.path[0]).toContain('/moved;');
  });

  it('answers RFC 5547’s file with what it can receive (SD-08)', () => {
    const parts: MediaParts = { ...PARTS, acceptTypes: ['message/cpim'], acceptWrappedTypes: ['*'] };
    expect(answered(FILE, parts)).toContain(
      'a=recvonly\r\na=accept-types:message/cpim\r\na=accept-wrapped-types:*\r\na=path:',
    );
  });
});

describe('answeredMedia', () => {
  it.each<[offered: Setup | undefined, reachable: boolean, setup: Setup, port: number]>([
    ['actpass', true, 'passive', 8888],
    ['actpass', false, 'active', 9],
    ['active', true, 'passive', 8888],
    ['active', false, 'passive', 8888],
    ['passive', true, 'active', 9],
    ['passive', false, 'active', 9],
    [undefined, true, 'passive', 8888],
    [undefined, false, 'passive', 8888],
  ])('to %s, reachable %s: %s with port %i (CM-01, CM-02, CM-06)', (setup, reachable, expected, port) => {
    expect(answeredMedia(offered({ setup }), { ...PARTS, reachable })).toMatchObject({ setup: expected, port });
  });

  it('is passive behind a relay, which peers can connect to (CM-02)', () => {
    const path = ['msrps://relay.example.org:2855/s;tcp', OWN];
    expect(answeredMedia(offered({ setup: 'actpass' }), { ...PARTS, path, reachable: false })).toMatchObject({
      setup: 'passive',
      port: 8888,
      protocol: 'TCP/TLS/MSRP',
    });
  });

  it('leaves a stream off that the offer has switched off (SD-06)', () => {
    expect(answeredMedia(offered({ port: 0 }), PARTS)).toBeUndefined();
  });

  it('lists all that it can receive, whatever the offer lists (SD-03)', () => {
    const [offer] = readMsrpMedia(parseSessionDescription(ENDPOINT_A));
    const acceptTypes = ['message/cpim', 'text/plain', 'multipart/mixed'];
    expect(answeredMedia(offer!, { ...PARTS, acceptTypes })?.acceptTypes).toEqual(acceptTypes);
  });

  it('knows the types that it takes wrapped (SD-10)', () => {
    const parts: MediaParts = { ...PARTS, acceptTypes: ['message/cpim'], acceptWrappedTypes: ['text/plain'] };
    expect(answeredMedia(offered(), parts)).toBeDefined();
    expect(answeredMedia(offered({ acceptTypes: ['image/png'] }), parts)).toBeUndefined();
    const onlyWrapped = offered({ acceptTypes: ['multipart/mixed'], acceptWrappedTypes: ['text/plain'] });
    expect(answeredMedia(onlyWrapped, parts)).toBeUndefined();
  });

  it('says its own max-size, not that of the offer (SD-05)', () => {
    expect(answeredMedia(offered({ maxSize: 10 }), PARTS)?.maxSize).toBeUndefined();
    expect(answeredMedia(offered({ maxSize: 10 }), { ...PARTS, maxSize: 20 })?.maxSize).toBe(20);
  });

  const all: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];
  it.each<[offered: Direction, expected: readonly Direction[]]>([
    ['sendrecv', ['sendrecv', 'sendonly', 'recvonly', 'inactive']],
    ['sendonly', ['recvonly', 'inactive', 'recvonly', 'inactive']],
    ['recvonly', ['sendonly', 'sendonly', 'inactive', 'inactive']],
    ['inactive', ['inactive', 'inactive', 'inactive', 'inactive']],
  ])('to %s answers what it wants of it: %j (SD-08)', (direction, expected) => {
    const answers = all.map((wanted) => answeredMedia(offered({ direction }), { ...PARTS, direction: wanted }));
    expect(answers.map((media) => media?.direction)).toEqual(expected);
    expect(answeredMedia(offered({ direction }), PARTS)?.direction).toBe(expected[0]);
  });
});
