/** Whoever has neither authenticated nor been given a URI gets nowhere: nobody is dialled, looked up or told for it. */
import { type Endpoint, request } from '../endpoint.ts';
import { fence, successReport } from './dialogue.ts';
import { attempts, outcomeAndEnd, outcomeOf, RELAY, type Room, send, takeSend, VICTIM } from './red-team.ts';

/** A session URI as this relay makes them, that it has not made. */
function invented({ relay }: Room): string {
  return relay.target.replace(';tcp', '/0.aBcDeFgHiJkLmNoPqRsTuVwX;tcp');
}

/** Says something that is never answered, and hears nothing but the answer to what comes after it. */
async function silence(relay: Room['relay'], from: Endpoint, octets: Buffer): Promise<'silence'> {
  void from.send(octets);
  await from.expectSilence(fence(relay, from));
  return 'silence';
}

/** Octets that are no MSRP: the connection ends without a word. */
async function garbage(room: Room, octets: string, secure: boolean): Promise<'closed'> {
  const stranger = await room.connect({ secure });
  const victim = `${VICTIM}:${room.victim.port}`;
  void stranger.send(octets.replaceAll('VICTIM', victim));
  await stranger.closed;
  return 'closed';
}

attempts('A stranger', [
  {
    title: 'cannot send through the base URI, with port (FW-02, SE-01, FW-18)',
    act: async (room) => {
      const stranger = await room.connect();
      return outcomeOf(stranger, send(stranger, `${room.relay.target} ${room.victim.uri}`));
    },
    answer: 481,
  },
  {
    title: 'cannot send through the base URI without port, which only an AUTH may have (FW-02, SE-01, CN-15)',
    act: async (room) => {
      const stranger = await room.connect();
      return outcomeAndEnd(stranger, send(stranger, `msrps://${RELAY};tcp ${room.victim.uri}`));
    },
    answer: 481,
  },
  {
    title: 'cannot send through a session that it has made up (FW-02, FW-04, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      return outcomeOf(stranger, send(stranger, `${invented(room)} ${room.victim.uri}`));
    },
    answer: 481,
  },
  {
    title: 'cannot make it a proxy by leaving it out of the path: it is disconnected (FW-20, CN-15, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      return outcomeAndEnd(stranger, send(stranger, room.victim.uri));
    },
    answer: 481,
  },
  {
    title: 'cannot send on a clear connection either (FW-02, SE-01, CN-03)',
    act: async (room) => {
      const stranger = await room.connect({ secure: false });
      const base = `msrp://${RELAY}:${room.relay.tcpPort};tcp`;
      return outcomeOf(stranger, send(stranger, `${base} ${room.victim.uri}`));
    },
    answer: 481,
  },
  {
    title: 'cannot send without asking for an answer (FW-04, R-10, FW-18)',
    act: async (room) => {
      const stranger = await room.connect();
      const toPath = `${invented(room)} ${room.victim.uri}`;
      return silence(room.relay, stranger, send(stranger, toPath, { failureReport: 'no' }));
    },
    answer: 'silence',
  },
  {
    title: 'cannot pay with the name and password of a user in a SEND (AU-58, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      const extra = [['Authorization', `Basic ${Buffer.from('alice:secret').toString('base64')}`]] as const;
      return outcomeOf(stranger, send(stranger, `${invented(room)} ${room.victim.uri}`, { extra }));
    },
    answer: 481,
  },
  {
    title: 'cannot send a REPORT through it (FW-12, R-11, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      return silence(room.relay, stranger, successReport(stranger, `${invented(room)} ${room.victim.uri}`));
    },
    answer: 'silence',
  },
  {
    title: 'cannot have a response delivered (R-07, R-16, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      const { uri } = room.victim;
      const response = `MSRP abcdefgh 200 OK\r\nTo-Path: ${room.relay.target} ${uri}\r\nFrom-Path: ${uri}\r\n`;
      return silence(room.relay, stranger, Buffer.from(`${response}-------abcdefgh$\r\n`));
    },
    answer: 'silence',
  },
  {
    title: 'cannot hide where it sends to behind a broken head: 400 comes first (FW-01, FW-18)',
    act: async (room) => {
      const stranger = await room.connect();
      const { relay, victim } = room;
      const twice = [['To-Path', victim.uri]] as const;
      return [
        await outcomeOf(stranger, send(stranger, `${relay.target} ${victim.uri}`, { byteRange: '0-5/5' })),
        await outcomeOf(stranger, send(stranger, relay.target, { extra: twice })),
      ];
    },
    answer: [400, 400],
  },
  {
    title: 'cannot win by asking again: five failures end its connection (CN-14, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      const octets = () => send(stranger, `${invented(room)} ${room.victim.uri}`);
      for (let failures = 0; failures < 4; failures += 1) await stranger.ask(octets());
      return outcomeAndEnd(stranger, octets());
    },
    answer: 481,
  },
  ...[true, false].map((secure) => ({
    title: `cannot use it as a proxy for HTTP, ${secure ? 'over TLS' : 'in clear'} (SE-01, FW-18)`,
    act: (room: Room) => garbage(room, 'CONNECT VICTIM HTTP/1.1\r\nHost: VICTIM\r\n\r\n', secure),
    answer: 'closed' as const,
  })),
  {
    title: 'cannot use it as a proxy for SOCKS (SE-01, FW-18)',
    act: (room) => garbage(room, '\x05\x01\x00\x05\x01\x00\x01\x7f\x08\x00\x01\x0b\x27\r\n', false),
    answer: 'closed',
  },
]);

attempts('Whoever is no stranger', [
  {
    title: 'reaches the same node: a client, through its session (FW-09, SE-01)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const outcome = await outcomeOf(endpoint, send(endpoint, `${usePath} ${room.victim.uri}`));
      await takeSend(room.victim);
      return [outcome, 'delivered'];
    },
    answer: [200, 'delivered'],
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
  {
    title: 'reaches a client: a peer that was given its URI (CN-12, SE-01)',
    act: async (room) => {
      const [peer, client] = [await room.connect(), await room.client()];
      const outcome = await outcomeOf(peer, send(peer, `${client.usePath} ${client.endpoint.uri}`));
      await takeSend(client.endpoint);
      return [outcome, 'delivered'];
    },
    answer: [200, 'delivered'],
  },
  {
    title: 'has its REPORTs and other methods delivered, too (FW-12)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const toPath = `${usePath} ${room.victim.uri}`;
      void endpoint.send(successReport(endpoint, toPath));
      void endpoint.send(request('NICKNAME', { toPath, fromPath: endpoint.uri }));
      const far = await room.victim.accept();
      const came = [await far.next(), await far.next()];
      return came.flatMap(({ method }) => (method === 'REPORT' || method === 'NICKNAME' ? ['delivered' as const] : []));
    },
    answer: ['delivered', 'delivered'],
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
]);
