import { describe, expect, it } from 'vitest';
import {
  answeredMedia,
  type MediaParts,
  offeredMedia,
  parseSessionDescription,
  planConnection,
  readMsrpMedia,
  type Setup,
} from '../../src/sdp/index.ts';
import { ALICE, BEHIND_RELAY, BOB } from './examples.ts';

const A = 'msrp://a.example.com:7777/k81Zs;tcp';
const B = 'msrp://b.example.com:8888/r3Lm9;tcp';
const [NEAR, FAR] = ['msrps://near.example.org:2855/f3l2;tcp', 'msrps://far.example.net:9010/t0ER;tcp'];

const only = (text: string) => readMsrpMedia(parseSessionDescription(text))[0]!;

describe('planConnection', () => {
  it.each<[offer: Setup | undefined, answer: Setup | undefined, active: 'offerer' | 'answerer']>([
    [undefined, undefined, 'offerer'],
    [undefined, 'passive', 'offerer'],
    [undefined, 'active', 'offerer'],
    ['actpass', 'passive', 'offerer'],
    ['actpass', 'active', 'answerer'],
    ['actpass', undefined, 'offerer'],
    ['actpass', 'actpass', 'offerer'],
    ['active', 'passive', 'offerer'],
    ['active', 'active', 'offerer'],
    ['active', undefined, 'offerer'],
    ['passive', 'active', 'answerer'],
    ['passive', 'passive', 'offerer'],
    ['passive', undefined, 'offerer'],
  ])('offer %s, answer %s: the %s is active, for both alike (CM-01, CM-06)', (offer, answer, active) => {
    const [first, second] = [
      { setup: offer, path: [A] },
      { setup: answer, path: [B] },
    ];
    const [offerer, answerer] = [planConnection(first, second, 'own'), planConnection(second, first, 'peer')];
    expect([offerer.role, answerer.role]).toEqual(active === 'offerer' ? ['active', 'passive'] : ['passive', 'active']);
    expect([offerer.connectTo, answerer.connectTo]).toEqual(active === 'offerer' ? [B, undefined] : [undefined, A]);
    expect([offerer.toPath, answerer.toPath]).toEqual([[B], [A]]);
  });

  it('makes Alice of RFC 4975 connect to Bob (CM-06)', () => {
    const [alice, bob] = [only(ALICE), only(BOB)];
    expect(planConnection(alice, bob, 'own')).toEqual({ role: 'active', connectTo: bob.path[0], toPath: bob.path });
    expect(planConnection(bob, alice, 'peer')).toMatchObject({ role: 'passive', connectTo: undefined });
  });

  it('connects to the first URI of a peer behind a relay and addresses all (SD-02)', () => {
    const bob = only(BEHIND_RELAY);
    expect(planConnection(only(ALICE), bob, 'own')).toEqual({
      role: 'active',
      connectTo: 'msrps://relay.example.com:9000/hjdhfha;tcp',
      toPath: ['msrps://relay.example.com:9000/hjdhfha;tcp', 'msrps://bob.example.com:1234/fuige;tcp'],
    });
  });

  it.each<[setup: Setup, role: string]>([
    ['active', 'passive'],
    ['passive', 'active'],
  ])('connects to its own relay also when the peer is %s, and goes through all relays (CN-30, U-19)', (setup, role) => {
    const own = { setup: 'actpass', path: [FAR, NEAR, A] } as const;
    const peer = { setup, path: ['msrps://relay-b.example.net:2855/3wA9;tcp', B] };
    expect(planConnection(own, peer, 'own')).toEqual({
      role,
      connectTo: NEAR,
      toPath: [NEAR, FAR, 'msrps://relay-b.example.net:2855/3wA9;tcp', B],
    });
    expect(own.path).toEqual([FAR, NEAR, A]);
  });

  it('makes exactly one side of any offer and its answer active (CM-02)', () => {
    const parts = (path: string[], reachable: boolean): MediaParts => ({ path, reachable, acceptTypes: ['*'] });
    for (const [offerer, answerer] of [
      [true, true],
      [true, false],
      [false, true],
      [false, false],
    ] as const) {
      const offer = offeredMedia(parts([A], offerer));
      const answer = answeredMedia(offer, parts([B], answerer))!;
      const roles = [planConnection(offer, answer, 'own').role, planConnection(answer, offer, 'peer').role];
      expect(roles).toEqual(offerer && !answerer ? ['passive', 'active'] : ['active', 'passive']);
    }
  });
});
