/** Nothing that was to go over TLS goes in clear, whoever asks for it; and old TLS is none. */
import { expect } from 'vitest';
import { request } from '../endpoint.ts';
import { authenticate } from './dialogue.ts';
import {
  attempts,
  type NodeOptions,
  type Outcome,
  outcomeAndEnd,
  outcomeOf,
  RELAY,
  type Room,
  send,
  statusAndReport,
  takeSend,
} from './red-team.ts';

const BOB = 'plain.example.net';
const OLD = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
const CLEARTEXT = { nextHops: { allow: ['127.8.0.0/16'], cleartext: true } };

/** What comes of a SEND to a node that speaks in clear. `path` makes what follows the session URI out of the node's URI. */
async function toClearNode(room: Room, path = (uri: string) => uri): Promise<Outcome> {
  const node = await room.node(BOB, { certificate: null });
  const { endpoint, usePath } = await room.client();
  const outcome = await outcomeOf(endpoint, send(endpoint, `${usePath} ${path(node.uri)}`));
  if (outcome === 200) await takeSend(node);
  return outcome;
}

/** What comes of a SEND over TLS to a node with such options. */
async function toNode(room: Room, options: NodeOptions): Promise<readonly Outcome[]> {
  const node = await room.node(BOB, options);
  const { endpoint, usePath } = await room.client();
  return statusAndReport(endpoint, send(endpoint, `${usePath} msrps://${BOB}:${node.port}/x;tcp`));
}

attempts('On a clear connection', [
  {
    title: 'a session of TLS is not used, in any direction (CN-03, SE-03)',
    act: async (room) => {
      const client = await room.client();
      const use = async (next: string) => {
        const clear = await room.connect({ secure: false });
        return outcomeAndEnd(clear, send(clear, `${client.usePath} ${next}`, { fromPath: client.endpoint.uri }));
      };
      return [await use(room.victim.uri), await use(client.endpoint.uri), await use(room.relay.target)];
    },
    answer: [403, 403, 403],
  },
  {
    title: 'a session of TLS is not used by its clear name (CN-03, U-06)',
    act: async (room) => {
      const { usePath } = await room.client();
      const clear = await room.connect({ secure: false });
      const downgraded = usePath
        .replace('msrps:', 'msrp:')
        .replace(`:${room.relay.tlsPort}/`, `:${room.relay.tcpPort}/`);
      return outcomeOf(clear, send(clear, `${downgraded} ${room.victim.uri}`));
    },
    answer: 481,
  },
  {
    title: 'nobody authenticates, to whichever of its names (AU-01, SE-03)',
    act: async (room) => {
      const targets = [`msrp://${RELAY}:${room.relay.tcpPort};tcp`, room.relay.target, `msrp://${RELAY};tcp`];
      const outcomes: Outcome[] = [];
      for (const toPath of targets) {
        const clear = await room.connect({ secure: false });
        outcomes.push(await outcomeAndEnd(clear, request('AUTH', { toPath, fromPath: clear.uri })));
      }
      return outcomes;
    },
    answer: [403, 403, 403],
  },
  {
    title: 'a client authenticates where that is permitted, and gets a session that is good there alone (AU-01, CN-03)',
    relay: { auth: { allowCleartext: true } },
    act: async (room) => {
      const clear = await room.connect({ secure: false });
      const target = `msrp://${RELAY}:${room.relay.tcpPort};tcp`;
      const challenge = await clear.ask(request('AUTH', { toPath: target, fromPath: clear.uri }));
      const challenges = challenge.headers.filter(([name]) => name === 'WWW-Authenticate').map(([, value]) => value);
      const granted = await authenticate(room.relay, clear, { target, challenges });
      const usePath = granted.header('Use-Path') ?? '';
      expect(usePath).toMatch(/^msrp:/);
      const thief = await room.connect();
      return [
        granted.status ?? 0,
        await outcomeOf(thief, send(thief, `${usePath} ${room.victim.uri}`, { fromPath: clear.uri })),
        await outcomeAndEnd(thief, send(thief, `${usePath.replace('msrp:', 'msrps:')} ${room.victim.uri}`)),
      ];
    },
    answer: [200, 403, 481],
  },
]);

const FAR = { dials: [BOB], looksUp: [BOB] } as const;
const UNREACHABLE = { ...FAR, answer: [200, 408], reports: { 'unreachable 408': 1 } } as const;

attempts('A next hop in clear', [
  {
    title: 'is refused by default (CN-25, SE-03)',
    act: (room) => toClearNode(room),
    answer: 403,
  },
  {
    title: 'in capitals is refused by default (CN-25, U-06)',
    act: (room) => toClearNode(room, (uri) => uri.replace('msrp:', 'MSRP:')),
    answer: 403,
  },
  {
    title: 'is refused where it is permitted, too, when another one follows: it would be a relay (CN-25, SE-03)',
    relay: CLEARTEXT,
    act: (room) => toClearNode(room, (uri) => `${uri} ${room.victim.uri}`),
    answer: 403,
  },
  {
    title: 'is refused where it is permitted, too, when it follows as itself (CN-25, SE-03)',
    relay: CLEARTEXT,
    act: (room) => toClearNode(room, (uri) => `${uri} ${uri}`),
    answer: 403,
  },
  {
    title: 'inside is refused where clear ones are permitted (CN-25, FW-09)',
    relay: CLEARTEXT,
    act: (room) => toClearNode(room, () => room.inside.uri),
    answer: 403,
  },
  {
    title: 'that is this relay’s own clear listener is no way round TLS (CN-25, U-23)',
    relay: CLEARTEXT,
    act: (room) => {
      const { tlsPort, tcpPort } = room.relay;
      const downgraded = room.bob.usePath.replace('msrps:', 'msrp:').replace(`:${tlsPort}/`, `:${tcpPort}/`);
      return toClearNode(room, () => `${downgraded} ${room.bob.endpoint.uri}`);
    },
    answer: 481,
  },
  {
    title: 'is connected to where it is permitted and the last one (CN-25)',
    relay: CLEARTEXT,
    act: (room) => toClearNode(room),
    answer: 200,
    ...FAR,
  },
]);

attempts('A next hop over TLS', [
  {
    title: 'that answers in clear is told nothing (CN-03, CN-07, X-01)',
    act: async (room) => {
      const node = await room.node(BOB, { certificate: null });
      const { endpoint, usePath } = await room.client();
      const outcomes = statusAndReport(endpoint, send(endpoint, `${usePath} msrps://${BOB}:${node.port}/x;tcp`));
      const far = await node.accept();
      const octets: Buffer[] = [];
      far.socket.on('data', (more) => octets.push(more));
      await far.send('HTTP/1.1 400 Bad Request\r\n\r\n');
      await far.closed;
      expect(Buffer.concat(octets).toString('latin1')).not.toMatch(/MSRP|hello/);
      return outcomes;
    },
    ...UNREACHABLE,
  },
  {
    title: 'of version 1.1 is told nothing (CN-04, X-01)',
    act: (room) => toNode(room, { tls: OLD }),
    ...UNREACHABLE,
  },
  {
    title: 'of version 1.2 is told what it is to know (CN-04)',
    act: async (room) => {
      const node = await room.node(BOB, { tls: { maxVersion: 'TLSv1.2' } });
      const { endpoint, usePath } = await room.client();
      const outcome = await outcomeOf(endpoint, send(endpoint, `${usePath} ${node.uri}`));
      await takeSend(node);
      return outcome;
    },
    answer: 200,
    ...FAR,
  },
]);

/** Whether a connection came about. */
async function comesAbout(room: Room, options: Parameters<Room['connect']>[0]): Promise<Outcome> {
  return room.connect(options).then(
    () => 'delivered',
    () => 'closed',
  );
}

attempts('A connection to this relay', [
  {
    title: 'of TLS 1.1 does not come about (CN-04)',
    act: (room) => comesAbout(room, { tls: OLD }),
    answer: 'closed',
  },
  {
    title: 'of TLS without authentication does not come about (CN-04)',
    act: (room) => comesAbout(room, { tls: { ciphers: 'aNULL:@SECLEVEL=0', maxVersion: 'TLSv1.2' } }),
    answer: 'closed',
  },
  {
    title: 'of TLS without encryption does not come about (CN-04)',
    act: (room) => comesAbout(room, { tls: { ciphers: 'eNULL:@SECLEVEL=0', maxVersion: 'TLSv1.2' } }),
    answer: 'closed',
  },
  {
    title: 'in clear, to its port for TLS, is not heard (CN-03, SE-03)',
    act: async (room) => {
      const { usePath } = await room.client();
      const clear = await room.connect({ secure: false, port: room.relay.tlsPort });
      return outcomeAndEnd(clear, send(clear, `${usePath} ${room.victim.uri}`));
    },
    answer: 'closed',
  },
  {
    title: 'of TLS, to its port for clear ones, does not come about (CN-03)',
    act: (room) => comesAbout(room, { port: room.relay.tcpPort }),
    answer: 'closed',
  },
  ...(['TLSv1.2', 'TLSv1.3'] as const).map((version) => ({
    title: `of ${version} comes about (CN-04)`,
    act: (room: Room) => comesAbout(room, { tls: { minVersion: version, maxVersion: version } }),
    answer: 'delivered' as const,
  })),
]);
