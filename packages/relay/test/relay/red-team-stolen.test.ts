/** Session URIs in the hands of others than those they were granted to: good for nothing but to write to their owner. */
import type tls from 'node:tls';
import { expect } from 'vitest';
import { createAuthority, type Endpoint, request } from '../endpoint.ts';
import { authOnBehalf, certificateFor } from './chain.ts';
import { attempt, authenticate, challenged, successReport } from './dialogue.ts';
import { authority, configOf, PASSWORDS } from './harness.ts';
import {
  attempts,
  type Client,
  type Outcome,
  outcomeAndEnd,
  outcomeOf,
  RELAY,
  type Room,
  send,
  takeSend,
  VICTIM,
} from './red-team.ts';

const INNER = 'inner.example.org';
const BEHIND = 'msrps://client.example.org:41207/c1;tcp';

/** Another relay, with the session that a client behind it has got here. */
async function innerRelay(room: Room) {
  const endpoint = await room.connect({ certificate: await certificateFor(INNER) });
  const fromPath = `msrps://${INNER}:2855/s1;tcp ${BEHIND}`;
  const granted = await authOnBehalf(endpoint, { target: room.relay.target, fromPath });
  const sessionUri = granted.header('Use-Path')?.split(' ').at(-1) ?? '';
  return { endpoint, fromPath, sessionUri };
}

/** What comes of it when `thief` sends to the victim by the session URI, as `fromPath`. */
function steal(room: Room, thief: Endpoint, usePath: string, fromPath = thief.uri): Promise<Outcome> {
  return outcomeOf(thief, send(thief, `${usePath} ${room.victim.uri}`, { fromPath }));
}

/** The owner is gone, and the relay has noticed. */
async function leave(room: Room, { endpoint }: Client): Promise<void> {
  await endpoint.close();
  await expect.poll(() => room.relay.relay.snapshot().sessions).toBe(1);
}

attempts('A stolen session URI of a client', [
  {
    title: 'leads nowhere for another user (FW-05, AU-38, SE-01)',
    act: async (room) => steal(room, (await room.client()).endpoint, room.bob.usePath),
    answer: 403,
  },
  {
    title: 'leads nowhere for the same user on another connection (FW-05, FW-06, AU-38)',
    act: async (room) => {
      const [first, second] = [await room.client(), await room.client()];
      return steal(room, second.endpoint, first.usePath, first.endpoint.uri);
    },
    answer: 403,
  },
  {
    title: 'leads nowhere for a stranger, who is not even its peer: 506 (CN-21, SE-05)',
    act: async (room) => {
      const stranger = await room.connect();
      const outcomes = [await steal(room, stranger, room.bob.usePath)];
      const inward = `${room.bob.usePath} ${room.bob.endpoint.uri}`;
      outcomes.push(await outcomeOf(stranger, send(stranger, inward)));
      outcomes.push(await outcomeOf(stranger, send(stranger, inward, { fromPath: room.friend.uri })));
      return outcomes;
    },
    answer: [403, 506, 506],
  },
  {
    title: 'leads nowhere on a TLS session that is resumed from its client’s (SE-13, AU-38)',
    act: async (room) => {
      const version = { minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
      const owner = await room.connect({ tls: version });
      const granted = await authenticate(room.relay, owner);
      const session = (owner.socket as tls.TLSSocket).getSession();
      const thief = await room.connect({ tls: { ...version, ...(session === undefined ? {} : { session }) } });
      expect((thief.socket as tls.TLSSocket).isSessionReused()).toBe(true);
      return steal(room, thief, granted.header('Use-Path') ?? '', owner.uri);
    },
    answer: 403,
  },
  {
    title: 'leads nowhere in clear, and costs the connection (CN-03, SE-03)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const thief = await room.connect({ secure: false });
      const toPath = `${usePath} ${room.victim.uri}`;
      return outcomeAndEnd(thief, send(thief, toPath, { fromPath: endpoint.uri }));
    },
    answer: 403,
  },
  {
    title: 'leads nowhere when its client has left, however much the thief looks like it (FW-03, CN-16, AU-38)',
    act: async (room) => {
      const client = await room.client();
      const { endpoint, usePath } = client;
      await leave(room, client);
      const thief = await room.client();
      return steal(room, thief.endpoint, usePath, endpoint.uri);
    },
    answer: 481,
  },
  {
    title: 'leads nowhere when it has expired, not even for its client (FW-03, FW-04, AU-42)',
    act: async (room) => {
      const client = await room.client({ expires: '60' });
      room.relay.clock.advance(60_000);
      const thief = await room.connect();
      return [await steal(room, client.endpoint, client.usePath), await steal(room, thief, client.usePath)];
    },
    answer: [481, 481],
  },
  {
    title: 'leads nowhere when its user has been removed (SE-09, FW-03)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const tls = { ...(await certificateFor(RELAY)), ca: authority.ca };
      const credentials = [{ type: 'static', users: { bob: PASSWORDS.bob } }];
      await room.relay.relay.reload(configOf({ hostname: RELAY, tls, credentials }, room.relay.clock));
      return steal(room, endpoint, usePath);
    },
    answer: 481,
  },
  {
    title: 'is of no use as one of another relay’s, nor one of another relay’s here (CN-15, U-07)',
    act: async (room) => {
      const [thief, client] = [await room.client(), await room.client()];
      return steal(room, thief.endpoint, client.usePath.replace(RELAY, 'other.example.org'));
    },
    answer: 481,
  },
  {
    title: 'is not renewed for another, who knows a password (AU-44, AU-56)',
    act: async (room) => {
      const thief = await room.connect();
      const challenges = await challenged(room.relay, thief);
      const wish = { challenges, target: room.bob.usePath };
      return outcomeOf(thief, attempt(room.relay, thief, wish).octets);
    },
    answer: 481,
  },
  {
    title: 'is no way to another user’s relay: no AUTH, no other method passes (FW-05, FW-12, AU-51)',
    act: async (room) => {
      const { endpoint } = await room.client();
      const paths = { toPath: `${room.bob.usePath} ${room.victim.uri}`, fromPath: endpoint.uri };
      void endpoint.send(successReport(endpoint, paths.toPath));
      return [await outcomeOf(endpoint, request('AUTH', paths)), await outcomeOf(endpoint, request('FROB', paths))];
    },
    answer: [403, 403],
  },
]);

/** Everybody who would like to have the session of a relay’s client. */
const THIEVES: readonly (readonly [who: string, come: (room: Room) => Promise<Endpoint>])[] = [
  ['a stranger', (room) => room.connect()],
  ['a client', async (room) => (await room.client()).endpoint],
  ['another relay', async (room) => room.connect({ certificate: await certificateFor('other.example.org') })],
  ['a relay below its name', async (room) => room.connect({ certificate: await certificateFor(`x.${INNER}`) })],
  [
    'an impostor with a certificate of another authority',
    async (room) => room.connect({ certificate: await (await createAuthority()).issue({ dnsNames: [INNER] }) }),
  ],
  [
    'an impostor with a certificate that has expired',
    async (room) => {
      const notAfter = new Date(Date.now() - 3_600_000);
      return room.connect({ certificate: await authority.issue({ dnsNames: [INNER], notAfter }) });
    },
  ],
];

attempts('A stolen session URI of another relay', [
  ...THIEVES.map(([who, come]) => ({
    title: `leads nowhere for ${who} (FW-05, FW-08, AU-38, SE-05)`,
    act: async (room: Room) => {
      const { fromPath, sessionUri } = await innerRelay(room);
      const thief = await come(room);
      return [await steal(room, thief, sessionUri, fromPath), await steal(room, thief, sessionUri)];
    },
    answer: [403, 403] as const,
  })),
  ...['other.example.org', `x.${INNER}`, '127.0.0.1', VICTIM].map((host) => ({
    title: `leads from outside to that relay, and not to ${host} (FW-08, FW-21)`,
    act: async (room: Room) => {
      const { sessionUri } = await innerRelay(room);
      const stranger = await room.connect();
      const toPath = `${sessionUri} msrps://${host}:${room.victim.port}/s1;tcp ${BEHIND}`;
      return outcomeOf(stranger, send(stranger, toPath));
    },
    answer: 403 as const,
  })),
]);

attempts('A session URI in the right hands', [
  {
    title: 'leads out, for its client (FW-05, FW-09)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const outcome = await steal(room, endpoint, usePath);
      await takeSend(room.victim);
      return outcome;
    },
    answer: 200,
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
  {
    title: 'leads out, for the relay that brought its client (FW-08, AU-38)',
    act: async (room) => {
      const { sessionUri, fromPath } = await innerRelay(room);
      const second = await room.connect({ certificate: await certificateFor(INNER) });
      const outcome = await steal(room, second, sessionUri, fromPath);
      await takeSend(room.victim);
      return outcome;
    },
    answer: 200,
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
  {
    title: 'leads in, from the peer that it was given to (CN-12, CN-21)',
    act: async (room) => {
      const [peer, client] = [await room.connect(), await room.client()];
      const outcome = await outcomeOf(peer, send(peer, `${client.usePath} ${client.endpoint.uri}`));
      await takeSend(client.endpoint);
      return outcome;
    },
    answer: 200,
  },
  {
    title: 'is renewed for its client (AU-44)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const challenges = await challenged(room.relay, endpoint);
      return outcomeOf(endpoint, attempt(room.relay, endpoint, { challenges, target: usePath }).octets);
    },
    answer: 200,
  },
]);
