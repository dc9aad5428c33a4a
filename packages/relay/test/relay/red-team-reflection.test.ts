/** Nobody is sent a REPORT or a response at the wish of somebody else: what the relay says goes back the way the request came. */
import { expect } from 'vitest';
import { type Endpoint, type Message, request, responseTo } from '../endpoint.ts';
import { fence, successReport } from './dialogue.ts';
import { attempts, type Client, isReport, outcomeOf, type Room, send, takeSend, VICTIM } from './red-team.ts';

/** Sends a request that is never answered; nothing comes to its sender. */
async function silence({ relay }: Room, from: Endpoint, octets: Buffer): Promise<'silence'> {
  void from.send(octets);
  await from.expectSilence(fence(relay, from));
  return 'silence';
}

/** A client of its own, and a peer whose From-Path is `claimed`, the victim’s by default, that has sent a message to it: as it arrived. */
async function underFalseName(room: Room, claimed = room.victim.uri) {
  const [client, liar] = [await room.client(), await room.connect()];
  const lie = send(liar, `${client.usePath} ${client.endpoint.uri}`, { fromPath: claimed, successReport: 'yes' });
  expect(await outcomeOf(liar, lie)).toBe(200);
  return { client, liar, arrived: await client.endpoint.next() };
}

/** The liar is gone, and the relay has noticed. */
async function leave(room: Room, liar: Endpoint): Promise<void> {
  const { tls } = room.relay.relay.snapshot().connections;
  await liar.close();
  await expect.poll(() => room.relay.relay.snapshot().connections.tls).toBe((tls ?? 0) - 1);
}

attempts('A refused SEND', [
  ...['yes', 'partial', 'no'].map((failureReport) => ({
    title: `with Failure-Report ${failureReport} is not reported to whom it names (X-13, SE-01)`,
    act: async (room: Room) => {
      const stranger = await room.connect();
      const toPath = `${room.relay.target} ${room.victim.uri}`;
      const octets = send(stranger, toPath, { fromPath: room.victim.uri, failureReport });
      return failureReport === 'no' ? silence(room, stranger, octets) : outcomeOf(stranger, octets);
    },
    answer: failureReport === 'no' ? ('silence' as const) : 481,
  })),
  {
    title: 'is not reported to a client whose session it names (X-13, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      const fromPath = `${room.bob.usePath} ${room.bob.endpoint.uri}`;
      return outcomeOf(stranger, send(stranger, `${room.relay.target} ${room.victim.uri}`, { fromPath }));
    },
    answer: 481,
  },
  {
    title: 'of a peer in the wrong direction is not reported either (X-13, FW-05)',
    act: async (room) => {
      const outsider = await room.connect();
      const asked = send(outsider, `${room.bob.usePath} ${room.victim.uri}`, { fromPath: room.friend.uri });
      return outcomeOf(outsider, asked);
    },
    answer: 403,
  },
  {
    title: 'that asks for success is not reported to have had it (P-07, X-13)',
    act: async (room) => {
      const stranger = await room.connect();
      const toPath = `${room.relay.target} ${room.victim.uri}`;
      return outcomeOf(stranger, send(stranger, toPath, { fromPath: room.victim.uri, successReport: 'yes' }));
    },
    answer: 481,
  },
]);

attempts('An admitted SEND under a false name', [
  {
    title: 'that fails is reported to whoever sent it (X-12, R-07)',
    act: async (room) => {
      const { client, liar, arrived } = await underFalseName(room);
      void client.endpoint.send(responseTo(arrived, 415));
      expect((await liar.next(isReport)).header('To-Path')).toBe(room.victim.uri);
      return 'delivered';
    },
    answer: 'delivered',
    reports: { 'response 415': 1 },
  },
  {
    title: 'that fails after its sender has left is reported to nobody (X-12, P-13)',
    act: async (room) => {
      const { client, liar, arrived } = await underFalseName(room);
      await leave(room, liar);
      return silence(room, client.endpoint, responseTo(arrived, 415));
    },
    answer: 'silence',
  },
  {
    title:
      'that claims to come through a relay, and fails after its sender has left, is reported to nobody (X-12, CN-32)',
    act: async (room) => {
      const claimed = `${room.victim.uri} msrps://client.example.org:41207/c1;tcp`;
      const { client, liar, arrived } = await underFalseName(room, claimed);
      await leave(room, liar);
      return silence(room, client.endpoint, responseTo(arrived, 415));
    },
    answer: 'silence',
  },
  {
    title: 'of a client that is not answered in time is reported to that client (X-04, X-12)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const toPath = `${usePath} ${room.bob.usePath} ${room.bob.endpoint.uri}`;
      const outcome = await outcomeOf(endpoint, send(endpoint, toPath, { fromPath: room.victim.uri }));
      await room.bob.endpoint.next();
      room.relay.clock.advance(32_000);
      await endpoint.next(isReport);
      return outcome;
    },
    answer: 200,
    reports: { 'timeout 408': 1 },
  },
]);

/** A client has sent to a node of its own, which has not answered yet. */
async function unanswered(room: Room, method = 'SEND'): Promise<{ client: Client; far: Endpoint; arrived: Message }> {
  const [node, client] = [await room.node('far.example.net'), await room.client()];
  const { endpoint, usePath } = client;
  const toPath = `${usePath} ${node.uri}`;
  const asked = method === 'SEND' ? send(endpoint, toPath) : request(method, { toPath, fromPath: endpoint.uri });
  if (method === 'SEND') expect(await outcomeOf(endpoint, asked)).toBe(200);
  else void endpoint.send(asked);
  const far = await node.accept();
  return { client, far, arrived: await far.next() };
}

const FAR = { dials: ['far.example.net'], looksUp: ['far.example.net'] } as const;

attempts('A response', [
  {
    title: 'to somebody else’s request, with the right transaction id, changes nothing (R-16, SE-05)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room);
      const thief = await room.connect();
      await silence(room, thief, responseTo(arrived, 413));
      void far.send(responseTo(arrived, 200));
      await client.endpoint.expectSilence(fence(room.relay, client.endpoint));
      return 'silence';
    },
    answer: 'silence',
    ...FAR,
  },
  {
    title: 'to another method, from somebody else, is not brought to whoever waits for it (R-16, R-18)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room, 'FROB');
      const thief = await room.connect();
      await silence(room, thief, responseTo(arrived, 403));
      void far.send(responseTo(arrived, 200));
      return (await client.endpoint.next()).status ?? 0;
    },
    answer: 200,
    ...FAR,
  },
  {
    title: 'that is not addressed to this relay is dropped (R-16)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room);
      const astray = responseTo(arrived, 413).toString('latin1').replace(client.usePath, room.victim.uri);
      return silence(room, far, Buffer.from(astray, 'latin1'));
    },
    answer: 'silence',
    ...FAR,
  },
  {
    title: 'to a SEND ends here, whoever else its To-Path names (R-17, R-07)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room);
      const more = `${client.usePath} ${room.victim.uri} ${room.bob.usePath} ${room.bob.endpoint.uri}`;
      void far.send(responseTo(arrived, 200).toString('latin1').replace(client.usePath, more));
      await far.expectSilence(fence(room.relay, far));
      return 'silence';
    },
    answer: 'silence',
    ...FAR,
  },
  {
    title: 'to another method goes to whoever asked, whoever else its To-Path names (R-17, R-18)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room, 'FROB');
      const back = `To-Path: ${client.usePath} ${client.endpoint.uri}`;
      const forged = `To-Path: ${client.usePath} ${room.victim.uri}`;
      void far.send(responseTo(arrived, 200).toString('latin1').replace(back, forged));
      return (await client.endpoint.next()).status ?? 0;
    },
    answer: 200,
    ...FAR,
  },
  {
    title: 'that comes a second time changes nothing (R-15, X-14)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room);
      void far.send(responseTo(arrived, 200));
      await silence(room, far, responseTo(arrived, 413));
      await client.endpoint.expectSilence(fence(room.relay, client.endpoint));
      return 'silence';
    },
    answer: 'silence',
    ...FAR,
  },
  {
    title: 'of the right node is believed: an error is reported (X-05)',
    act: async (room) => {
      const { client, far, arrived } = await unanswered(room);
      void far.send(responseTo(arrived, 413));
      await client.endpoint.next(isReport);
      return 'delivered';
    },
    answer: 'delivered',
    reports: { 'response 413': 1 },
    ...FAR,
  },
]);

attempts('A REPORT', [
  {
    title: 'of a stranger to somebody outside goes nowhere (R-11, FW-05, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      return silence(room, stranger, successReport(stranger, `${room.bob.usePath} ${room.victim.uri}`));
    },
    answer: 'silence',
  },
  {
    title: 'that a stranger has forged does not get into a session that has its peer (CN-21, SE-05, A-44)',
    act: async (room) => {
      const stranger = await room.connect();
      const octets = successReport(stranger, `${room.bob.usePath} ${room.bob.endpoint.uri}`).toString('latin1');
      return silence(room, stranger, Buffer.from(octets.replace(stranger.uri, room.friend.uri), 'latin1'));
    },
    answer: 'silence',
  },
  {
    title: 'that cannot be delivered is not reported (P-10, X-08)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      room.zone['dead.example.net'] = { A: ['127.0.0.1'] };
      const toPath = `${usePath} msrps://dead.example.net:${room.inside.port}/x;tcp`;
      // The message shares its way, and is told what became of it.
      void endpoint.send(Buffer.concat([successReport(endpoint, toPath), send(endpoint, toPath)]));
      const { status } = await endpoint.next();
      await endpoint.next(isReport);
      return status ?? 0;
    },
    answer: 200,
    looksUp: ['dead.example.net'],
    reports: { 'denied 403': 1 },
  },
  {
    title: 'to an address inside is not answered and not sent (R-11, FW-09)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      return silence(room, endpoint, successReport(endpoint, `${usePath} msrps://127.0.0.1:${room.inside.port}/x;tcp`));
    },
    answer: 'silence',
  },
  {
    title: 'to this relay goes no further, and back to nobody (R-11, FW-11)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const octets = successReport(endpoint, usePath).toString('latin1');
      return silence(room, endpoint, Buffer.from(octets.replace(endpoint.uri, room.victim.uri), 'latin1'));
    },
    answer: 'silence',
  },
  {
    title: 'of a client goes to whom it is for (P-15, P-16)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      void endpoint.send(successReport(endpoint, `${usePath} ${room.victim.uri}`));
      await (await room.victim.accept()).next(isReport);
      return 'delivered';
    },
    answer: 'delivered',
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
  {
    title: 'of the peer of a session goes to its client (P-15)',
    act: async (room) => {
      const client = await room.client();
      const peer = await room.connect();
      expect(await outcomeOf(peer, send(peer, `${client.usePath} ${client.endpoint.uri}`))).toBe(200);
      await takeSend(client.endpoint);
      void peer.send(successReport(peer, `${client.usePath} ${client.endpoint.uri}`));
      await client.endpoint.next(isReport);
      return 'delivered';
    },
    answer: 'delivered',
  },
]);
