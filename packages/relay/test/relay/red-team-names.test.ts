/** Names whose DNS belongs to the attacker: whatever they say, and however often they change it, nobody inside is connected to. */
import { expect } from 'vitest';
import { type Endpoint, type Listening, request, responseTo } from '../endpoint.ts';
import { authOnBehalf, certificateFor } from './chain.ts';
import { dialledCount } from './dialogue.ts';
import {
  type Attempt,
  attempts,
  type Outcome,
  outcomeOf,
  type Room,
  send,
  statusAndReport,
  takeSend,
  VICTIM,
} from './red-team.ts';

const EVIL = 'evil.example.net';
const SERVICE = `_msrps._tcp.${EVIL}`;

/** An attacker’s own node, at the port that somebody inside listens on, too. */
function evilNode(room: Room) {
  return room.node(EVIL, { port: room.inside.port });
}

/** A SEND of a client to the attacker’s name, at that port. */
async function toEvil(room: Room, more: Parameters<typeof send>[2] = {}) {
  const { endpoint, usePath } = await room.client();
  return { endpoint, octets: send(endpoint, `${usePath} msrps://${EVIL}:${room.inside.port}/x;tcp`, more) };
}

/** Sends it, and waits until it has come to `node`: what the sender is told. */
async function comesTo(node: Listening, room: Room): Promise<Outcome> {
  const { endpoint, octets } = await toEvil(room);
  const outcome = await outcomeOf(endpoint, octets);
  await takeSend(node);
  return outcome;
}

async function isDenied(room: Room): Promise<readonly Outcome[]> {
  const { endpoint, octets } = await toEvil(room);
  return statusAndReport(endpoint, octets);
}

/** A name that is judged by what it leads to. */
const DENIED = { answer: [200, 403], looksUp: [EVIL], reports: { 'denied 403': 1 } } as const;

attempts('A name of the attacker, with the address', [
  ...['127.0.0.1', '169.254.169.254', '10.0.0.1', '192.168.1.1', '100.64.0.1', '0.0.0.0', '224.0.0.1'].map((A) => ({
    title: `${A}, leads nowhere (FW-09, SE-01)`,
    act: (room: Room) => {
      room.zone[EVIL] = { A: [A] };
      return isDenied(room);
    },
    ...DENIED,
  })),
  ...['::1', '::', '::ffff:127.0.0.1', '::ffff:0:127.0.0.1', '64:ff9b::7f00:1', 'fd00::1', 'fe80::1'].map((AAAA) => ({
    title: `${AAAA}, leads nowhere (FW-09, SE-01)`,
    act: (room: Room) => {
      room.zone[EVIL] = { AAAA: [AAAA] };
      return isDenied(room);
    },
    ...DENIED,
  })),
  {
    title: 'of another name, which is inside, leads nowhere (FW-09, SE-01)',
    act: (room) => {
      room.zone[EVIL] = { CNAME: 'inside.example.org' };
      room.zone['inside.example.org'] = { A: ['127.0.0.1'] };
      return isDenied(room);
    },
    ...DENIED,
  },
  {
    title: 'of localhost by another name leads nowhere (FW-09, SE-01)',
    act: (room) => {
      room.zone[EVIL] = { CNAME: 'localhost' };
      room.zone.localhost = { A: ['127.0.0.1'], AAAA: ['::1'] };
      return isDenied(room);
    },
    ...DENIED,
  },
  {
    title: 'of somebody outside leads there (FW-09, DN-02)',
    act: async (room) => {
      const node = await evilNode(room);
      return await comesTo(node, room);
    },
    answer: 200,
    dials: [EVIL],
    looksUp: [EVIL],
  },
  {
    title: 'of somebody outside by another name leads there, too (FW-09, DN-02)',
    act: async (room) => {
      const node = await evilNode(room);
      room.zone['alias.example.net'] = room.zone[EVIL] ?? {};
      room.zone[EVIL] = { CNAME: 'alias.example.net' };
      return await comesTo(node, room);
    },
    answer: 200,
    dials: [EVIL],
    looksUp: [EVIL],
  },
]);

/** The attacker’s node is reached, closes, and its name changes: what comes of the next SEND. */
async function rebind(room: Room, later: Room['zone'][string], afterMs: number): Promise<readonly Outcome[]> {
  const node = await evilNode(room);
  room.zone[EVIL] = { ...room.zone[EVIL], ttlSeconds: 1 };
  const first = await toEvil(room);
  expect(await outcomeOf(first.endpoint, first.octets)).toBe(200);
  const far = await node.accept();
  await takeSend(far);
  await far.close();
  await expect.poll(() => dialledCount(room.relay)).toBe(0);
  room.zone[EVIL] = later;
  room.relay.clock.advance(afterMs);
  return isDenied(room);
}

attempts('A name that changes', [
  {
    title: 'from somebody outside to an address inside, leads nowhere (FW-09, SE-01)',
    act: (room) => rebind(room, { A: ['127.0.0.1'] }, 2000),
    ...DENIED,
    dials: [EVIL],
  },
  {
    title: 'from somebody outside to a name inside, leads nowhere (FW-09, SE-01)',
    act: (room) => {
      room.zone['inside.example.org'] = { A: ['127.0.0.1'] };
      return rebind(room, { CNAME: 'inside.example.org' }, 2000);
    },
    ...DENIED,
    dials: [EVIL],
  },
  {
    title: 'with each look-up, is looked up once for both the judgement and the connection (FW-09, DN-12)',
    act: async (room) => {
      const node = await evilNode(room);
      const answers = [['127.8.0.2']];
      room.zone[EVIL] = {
        ttlSeconds: 0,
        get A() {
          return answers.pop() ?? ['127.0.0.1'];
        },
      };
      return await comesTo(node, room);
    },
    answer: 200,
    dials: [EVIL],
    looksUp: [EVIL],
  },
]);

attempts('A name with several addresses', [
  {
    title: 'has only those tried that are outside (FW-09, DN-06, SE-01)',
    act: async (room) => {
      const node = await evilNode(room);
      const { A: [outside = ''] = [] } = room.zone[EVIL] as { A: string[] };
      room.zone[EVIL] = { A: ['127.0.0.1', '169.254.169.254', outside, '10.0.0.1'], AAAA: ['::1'] };
      return await comesTo(node, room);
    },
    answer: 200,
    dials: [EVIL],
    looksUp: [EVIL],
  },
  {
    title: 'is not tried inside when nobody outside answers (FW-09, DN-06, SE-01)',
    act: async (room) => {
      const node = await evilNode(room);
      await node.close();
      const { A: [outside = ''] = [] } = room.zone[EVIL] as { A: string[] };
      room.zone[EVIL] = { A: [outside, '127.0.0.1'], AAAA: ['::1', '::ffff:127.0.0.1'] };
      return isDenied(room);
    },
    answer: [200, 408],
    dials: [EVIL],
    looksUp: [EVIL],
    reports: { 'unreachable 408': 1 },
  },
  {
    title: 'is not tried inside when the node outside cannot prove its name (FW-09, CN-07, SE-01)',
    act: async (room) => {
      room.zone[EVIL] = { A: ['127.8.0.1', '127.0.0.1'] };
      return isDenied(room);
    },
    answer: [200, 408],
    dials: [VICTIM],
    looksUp: [EVIL],
    reports: { 'unreachable 408': 1 },
  },
]);

/** An AUTH for the attacker’s domain, which has no port: its SRV records say where to. */
async function authForEvil(room: Room): Promise<Outcome> {
  const { endpoint, usePath } = await room.client();
  return outcomeOf(endpoint, request('AUTH', { toPath: `${usePath} msrps://${EVIL};tcp`, fromPath: endpoint.uri }));
}

/** SRV records that lead to hosts inside. */
function serviceAt(target: string, zone: Room['zone']): Omit<Attempt, 'title'> {
  return {
    act: (room) => {
      Object.assign(room.zone, zone, { [SERVICE]: { SRV: [{ port: room.inside.port, target }] } });
      return authForEvil(room);
    },
    answer: 403,
    looksUp: [SERVICE, target].toSorted(),
  };
}

attempts('SRV records of the attacker', [
  {
    title: 'with a target inside lead nowhere (AU-52, DN-03, FW-09, SE-01)',
    ...serviceAt('inside.example.org', { 'inside.example.org': { A: ['127.0.0.1'] } }),
  },
  {
    title: 'with a target that is inside by another name lead nowhere (AU-52, DN-03, FW-09)',
    ...serviceAt('alias.example.org', {
      'alias.example.org': { CNAME: 'x.example.org' },
      'x.example.org': { A: ['127.0.0.1'] },
    }),
  },
  {
    title: 'with localhost as target lead nowhere (AU-52, DN-03, FW-09)',
    ...serviceAt('localhost', { localhost: { A: ['127.0.0.1'], AAAA: ['::1'] } }),
  },
  {
    title: 'with a target that looks like an address lead nowhere (AU-52, DN-03, FW-09)',
    ...serviceAt('127.0.0.1', { '127.0.0.1': { A: ['127.0.0.1'] } }),
  },
  {
    title: 'with the address of the cloud’s metadata lead nowhere (AU-52, DN-03, FW-09)',
    ...serviceAt('metadata.example.org', { 'metadata.example.org': { A: ['169.254.169.254'] } }),
  },
  {
    title: 'with targets inside and outside lead to the one outside (AU-52, DN-03, DN-06, FW-09)',
    act: async (room) => {
      const node = await evilNode(room);
      const targets = ['inside.example.org', EVIL, 'other.example.org'];
      const SRV = targets.map((target, priority) => ({ priority, target, port: node.port }));
      Object.assign(room.zone, { [SERVICE]: { SRV }, 'inside.example.org': { A: ['127.0.0.1'] } });
      const answer = authForEvil(room);
      const far = await node.accept();
      void far.send(responseTo(await far.next(), 403));
      return answer;
    },
    answer: 403,
    dials: [EVIL],
    looksUp: [SERVICE, EVIL, 'inside.example.org'],
  },
  {
    title: 'with the target of another domain lead to a node that is not believed, and not told (AU-52, DN-07, CN-07)',
    act: async (room) => {
      Object.assign(room.zone, { [SERVICE]: { SRV: [{ port: room.victim.port, target: VICTIM }] } });
      const outcome = await authForEvil(room);
      expect(room.victim.acceptedCount()).toBe(0);
      return outcome;
    },
    answer: 408,
    dials: [VICTIM],
    looksUp: [SERVICE, VICTIM],
  },
  {
    title: 'do not say where a SEND goes (DN-09)',
    act: async (room) => {
      Object.assign(room.zone, { [SERVICE]: { SRV: [{ port: room.victim.port, target: VICTIM }] } });
      const { endpoint, usePath } = await room.client();
      return outcomeOf(endpoint, send(endpoint, `${usePath} msrps://${EVIL}/x;tcp`));
    },
    answer: 408,
  },
]);

attempts('A name under .invalid', [
  ...['token.invalid', 'token.invalid.', 'TOKEN.INVALID', 'token.%69nvalid', 'invalid'].map((host) => ({
    title: `written ${host}, is never looked up (DN-11, FW-09)`,
    act: async (room: Room) => {
      room.zone['token.invalid'] = { A: ['127.8.0.1'] };
      const { endpoint, usePath } = await room.client();
      const toPath = `${usePath} msrps://${host}:${room.victim.port}/x;tcp`;
      return statusAndReport(endpoint, send(endpoint, toPath));
    },
    answer: [200, 408] as const,
    reports: { 'unreachable 408': 1 },
  })),
  {
    title: 'is not every name with that word in it: invalid.example.net is looked up (DN-11, FW-09)',
    act: async (room) => {
      const node = await room.node('invalid.example.net');
      const { endpoint, usePath } = await room.client();
      const outcome = await outcomeOf(endpoint, send(endpoint, `${usePath} ${node.uri}`));
      await takeSend(node);
      return outcome;
    },
    answer: 200,
    dials: ['invalid.example.net'],
    looksUp: ['invalid.example.net'],
  },
]);

/** Another relay, with a certificate for the attacker’s name, and the From-Path that it writes: with a port inside. */
async function evilRelay(room: Room) {
  const endpoint = await room.connect({ certificate: await certificateFor(EVIL) });
  const uri = `msrps://${EVIL}:${room.inside.port}/s1;tcp`;
  return { endpoint, uri, fromPath: `${uri} msrps://client.example.org:41207/c1;tcp` };
}

/** It has left, and the relay has noticed; from now on its name leads to `address`. */
async function moves(room: Room, { endpoint }: { readonly endpoint: Endpoint }, address: string): Promise<void> {
  const { tls } = room.relay.relay.snapshot().connections;
  await endpoint.close();
  await expect.poll(() => room.relay.relay.snapshot().connections.tls).toBe((tls ?? 0) - 1);
  room.zone[EVIL] = { A: [address] };
}

/** A session of that relay, to which a stranger then sends. */
async function inward(room: Room, address: string): Promise<readonly Outcome[]> {
  const evil = await evilRelay(room);
  const granted = await authOnBehalf(evil.endpoint, { target: room.relay.target, fromPath: evil.fromPath });
  await moves(room, evil, address);
  const stranger = await room.connect();
  return statusAndReport(stranger, send(stranger, `${granted.header('Use-Path')?.split(' ').at(-1)} ${evil.fromPath}`));
}

/** A message of that relay fails when it has left: the REPORT would go to it. */
async function backward(room: Room, address: string): Promise<Outcome> {
  const [evil, client] = [await evilRelay(room), await room.client()];
  const asked = send(evil.endpoint, `${client.usePath} ${client.endpoint.uri}`, { fromPath: evil.fromPath });
  expect(await outcomeOf(evil.endpoint, asked)).toBe(200);
  const arrived = await client.endpoint.next();
  await moves(room, evil, address);
  void client.endpoint.send(responseTo(arrived, 415));
  // Whatever it opens for that comes to its end.
  await expect.poll(() => room.relay.logged()).toMatch(/"direction":"dialled"/);
  return 'silence';
}

attempts('A relay with a good certificate whose name', [
  {
    title: 'leads inside is not connected to for those who write to its client (FW-08, FW-09, SE-01)',
    act: (room) => inward(room, '127.0.0.1'),
    ...DENIED,
  },
  {
    title: 'leads to somebody else is connected to, and not believed (FW-08, CN-11)',
    act: (room) => inward(room, '127.8.0.1'),
    answer: [200, 408],
    dials: [VICTIM],
    looksUp: [EVIL],
    reports: { 'unreachable 408': 1 },
  },
  {
    title: 'leads inside is not connected to for a REPORT (X-12, FW-09, SE-01)',
    act: (room) => backward(room, '127.0.0.1'),
    answer: 'silence',
    looksUp: [EVIL],
    reports: { 'response 415': 1 },
  },
  {
    title: 'leads to somebody else gets no REPORT there (X-12, CN-11, SE-05)',
    act: async (room) => {
      const outcome = await backward(room, '127.8.0.1');
      expect(room.victim.acceptedCount()).toBe(0);
      return outcome;
    },
    answer: 'silence',
    dials: [VICTIM],
    looksUp: [EVIL],
    reports: { 'response 415': 1 },
  },
]);
