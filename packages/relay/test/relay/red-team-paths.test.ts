/** Forged paths: what somebody writes about itself, about this relay or about the next hop leads nobody inside or in circles. */
import { attempts, type Client, outcomeOf, RELAY, type Room, send, takeSend, VICTIM } from './red-team.ts';

attempts('A forged From-Path', [
  {
    title: 'does not make an outsider the client (FW-05, FW-06, SE-05)',
    act: async (room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      const toPath = `${client.usePath} ${room.victim.uri}`;
      return outcomeOf(outsider, send(outsider, toPath, { fromPath: client.endpoint.uri }));
    },
    answer: 403,
  },
  {
    title: 'does not make an outsider the client behind another relay (FW-06, CN-32, SE-05)',
    act: async (room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      const fromPath = `msrps://inner.example.org:2855/s1;tcp ${client.endpoint.uri}`;
      return outcomeOf(outsider, send(outsider, `${client.usePath} ${room.victim.uri}`, { fromPath }));
    },
    answer: 403,
  },
  {
    title: 'does not make an outsider this relay itself (FW-06, SE-05, U-23)',
    act: async (room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      const fromPath = `${client.usePath} ${client.endpoint.uri}`;
      return outcomeOf(outsider, send(outsider, `${client.usePath} ${room.victim.uri}`, { fromPath }));
    },
    answer: 403,
  },
  {
    title: 'takes nothing away from the peer that it names: that one has its own connection (SE-05, CN-21)',
    act: async (room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      const claimed = `${room.victim.uri} ${outsider.uri}`;
      const lie = send(outsider, `${client.usePath} ${client.endpoint.uri}`, { fromPath: claimed });
      const outcomes = [await outcomeOf(outsider, lie)];
      await takeSend(client.endpoint);
      outcomes.push(await outcomeOf(client.endpoint, send(client.endpoint, `${client.usePath} ${room.victim.uri}`)));
      await takeSend(room.victim);
      return outcomes;
    },
    answer: [200, 200],
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
]);

/** A path through own URIs that leads nowhere: alice writes it with her own session, a second one and bob's in it. */
async function throughOurselves(room: Room, path: (own: string, second: string, bob: Client) => string[]) {
  const { endpoint, usePath } = await room.client();
  const second = await room.client();
  return outcomeOf(endpoint, send(endpoint, path(usePath, second.usePath, room.bob).join(' ')));
}

attempts('A To-Path through this relay several times', [
  {
    title: 'does not lead out through the same session twice (U-23, FW-05)',
    act: (room) => throughOurselves(room, (own) => [own, own, room.victim.uri]),
    answer: 403,
  },
  {
    title: 'does not lead out through another session of the same user (U-23, FW-05)',
    act: (room) => throughOurselves(room, (own, second) => [own, second, room.victim.uri]),
    answer: 403,
  },
  {
    title: 'does not lead out through the session of another user (U-23, FW-05)',
    act: (room) => throughOurselves(room, (own, _second, bob) => [own, bob.usePath, room.victim.uri]),
    answer: 403,
  },
  {
    title: 'does not lead out through the base URI (U-23, FW-02)',
    act: (room) => throughOurselves(room, (own) => [own, room.relay.target, room.victim.uri]),
    answer: 481,
  },
  {
    title: 'does not go round and round (FW-19, U-23)',
    act: (room) =>
      throughOurselves(room, (own, _second, bob) => [
        ...Array.from({ length: 6 }, () => [own, bob.usePath]).flat(),
        bob.endpoint.uri,
      ]),
    answer: 403,
  },
  {
    title: 'is at most 16 URIs long (FW-19, SE-06)',
    act: (room) => throughOurselves(room, (own) => [...Array.from({ length: 16 }, () => own), room.victim.uri]),
    answer: 400,
  },
  {
    title: 'leads to the other client when that is meant (U-23)',
    act: async (room) => {
      const outcome = await throughOurselves(room, (own, _second, bob) => [own, bob.usePath, bob.endpoint.uri]);
      await takeSend(room.bob.endpoint);
      return outcome;
    },
    answer: 200,
  },
]);

/** Changes how this relay's own URI is written. */
type Spelling = readonly [what: string, write: (uri: string, room: Room) => string];

/** Ways to write this relay that still name it: none is another node to connect to. */
const SAME: readonly Spelling[] = [
  ['in capitals', (uri) => uri.replace('msrps', 'MSRPS').replace(RELAY, RELAY.toUpperCase()).replace(';tcp', ';TCP')],
  ['with a percent-encoded letter', (uri) => uri.replace('relay.', 'rel%61y.')],
  [
    'all percent-encoded',
    (uri) => uri.replace(RELAY, [...RELAY].map((c) => `%${c.charCodeAt(0).toString(16)}`).join('')),
  ],
  ['with userinfo', (uri) => uri.replace('//', '//joe@')],
  ['with userinfo that looks like a host', (uri, { victim }) => uri.replace('//', `//${VICTIM}:${victim.port}@`)],
  ['with parameters', (uri) => `${uri};a=1;b`],
  ['with zeros before the port', (uri) => uri.replace(/:(\d+)/, ':000$1')],
];

/** Ways to write something that this relay is not, or has no session under. */
const OTHER: readonly Spelling[] = [
  ['with a final dot', (uri) => uri.replace(RELAY, `${RELAY}.`)],
  ['as an address of its listener', (uri) => uri.replace(RELAY, '127.0.0.1')],
  ['with the port of its clear listener', (uri, { relay }) => uri.replace(/:\d+/, `:${relay.tcpPort}`)],
  ['with the scheme of its clear listener', (uri) => uri.replace('msrps:', 'msrp:')],
  ['as its clear listener', (uri, { relay }) => uri.replace('msrps:', 'msrp:').replace(/:\d+/, `:${relay.tcpPort}`)],
  ['with another transport', (uri) => uri.replace(';tcp', ';ws')],
  ['with another session-id', (uri) => uri.replace(/(\d\/0\.)../, '$1zz')],
  ['with a session-id of other case', (uri) => uri.replace(/\/0\.[^;]+/, (id) => swapCase(id))],
  ['with a path that comes back', (uri) => uri.replace(/\/(0\.[^;]+)/, '/x/../$1')],
  ['without session-id', (uri) => uri.replace(/\/0\.[^;]+/, '')],
  ['as the userinfo of another', (uri, { victim }) => uri.replace(/:(\d+)\//, `:$1@${VICTIM}:${victim.port}/`)],
];

function swapCase(text: string): string {
  return [...text].map((c) => (c === c.toUpperCase() ? c.toLowerCase() : c.toUpperCase())).join('');
}

attempts('The own URI first, written', [
  ...SAME.map(([what, write]) => ({
    title: `${what}, is no other way to send from outside (FW-05, U-07, SE-01)`,
    act: async (room: Room) => {
      const [outsider, client] = [await room.connect(), await room.client()];
      return outcomeOf(outsider, send(outsider, `${write(client.usePath, room)} ${room.victim.uri}`));
    },
    answer: 403 as const,
  })),
  ...OTHER.map(([what, write]) => ({
    title: `${what}, is no session, not even of its client (FW-02, U-06, U-08, U-09)`,
    act: async (room: Room) => {
      const { endpoint, usePath } = await room.client();
      return outcomeOf(endpoint, send(endpoint, `${write(usePath, room)} ${room.victim.uri}`));
    },
    answer: 481 as const,
  })),
  ...SAME.slice(0, 1).map(([what, write]) => ({
    title: `${what}, is the client’s session all the same (U-07)`,
    act: async (room: Room) => {
      const { endpoint, usePath } = await room.client();
      const outcome = await outcomeOf(endpoint, send(endpoint, `${write(usePath, room)} ${room.victim.uri}`));
      await takeSend(room.victim);
      return outcome;
    },
    answer: 200 as const,
    dials: [VICTIM],
    looksUp: [VICTIM],
  })),
]);
