/** Methods that nobody knows, or that are used for what they are not: none gets further than a SEND would. */
import { request } from '../endpoint.ts';
import { fence } from './dialogue.ts';
import { attempts, outcomeAndEnd, outcomeOf, type Room, send, VICTIM } from './red-team.ts';

/** The methods of others, and two that are none. */
const METHODS = ['NICKNAME', 'FROB', 'CONNECT', 'REGISTER', 'INVITE', 'GET', 'X'];

/** A stranger, an outsider who knows a session, and the client whose session it is. */
async function everybody(room: Room) {
  const [stranger, outsider, client] = [await room.connect(), await room.connect(), await room.client()];
  return { stranger, outsider, client };
}

attempts('The method', [
  ...METHODS.map((method) => ({
    title: `${method} is nothing that a stranger may send through this relay (FW-12, FW-13, SE-01)`,
    act: async (room: Room) => {
      const { stranger, outsider, client } = await everybody(room);
      const ask = (first: string, from = stranger) =>
        outcomeOf(from, request(method, { toPath: `${first} ${room.victim.uri}`, fromPath: from.uri }));
      return [
        await ask(room.relay.target),
        await ask(client.usePath.replace(';tcp', 'x;tcp')),
        await ask(client.usePath, outsider),
      ];
    },
    answer: [481, 481, 403] as const,
  })),
  ...METHODS.map((method) => ({
    title: `${method} does not go inside, and its failure is not reported (FW-09, X-08, AU-53)`,
    act: async (room: Room) => {
      room.zone['inside.example.org'] = { A: ['127.0.0.1'] };
      const { endpoint, usePath } = await room.client();
      const ask = (host: string) => {
        const toPath = `${usePath} msrps://${host}:${room.inside.port}/x;tcp`;
        return outcomeOf(endpoint, request(method, { toPath, fromPath: endpoint.uri }));
      };
      return [await ask('127.0.0.1'), await ask('inside.example.org')];
    },
    answer: [403, 403] as const,
    looksUp: ['inside.example.org'],
  })),
  {
    title: 'SEND in small letters is no method: the connection ends (F-02, F-30)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const octets = send(endpoint, `${usePath} ${room.victim.uri}`).toString('latin1');
      return outcomeAndEnd(endpoint, Buffer.from(octets.replace(' SEND', ' send'), 'latin1'));
    },
    answer: 'closed',
  },
  {
    title: 'REPORT with a flag of its own goes nowhere (F-21, R-11)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const paths = { toPath: `${usePath} ${room.victim.uri}`, fromPath: endpoint.uri };
      void endpoint.send(request('REPORT', { ...paths, flag: '+', extra: [['Status', '000 200 OK']] }));
      await endpoint.expectSilence(fence(room.relay, endpoint));
      return outcomeOf(endpoint, request('FROB', { ...paths, flag: '+' }));
    },
    answer: 400,
  },
  {
    title: 'of anything but a SEND carries no more than 10,240 octets (F-22, SE-06)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const paths = { toPath: `${usePath} ${room.victim.uri}`, fromPath: endpoint.uri };
      return outcomeOf(endpoint, request('FROB', { ...paths, body: 'x'.repeat(10_241) }));
    },
    answer: 413,
  },
  {
    title: 'that is blocked is blocked for clients, too, wherever it goes (FW-14)',
    relay: { blockMethods: ['FROB'] },
    act: async (room) => {
      const { stranger, client } = await everybody(room);
      const ask = (from = stranger) =>
        outcomeOf(from, request('FROB', { toPath: `${client.usePath} ${room.victim.uri}`, fromPath: from.uri }));
      return [await ask(), await ask(client.endpoint)];
    },
    answer: [501, 501],
  },
  {
    title: 'that ends at this relay goes no further: 501 (FW-11, FW-13)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      return outcomeOf(endpoint, request('NICKNAME', { toPath: usePath, fromPath: endpoint.uri }));
    },
    answer: 501,
  },
  ...METHODS.map((method) => ({
    title: `${method} of a client reaches whom it is for (FW-13)`,
    act: async (room: Room) => {
      const { endpoint, usePath } = await room.client();
      void endpoint.send(request(method, { toPath: `${usePath} ${room.victim.uri}`, fromPath: endpoint.uri }));
      await (await room.victim.accept()).next((message) => message.method === method);
      return 'delivered' as const;
    },
    answer: 'delivered' as const,
    dials: [VICTIM],
    looksUp: [VICTIM],
  })),
]);
