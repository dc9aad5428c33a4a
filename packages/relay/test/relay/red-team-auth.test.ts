/** AUTH as a tool: to reach others through this relay, to be taken for somebody, to guess. */
import { expect } from 'vitest';
import { type Endpoint, request, responseTo } from '../endpoint.ts';
import { authOnBehalf, certificateFor } from './chain.ts';
import { attempt, authenticate, challenged, fence } from './dialogue.ts';
import { attempts, type Outcome, outcomeAndEnd, outcomeOf, RELAY, type Room, VICTIM } from './red-team.ts';

const CREDENTIALS = [['Authorization', 'Digest username="alice", realm="x", nonce="n"']] as const;

/** The octets of an AUTH, with credentials that only its target could judge. */
function auth(from: Endpoint, toPath: string, fromPath = from.uri): Buffer {
  return request('AUTH', { toPath, fromPath, extra: CREDENTIALS });
}

/** An AUTH of a client, through its session to `next`. */
function through(next: (room: Room, usePath: string) => string) {
  return async (room: Room) => {
    const { endpoint, usePath } = await room.client();
    return outcomeOf(endpoint, auth(endpoint, `${usePath} ${next(room, usePath)}`));
  };
}

attempts('An AUTH through this relay', [
  {
    title: 'without a session of its own is refused: through the base URI (AU-51, SE-01)',
    act: async (room) => {
      const { endpoint } = await room.client();
      return outcomeOf(endpoint, auth(endpoint, `${room.relay.target} ${room.victim.uri}`));
    },
    answer: 403,
  },
  {
    title: 'without a session of its own is refused: through the base URI without port (AU-51, SE-01)',
    act: async (room) => {
      const { endpoint } = await room.client();
      return outcomeOf(endpoint, auth(endpoint, `msrps://${RELAY};tcp ${room.victim.uri}`));
    },
    answer: 403,
  },
  {
    title: 'from a stranger is refused: through the base URI and through an invented session (AU-51, FW-02, SE-01)',
    act: async (room) => {
      const stranger = await room.connect();
      const invented = room.relay.target.replace(';tcp', '/0.aBcDeFgHiJkLmNoPqRsTuVwX;tcp');
      return [
        await outcomeOf(stranger, auth(stranger, `${room.relay.target} ${room.victim.uri}`)),
        await outcomeOf(stranger, auth(stranger, `${invented} ${room.victim.uri}`)),
      ];
    },
    answer: [403, 481],
  },
  {
    title: 'through somebody else’s session is refused, outward and inward (AU-51, FW-05)',
    act: async (room) => {
      const outsider = await room.connect();
      const { usePath, endpoint } = room.bob;
      return [
        await outcomeOf(outsider, auth(outsider, `${usePath} ${room.victim.uri}`, endpoint.uri)),
        await outcomeOf(outsider, auth(outsider, `${usePath} ${endpoint.uri}`)),
      ];
    },
    answer: [403, 403],
  },
  {
    title: 'to an address inside is refused (AU-51, FW-09, SE-01)',
    act: through((room) => `msrps://127.0.0.1:${room.inside.port};tcp`),
    answer: 403,
  },
  {
    title: 'to an address inside, in IPv6, is refused (AU-51, FW-09, SE-01)',
    act: through((room) => `msrps://[::ffff:127.0.0.1]:${room.inside.port};tcp`),
    answer: 403,
  },
  {
    title: 'to the address of the cloud’s metadata is refused (AU-51, FW-09, SE-01)',
    act: through(() => 'msrps://169.254.169.254:80;tcp'),
    answer: 403,
  },
  {
    title: 'to a name inside is refused (AU-52, FW-09, SE-01)',
    act: through((room) => {
      room.zone['inside.example.org'] = { A: ['127.0.0.1'] };
      return `msrps://inside.example.org:${room.inside.port};tcp`;
    }),
    answer: 403,
    looksUp: ['inside.example.org'],
  },
  {
    title: 'to a domain that is inside, by port 2855, is refused (AU-52, DN-04, FW-09)',
    act: through((room) => {
      room.zone['inside.example.org'] = { A: ['127.0.0.1'] };
      return 'msrps://inside.example.org;tcp';
    }),
    answer: 403,
    looksUp: ['_msrps._tcp.inside.example.org', 'inside.example.org'],
  },
  {
    title: 'to an address without port is no URI (U-04)',
    act: through(() => 'msrps://127.8.0.1;tcp'),
    answer: 400,
  },
  {
    title: 'never goes in clear (AU-52, CN-25, SE-03)',
    relay: { nextHops: { allow: ['127.8.0.0/16'], cleartext: true } },
    act: through(({ victim }) => victim.uri.replace('msrps:', 'msrp:')),
    answer: 403,
  },
  {
    title: 'never goes in clear to a domain either (AU-52, DN-05, SE-03)',
    relay: { nextHops: { allow: ['127.8.0.0/16'], cleartext: true } },
    act: through(() => `msrp://${VICTIM};tcp`),
    answer: 403,
  },
  {
    title: 'does not go by another transport (FW-22, AU-52)',
    act: through(({ victim }) => victim.uri.replace(';tcp', ';ws')),
    answer: 408,
  },
  ...[RELAY, `${RELAY}.`, RELAY.toUpperCase(), RELAY.replace('relay', 'rel%61y'), `joe@${RELAY}`].flatMap((host) =>
    ['', ':PORT'].map((port) => ({
      title: `does not come back to this relay as ${host}${port} (AU-52, FW-19, SE-01)`,
      act: through(({ relay }) => `msrps://${host}${port.replace('PORT', String(relay.tlsPort))};tcp`),
      answer: 403 as const,
    })),
  ),
  {
    title: 'does not go through own sessions again and again (AU-51, FW-19)',
    act: through((room, usePath) => `${usePath} ${usePath} ${usePath} ${room.victim.uri}`),
    answer: 403,
  },
  {
    title: 'is not longer than paths may be (FW-19, SE-06)',
    act: through((room) => Array.from({ length: 16 }, () => room.victim.uri).join(' ')),
    answer: 400,
  },
  {
    title: 'through its own session reaches another relay, and its answer comes back (AU-51, AU-52)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const answer = outcomeOf(endpoint, auth(endpoint, `${usePath} ${room.victim.uri}`));
      const far = await room.victim.accept();
      void far.send(responseTo(await far.next(), 403));
      return answer;
    },
    answer: 403,
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
]);

/** A client that the relay was to send to, and so has connected to: it now asks on that connection. */
async function dialledNode(room: Room): Promise<Endpoint> {
  const node = await room.node('far.example.net');
  const { endpoint, usePath } = await room.client();
  void endpoint.send(request('NICKNAME', { toPath: `${usePath} ${node.uri}`, fromPath: endpoint.uri }));
  const far = await node.accept();
  void far.send(responseTo(await far.next(), 200));
  await endpoint.next();
  return far;
}

attempts('An AUTH for this relay', [
  {
    title: 'in clear is refused, and costs the connection (AU-01, SE-03)',
    act: async (room) => {
      const clear = await room.connect({ secure: false });
      const target = `msrp://${RELAY}:${room.relay.tcpPort};tcp`;
      return outcomeAndEnd(clear, request('AUTH', { toPath: target, fromPath: clear.uri }));
    },
    answer: 403,
  },
  {
    title: 'on behalf of others needs the certificate of a relay (AU-48, SE-05)',
    act: async (room) => {
      const stranger = await room.connect();
      const fromPath = `msrps://inner.example.org:2855/s1;tcp ${stranger.uri}`;
      return (await authOnBehalf(stranger, { target: room.relay.target, fromPath })).status ?? 0;
    },
    answer: 403,
  },
  {
    title: 'on behalf of this relay itself needs its key (AU-48, SE-05)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      return (
        (await authOnBehalf(endpoint, { target: room.relay.target, fromPath: `${usePath} ${endpoint.uri}` })).status ??
        0
      );
    },
    answer: 403,
  },
  {
    title: 'of a node that this relay has connected to is none of a client (AU-48, AU-38)',
    act: async (room) => {
      const far = await dialledNode(room);
      return outcomeOf(far, request('AUTH', { toPath: room.relay.target, fromPath: far.uri }));
    },
    answer: 403,
    dials: ['far.example.net'],
    looksUp: ['far.example.net'],
  },
  {
    title: 'that was made for another relay is worth nothing here (AU-22, AU-23)',
    act: async (room) => {
      const thief = await room.connect();
      const challenges = await challenged(room.relay, thief);
      const made = attempt(room.relay, thief, { challenges, target: 'msrps://evil.example.net:2855;tcp' });
      const replay = request('AUTH', {
        toPath: room.relay.target,
        fromPath: thief.uri,
        extra: [['Authorization', made.authorization.replace(/, uri="[^"]+"/, '')]],
      });
      return [
        await outcomeOf(
          thief,
          Buffer.from(made.octets.toString('latin1').replace(/^(To-Path: )\S+/m, `$1${room.relay.target}`), 'latin1'),
        ),
        await outcomeOf(thief, replay),
      ];
    },
    answer: [400, 401],
  },
  {
    title: 'that was overheard is worth nothing on another connection (AU-25)',
    act: async (room) => {
      const [owner, thief] = [await room.connect(), await room.connect()];
      const challenges = await challenged(room.relay, owner);
      const { octets } = attempt(room.relay, owner, { challenges });
      return [await outcomeOf(owner, octets), await outcomeOf(thief, octets)];
    },
    answer: [200, 401],
  },
  {
    title: 'that guesses is counted: the fifth ends the connection, whatever the sixth says (AU-45)',
    act: async (room) => {
      const guesser = await room.connect();
      const challenges = await challenged(room.relay, guesser);
      const guesses = ['a', 'b', 'c', 'd', 'e'].map((password) =>
        attempt(room.relay, guesser, { challenges, password }),
      );
      const outcomes: Outcome[] = [];
      for (const { octets } of guesses) outcomes.push(await outcomeOf(guesser, octets));
      await guesser.closed;
      return [...outcomes, await outcomeOf(guesser, attempt(room.relay, guesser, { challenges }).octets)];
    },
    answer: [401, 401, 401, 401, 401, 'closed'],
  },
  {
    title: 'that guesses is counted on a connection that has a session, too (AU-45, CN-16)',
    act: async (room) => {
      const { endpoint } = await room.client();
      for (let failures = 0; failures < 4; failures += 1) {
        await authenticate(room.relay, endpoint, { password: 'wrong' });
      }
      const challenges = await challenged(room.relay, endpoint);
      return outcomeAndEnd(endpoint, attempt(room.relay, endpoint, { challenges, password: 'wrong' }).octets);
    },
    answer: 401,
  },
  {
    title: 'that only asks for challenges is counted (SE-06, CN-13)',
    act: async (room) => {
      const idle = await room.connect();
      for (let asked = 0; asked < 19; asked += 1) await idle.ask(fence(room.relay, idle));
      return outcomeAndEnd(idle, fence(room.relay, idle));
    },
    answer: 401,
  },
  {
    title: 'of a user is granted (AU-30)',
    act: async (room) => (await authenticate(room.relay, await room.connect())).status ?? 0,
    answer: 200,
  },
  {
    title: 'of a client behind a relay is granted (AU-48)',
    act: async (room) => {
      const endpoint = await room.connect({ certificate: await certificateFor('inner.example.org') });
      const fromPath = 'msrps://inner.example.org:2855/s1;tcp msrps://client.example.org:41207/c1;tcp';
      return (await authOnBehalf(endpoint, { target: room.relay.target, fromPath })).status ?? 0;
    },
    answer: 200,
  },
]);

attempts('Guessing at another relay', [
  {
    title: 'is counted here, too: the fifth failure ends the connection (AU-45, AU-46)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const far = room.victim.accept();
      const outcomes: Outcome[] = [];
      for (let failures = 0; failures < 5; failures += 1) {
        const outcome = outcomeOf(endpoint, auth(endpoint, `${usePath} ${room.victim.uri}`));
        const relay = await far;
        void relay.send(responseTo(await relay.next(), 401));
        outcomes.push(await outcome);
      }
      await endpoint.closed;
      return outcomes;
    },
    answer: [401, 401, 401, 401, 401],
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
  {
    title: 'is not what a client does that has no credentials yet (AU-46)',
    act: async (room) => {
      const { endpoint, usePath } = await room.client();
      const far = room.victim.accept();
      for (let asked = 0; asked < 6; asked += 1) {
        const octets = request('AUTH', { toPath: `${usePath} ${room.victim.uri}`, fromPath: endpoint.uri });
        const outcome = outcomeOf(endpoint, octets);
        const relay = await far;
        void relay.send(responseTo(await relay.next(), 401));
        expect(await outcome).toBe(401);
      }
      return (await authenticate(room.relay, endpoint)).status ?? 0;
    },
    answer: 200,
    dials: [VICTIM],
    looksUp: [VICTIM],
  },
]);
