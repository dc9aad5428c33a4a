/** Next hops that policy denies, nodes that are not the client, and this relay itself, under every name that they can be given. */
import type { Overrides } from './harness.ts';
import {
  attempts,
  type Outcome,
  outcomeOf,
  RELAY,
  type Room,
  send,
  statusAndReport,
  takeSend,
  VICTIM,
} from './red-team.ts';

/** A SEND of a client to `host`, at the port where both the inside node and the victim listen. */
async function toHost(room: Room, host: string) {
  const { endpoint, usePath } = await room.client();
  return { endpoint, octets: send(endpoint, `${usePath} msrps://${host}:${room.inside.port}/x;tcp`) };
}

/** It is refused before anything is looked up. */
async function atOnce(room: Room, host: string): Promise<Outcome> {
  const { endpoint, octets } = await toHost(room, host);
  return outcomeOf(endpoint, octets);
}

/** It is admitted, and then what the look-up gives is refused. */
async function afterLookUp(room: Room, host: string): Promise<readonly Outcome[]> {
  const { endpoint, octets } = await toHost(room, host);
  return statusAndReport(endpoint, octets);
}

attempts('A next hop inside, written as the address', [
  ...[
    '127.0.0.1',
    '127.255.255.254',
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::ffff:127.0.0.1]',
    '[::FFFF:7F00:1]',
    '[0:0:0:0:0:ffff:7f00:0001]',
    '[0000:0000:0000:0000:0000:0000:127.0.0.1]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[2002:7f00:1::1]',
    '[2001:0:7f00:1::1]',
    '[fe80::1]',
    '[fd12:3456::1]',
    '%31%32%37.0.0%2e1',
    'joe@127.0.0.1',
    `${VICTIM}:2855@127.0.0.1`,
    '169.254.169.254',
    '[::ffff:169.254.169.254]',
    '[::ffff:a9fe:a9fe]',
    '10.0.0.1',
    '0.0.0.0',
    '[::]',
    '224.0.0.1',
    '[ff02::1]',
    '255.255.255.255',
  ].map((host) => ({
    title: `${host}, is refused at once (FW-09, SE-01, DN-01)`,
    act: (room: Room) => atOnce(room, host),
    answer: 403 as const,
  })),
  ...['[::1%25lo]', '[::1', '::1', '[127.0.0.1]', '[::ffff:127.0.0.1.]', '127.0.0.1:1', ''].map((host) => ({
    title: `"${host}", is no URI (U-04, U-05, EC-02)`,
    act: (room: Room) => atOnce(room, host),
    answer: 400 as const,
  })),
  {
    title: '127.8.0.1, which is allowed, is connected to (FW-09)',
    act: async (room) => {
      const { endpoint, octets } = await toHost(room, '127.8.0.1');
      // No certificate is good for an address.
      return statusAndReport(endpoint, octets);
    },
    answer: [200, 408],
    dials: [VICTIM],
    reports: { 'unreachable 408': 1 },
  },
]);

/** The system reads such hosts as addresses, without asking anybody. */
const BY_SYSTEM = ['127.1', '127.0.1', '0177.0.0.1', '0x7f.0.0.1', '0x7f000001', '017700000001', '2130706433'];

/** DNS servers can be made to say anything of a name, also of one that looks like an address. */
const BY_SERVER = [...BY_SYSTEM, '127.0.0.1.', '127.0.0.01', '127.0.0.1.example.net', '1.0.0.127.in-addr.arpa'];

attempts('A next hop inside, written as a name that the system reads as an address', [
  ...['localhost', 'LocalHost', ...BY_SYSTEM].map((host) => ({
    title: `${host}, is not connected to (FW-09, SE-01)`,
    relay: { resolver: 'system' },
    act: (room: Room) => afterLookUp(room, host),
    answer: [200, 403] as const,
    reports: { 'denied 403': 1 },
  })),
  {
    title: '127.524289, is connected to where it means 127.8.0.1, which is allowed (FW-09)',
    relay: { resolver: 'system' },
    act: (room) => afterLookUp(room, '127.524289'),
    // No certificate is good for it.
    answer: [200, 408],
    dials: [VICTIM],
    reports: { 'unreachable 408': 1 },
  },
]);

attempts('A next hop inside, written as a name for which DNS says 127.0.0.1', [
  ...BY_SERVER.map((host) => ({
    title: `${host}, is not connected to (FW-09, SE-01)`,
    act: (room: Room) => {
      room.zone[host.replace(/\.$/, '')] = { A: ['127.0.0.1'] };
      return afterLookUp(room, host);
    },
    answer: [200, 403] as const,
    looksUp: [host.replace(/\.$/, '')],
    reports: { 'denied 403': 1 },
  })),
  {
    title: '127.1, is connected to where DNS says 127.8.0.1, which is allowed (FW-09)',
    act: (room) => {
      room.zone['127.1'] = { A: ['127.8.0.1'] };
      return afterLookUp(room, '127.1');
    },
    answer: [200, 408],
    dials: [VICTIM],
    looksUp: ['127.1'],
    reports: { 'unreachable 408': 1 },
  },
]);

/** The ways to write the victim's name. */
const VICTIM_SPELLINGS = [
  VICTIM,
  `${VICTIM}.`,
  VICTIM.toUpperCase(),
  VICTIM.replace('victim', 'vic%74im'),
  VICTIM.replace('.', '%2E'),
  `joe@${VICTIM}`,
  `127.8.0.1:1@${VICTIM}`,
];

/** The ways to deny the victim. */
const DENIALS: readonly string[] = [VICTIM, '*.example.net', 'Victim.Example.NET', '127.8.0.0/16', '127.8.0.1', 'any'];

function denying(entry: string): Overrides {
  return { nextHops: { deny: [entry] } };
}

attempts('A next hop that is denied', [
  ...VICTIM_SPELLINGS.map((host) => ({
    title: `by its name is not connected to as ${host} (FW-09, U-07)`,
    relay: denying(VICTIM),
    act: (room: Room) => afterLookUp(room, host),
    answer: [200, 403] as const,
    looksUp: [VICTIM],
    reports: { 'denied 403': 1 },
  })),
  ...DENIALS.map((entry) => ({
    title: `as ${entry} is not connected to (FW-09)`,
    relay: denying(entry),
    act: (room: Room) => afterLookUp(room, VICTIM),
    answer: [200, 403] as const,
    looksUp: [VICTIM],
    reports: { 'denied 403': 1 },
  })),
  ...['127.8.0.1', '[::ffff:127.8.0.1]', '[::ffff:7f08:1]', '%3127.8.0.1'].map((host) => ({
    title: `as a network is not connected to as ${host} (FW-09, DN-01)`,
    relay: denying('127.8.0.0/16'),
    act: (room: Room) => atOnce(room, host),
    answer: 403 as const,
  })),
  ...VICTIM_SPELLINGS.map((host) => ({
    title: `is another one: ${host} is reached (FW-09, U-07)`,
    relay: denying('other.example.net'),
    act: async (room: Room) => {
      const outcome = await atOnce(room, host);
      await takeSend(room.victim);
      return outcome;
    },
    answer: 200 as const,
    dials: [VICTIM],
    looksUp: [VICTIM],
  })),
]);

/** Ways to write this relay as the next hop: each is this relay, or nobody. */
const OURSELVES: readonly (readonly [host: string, outcome: Outcome])[] = [
  [RELAY, 481],
  [`${RELAY}.`, 481],
  [RELAY.toUpperCase(), 481],
  [RELAY.replace('relay', 'r%65lay'), 481],
  [`${VICTIM}@${RELAY}`, 481],
  ['127.0.0.1', 481],
  ['[::ffff:127.0.0.1]', 403],
  ['[::1]', 403],
];

attempts('This relay itself as the next hop, written', [
  ...OURSELVES.map(([host, outcome]) => ({
    title: `${host}, is not connected to: there are no loops (U-22, U-23, FW-19, SE-01)`,
    act: async (room: Room) => {
      room.zone[RELAY] = { A: ['127.8.0.1'] };
      const { endpoint, usePath } = await room.client();
      const self = `msrps://${host}:${room.relay.tlsPort}/x;tcp`;
      return outcomeOf(endpoint, send(endpoint, `${usePath} ${self} ${self} ${room.victim.uri}`));
    },
    answer: outcome,
  })),
]);

/** Changes how the client's node is written; what comes out is another node. */
const ELSEWHERE: readonly (readonly [what: string, write: (uri: string, room: Room) => string])[] = [
  ['another host', (uri) => uri.replace('127.0.0.1', VICTIM)],
  ['another port', (uri, { victim }) => uri.replace(/:\d+/, `:${victim.port}`)],
  ['another scheme', (uri) => uri.replace('msrps:', 'msrp:')],
  ['another transport', (uri) => uri.replace(';tcp', ';ws')],
  ['no port', (uri) => uri.replace(/127\.0\.0\.1:\d+/, 'localhost')],
  ['a name of its address', (uri) => uri.replace('127.0.0.1', 'localhost')],
  ['its address as IPv6', (uri) => uri.replace('127.0.0.1', '[::ffff:127.0.0.1]')],
  ['its address in short', (uri) => uri.replace('127.0.0.1', '127.1')],
  ['its address and a final dot', (uri) => uri.replace('127.0.0.1', '127.0.0.1.')],
  ['the client in the userinfo', (uri, { victim }) => uri.replace(/\/t\w+/, `@${VICTIM}:${victim.port}/x`)],
  ['the client in the userinfo, percent-encoded', (uri) => uri.replace(/:(\d+)/, `%3A$1@${VICTIM}:$1`)],
  ['an encoded @ behind the client', (uri) => uri.replace('127.0.0.1', `127.0.0.1%40${VICTIM}`)],
  ['an encoded slash behind the client', (uri) => uri.replace('127.0.0.1', `127.0.0.1%2F.${VICTIM}`)],
  ['an encoded NUL behind the client', (uri) => uri.replace('127.0.0.1', `127.0.0.1%00.${VICTIM}`)],
];

attempts('From outside, the next hop', [
  ...ELSEWHERE.map(([what, write]) => ({
    title: `with ${what} is not the client (FW-05, FW-07, FW-21, SE-01)`,
    act: async (room: Room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      return outcomeOf(outsider, send(outsider, `${client.usePath} ${write(client.endpoint.uri, room)}`));
    },
    answer: 403 as const,
  })),
  {
    title: 'may be the client, then more: that goes to the client and no further (FW-07, FW-21)',
    act: async (room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      const toPath = `${client.usePath} ${client.endpoint.uri} ${room.victim.uri}`;
      const outcome = await outcomeOf(outsider, send(outsider, toPath));
      await takeSend(client.endpoint);
      return outcome;
    },
    answer: 200,
  },
]);
