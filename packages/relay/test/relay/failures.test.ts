/** Every way in which a chunk can fail behind the relay: whoever asked for it is told once, in these very octets. */
import { afterEach, describe, expect, it } from 'vitest';
import { type Endpoint, type Listening, listen, type Message, responseTo, sendRequest } from '../endpoint.ts';
import { text } from './dialogue.ts';
import { authority } from './harness.ts';
import { type Direction, openScene, pattern, type Scene, type SceneOptions, type SendWish, until } from './scene.ts';

let scenes: Scene[] = [];
let peers: Listening[] = [];

async function open(options: SceneOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  for (const scene of scenes) await scene.close();
  for (const peer of peers) await peer.close();
  scenes = [];
  peers = [];
});

const WISHES = [undefined, 'yes', 'partial', 'no'] as const;

/** Chunks that can fail: a whole message, one from the middle of a message, an empty one, none at all. */
const CHUNKS: readonly { readonly name: string; readonly wish: SendWish; readonly byteRange: string }[] = [
  { name: 'a whole message', wish: { byteRange: '1-*/*', body: 'hello' }, byteRange: '1-5/5' },
  {
    name: 'a middle chunk',
    wish: { byteRange: '2049-*/9000', body: pattern(1, 3000), flag: '+' },
    byteRange: '2049-5048/9000',
  },
  { name: 'an empty message', wish: { byteRange: '1-0/0', body: '' }, byteRange: '1-0/0' },
];

const BOTH: readonly Direction[] = ['client to peer', 'peer to client'];

/** One way to fail. */
interface Failure {
  readonly name: string;
  readonly ids: string;
  readonly directions: readonly Direction[];
  /** `arrives`: after the receiver has got the chunk. `waits`: while it is queued behind what the receiver does not read. */
  readonly stage: 'arrives' | 'waits';
  readonly status: string | Readonly<Record<Direction, string>>;
  /** Whether a chunk with partial is reported, too. */
  readonly partial: boolean;
  /** Makes it fail. `arrived` is what the receiver got. */
  readonly act: (scene: Scene, arrived: Message | undefined) => Promise<void> | void;
  /** The sender's connection ends, too. */
  readonly endsSender?: boolean;
}

const GONE = { 'client to peer': '408 Connection to next hop lost', 'peer to client': '481 Session does not exist' };

/** Time goes by second by second, and what has to happen on the way can. */
async function pass(scene: Scene, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 1000) {
    scene.clock.advance(1000);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

const FAILURES: readonly Failure[] = [
  ...['415', '415 No such type here', '413 Stop', '481 Session does not exist', '599 What is this?'].map(
    (status): Failure => ({
      name: `the next hop answers ${status}`,
      ids: 'X-05, R-19',
      directions: BOTH,
      stage: 'arrives',
      status,
      partial: true,
      act: ({ receiver }, arrived) => {
        if (arrived === undefined) throw new Error('nothing to answer');
        const [code = '', ...comment] = status.split(' ');
        void receiver.send(responseTo(arrived, Number(code), comment.join(' ')));
      },
    }),
  ),
  {
    name: 'the next hop is silent for 30 s',
    ids: 'X-04, T-03',
    directions: BOTH,
    stage: 'arrives',
    status: '408 No response from next hop',
    partial: false,
    act: (scene) => pass(scene, 32_000),
  },
  {
    name: 'the connection ends after the last octet',
    ids: 'X-03',
    directions: BOTH,
    stage: 'arrives',
    status: GONE,
    partial: false,
    act: ({ receiver }) => void receiver.socket.destroy(),
  },
  {
    name: 'the connection ends before the last octet',
    ids: 'X-02, X-01, X-18',
    directions: BOTH,
    stage: 'waits',
    status: GONE,
    partial: true,
    act: ({ receiver }) => void receiver.socket.destroy(),
  },
  {
    name: 'the session expires before the last octet',
    ids: 'X-18, X-01',
    directions: ['peer to client'],
    stage: 'waits',
    status: '481 Session does not exist',
    partial: true,
    act: (scene) => pass(scene, 60_000),
  },
  {
    name: 'the next hop takes no octet any more',
    ids: 'X-19',
    directions: BOTH,
    stage: 'waits',
    status: '408 Next hop does not read',
    partial: true,
    act: (scene) => pass(scene, 20_000),
  },
  {
    name: 'the relay closes while an answer is due',
    ids: 'X-03, X-01',
    directions: BOTH,
    stage: 'arrives',
    status: '408 Closing down',
    partial: false,
    act: ({ relay }) => relay.close(),
    endsSender: true,
  },
  {
    name: 'the relay closes before the last octet',
    ids: 'X-02, X-01',
    directions: BOTH,
    stage: 'waits',
    status: '408 Closing down',
    partial: true,
    act: ({ relay }) => relay.close(),
    endsSender: true,
  },
];

/** No pause on this side of a mebibyte, a short session, a short stall. */
const ROOM = {
  flow: { highWaterOctets: 1_048_576, sessionOctets: 4_194_304, stallTimeoutMs: 15_000 },
  expires: { default: 60, min: 1 },
};
const PATIENT = { ...ROOM, flow: { ...ROOM.flow, stallTimeoutMs: 3_600_000 } };

/** Sends what nobody reports until the system takes no more of it: what comes next has to wait. */
async function fill(scene: Scene): Promise<void> {
  scene.receiver.pause();
  const { relay } = scene.relay;
  const filler = scene.send({ failureReport: 'no', body: Buffer.alloc(60_000) });
  while (relay.snapshot().queuedOctets === 0) {
    const before = relay.snapshot().octets.in;
    void scene.sender.send(filler);
    await until(() => relay.snapshot().octets.in >= before + filler.length);
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
}

async function expectEnded(sender: Endpoint): Promise<void> {
  await sender.closed;
  await expect(sender.next()).rejects.toThrow('closed');
}

for (const failure of FAILURES) {
  const { name, ids, stage, status, partial, act, endsSender = false } = failure;
  for (const direction of failure.directions) {
    describe(`From ${direction}, when ${name}`, () => {
      const table = CHUNKS.flatMap((chunk) => WISHES.map((failureReport) => ({ ...chunk, failureReport })));

      it.each(table)(
        `$name with Failure-Report $failureReport is reported once or not at all (${ids}, X-06, X-07, X-09, X-10, X-11, X-12, X-14, R-15, P-19)`,
        async ({ wish, byteRange, failureReport }) => {
          const scene = await open({ direction, overrides: name.includes('takes no octet') ? ROOM : PATIENT });
          const { sender, receiver } = scene;
          if (stage === 'waits') await fill(scene);
          const report = failureReport === undefined ? {} : { failureReport };
          const sent = scene.send({ ...wish, ...report, messageId: 'mess-1' });
          const before = scene.relay.relay.snapshot().octets.in;
          void sender.send(sent);
          await until(() => scene.relay.relay.snapshot().octets.in >= before + sent.length);
          const isAsked = failureReport === undefined || failureReport === 'yes';
          if (isAsked) expect(text(await sender.next())).toBe(scene.answer(sent, '200 OK'));
          const arrived = stage === 'arrives' ? await receiver.next() : undefined;
          await scene.nothingMore();

          await act(scene, arrived);
          if (isAsked || (failureReport === 'partial' && partial)) {
            const got = await sender.next();
            const expected = typeof status === 'string' ? status : status[direction];
            expect(text(got)).toBe(scene.report(got, { messageId: 'mess-1', byteRange, status: expected }));
          }
          if (endsSender) return await expectEnded(sender);
          await scene.nothingMore();
          await pass(scene, 120_000);
          await scene.nothingMore();
          expect(scene.relay.relay.snapshot().transactions).toBe(0);
        },
      );
    });
  }
}

describe('A next hop that cannot be reached', () => {
  const places: readonly { readonly name: string; readonly uri: () => Promise<string> }[] = [
    {
      name: 'because it refuses',
      uri: async () => {
        const peer = await listen();
        await peer.close();
        return peer.uri;
      },
    },
    { name: 'because its name leads nowhere', uri: () => Promise.resolve('msrps://nobody.invalid:2855/x;tcp') },
    {
      name: 'because its certificate is for somebody else',
      uri: async () => {
        const certificate = await authority.issue({ dnsNames: ['somebody.example'] });
        const peer = await listen({ certificate, name: 'localhost' });
        peers.push(peer);
        return peer.uri;
      },
    },
    {
      name: 'because it does not speak TLS',
      uri: async () => {
        const peer = await listen({ name: 'localhost' });
        peers.push(peer);
        void peer.accept().then((far) => far.socket.destroy());
        return peer.uri.replace('msrp:', 'msrps:');
      },
    },
  ];
  const table = places.flatMap((place) =>
    CHUNKS.flatMap((chunk) =>
      WISHES.map((failureReport) => ({ place, why: place.name, chunk, what: chunk.name, failureReport })),
    ),
  );

  it.each(table)(
    '$why: $what with Failure-Report $failureReport is reported once or not at all (X-01, X-06, X-07, X-09, X-10, X-11, X-12, R-14, P-19, E10)',
    async ({ place, chunk, failureReport }) => {
      const scene = await open();
      const toPath = `${scene.usePath} ${await place.uri()}`;
      const report = failureReport === undefined ? {} : { failureReport };
      const wish = { ...chunk.wish, ...report, messageId: 'mess-1' };
      const sent = sendRequest({ ...wish, toPath, fromPath: scene.sender.uri });
      void scene.sender.send(sent);
      const isAsked = failureReport === undefined || failureReport === 'yes';
      if (isAsked) expect(text(await scene.sender.next())).toBe(scene.answer(sent, '200 OK'));
      if (failureReport !== 'no') {
        const got = await scene.sender.next();
        const { byteRange } = chunk;
        expect(text(got)).toBe(
          scene.report(got, { messageId: 'mess-1', byteRange, status: '408 Next hop unreachable' }),
        );
      }
      const { relay } = scene.relay;
      await until(
        () => relay.snapshot().connections['dialled-tcp'] === 0 && relay.snapshot().connections['dialled-tls'] === 1,
      );
      await scene.nothingMore();
      expect(relay.snapshot().transactions).toBe(0);
    },
  );

  it('is not tried for every chunk: what comes soon after is answered with the same code, not 200 and a REPORT (X-15, X-06)', async () => {
    const scene = await open();
    const [place] = places;
    const toPath = `${scene.usePath} ${await place?.uri()}`;
    let responses = 0;
    let reports = 0;
    for (let number = 0; number < 1000; number += 1) {
      const sent = sendRequest({ toPath, fromPath: scene.sender.uri, messageId: `mess-${number}`, body: 'hello' });
      const { status } = await scene.sender.ask(sent);
      if (status === 200) {
        reports += 1;
        expect((await scene.sender.next()).header('Message-ID')).toBe(`mess-${number}`);
      } else {
        expect(status).toBe(408);
        responses += 1;
      }
    }
    await scene.nothingMore();
    expect([reports, responses]).toEqual([1, 999]);
    scene.clock.advance(5001);
    expect((await scene.sender.ask(sendRequest({ toPath, fromPath: scene.sender.uri, body: 'hello' }))).status).toBe(
      200,
    );
  });
});
