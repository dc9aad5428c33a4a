/** How a relay cuts what it forwards: chunk by chunk, octet by octet. */
import { afterEach, describe, expect, it } from 'vitest';
import { listen, type Message, responseTo, sendRequest } from '../endpoint.ts';
import { DIRECTIONS, openScene, pattern, type Scene, type SceneOptions, type SendWish, until } from './scene.ts';

let scenes: Scene[] = [];

async function open(options: SceneOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  scenes.push(scene);
  return scene;
}

afterEach(async () => {
  for (const scene of scenes) await scene.close();
  scenes = [];
});

/** Writes octets in pieces, each of which the relay has read before the next one leaves. */
async function sendInPieces(scene: Scene, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces.filter(({ length }) => length > 0)) {
    const before = scene.relay.relay.snapshot().octets.in;
    void scene.sender.send(piece);
    await until(() => scene.relay.relay.snapshot().octets.in >= before + piece.length);
  }
}

function cut(octets: Buffer, ...offsets: readonly number[]): Buffer[] {
  const ends = [...offsets, octets.length];
  return ends.map((end, index) => octets.subarray(ends[index - 1] ?? 0, end));
}

function bodyStart(sent: Buffer): number {
  return sent.indexOf('\r\n\r\n') + 4;
}

/** The next chunks up to one that does not end in `+`. */
async function chunks(scene: Scene, lastFlag = '$'): Promise<Message[]> {
  const received: Message[] = [];
  do {
    received.push(await scene.receiver.next());
  } while (received.at(-1)?.flag !== lastFlag);
  return received;
}

function shapes(received: readonly Message[]): string[] {
  return received.map((chunk) => `${chunk.header('Byte-Range')} ${chunk.body?.length} ${chunk.flag}`);
}

function sendsOut(scene: Scene): number {
  return scene.relay.relay.snapshot().requests.out.SEND ?? 0;
}

describe('An ingress chunk whose size is a boundary', () => {
  const shapesOf: readonly (readonly [octets: number, shapes: readonly string[]])[] = [
    [2048, ['1-2048/2048 2048 $']],
    [2049, ['1-*/2049 2049 $']],
    [65_535, ['1-*/65535 65535 $']],
    [65_536, ['1-*/65536 65536 $']],
    [65_537, ['1-*/65537 65536 +', '65537-65537/65537 1 $']],
    [131_072, ['1-*/131072 65536 +', '65537-*/131072 65536 $']],
  ];

  it.each(shapesOf)(
    'of %i octets leaves in as many chunks as it must and none is empty, wherever the reads end (CH-02, CH-03, CH-09, CH-10, CH-11, CH-12, CH-27)',
    async (octets, expected) => {
      const scene = await open();
      const body = pattern(1, octets);
      for (const byteRange of [`1-*/${octets}`, `1-${octets}/${octets}`]) {
        const sent = scene.send({ byteRange, body });
        const start = bodyStart(sent);
        const cuttings = [[], [start], [start + octets], [start + octets - 1], [start + octets + 2], [start + 1]];
        cuttings.push([start + Math.min(octets, 65_536)], [start + Math.floor(octets / 2)], [sent.length - 3]);
        for (const offsets of cuttings) {
          await sendInPieces(scene, cut(sent, ...offsets));
          const received = await chunks(scene);
          expect(shapes(received)).toEqual(expected);
          expect(Buffer.concat(received.map((chunk) => chunk.body ?? Buffer.alloc(0))).equals(body)).toBe(true);
          for (const chunk of received) void scene.receiver.send(responseTo(chunk, 200));
        }
      }
    },
  );

  it('leaves with total and range-end as they turned out, when they were open (CH-12, CH-13, P-19)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    void scene.sender.send(scene.send({ byteRange: '1-*/*', body: pattern(1, 5000) }));
    expect(shapes(await chunks(scene))).toEqual(['1-2048/* 2048 +', '2049-4096/* 2048 +', '4097-5000/5000 904 $']);
  });

  it('says its Byte-Range in the words it came with, unless they are to say something else', async () => {
    const scene = await open({ secure: false });
    const range = async (words: string) => {
      const sent = scene.send({ byteRange: '1-*/*', body: pattern(1, 5) });
      void scene.sender.send(Buffer.from(sent.toString('latin1').replace('Byte-Range: 1-*/*', words), 'latin1'));
      const arrived = await scene.receiver.next();
      void scene.receiver.send(responseTo(arrived, 200));
      return /byte-range.*/i.exec(arrived.raw.toString('latin1'))?.[0];
    };
    expect(await range('byte-range:1-5/05')).toBe('byte-range:1-5/05');
    expect(await range('byte-range:1-*/5')).toBe('Byte-Range: 1-5/5');
    expect(await range('byte-range:1-4/5')).toBe('Byte-Range: 1-5/5');
    expect(await range('byte-range:1-5/6')).toBe('Byte-Range: 1-5/5');
    expect(await range('byte-range:1-5/*')).toBe('Byte-Range: 1-5/5');
    expect(await range('Subject: none')).toBe('Byte-Range: 1-5/5');
  });
});

describe.each(DIRECTIONS)('A SEND from %s', (direction) => {
  it('may be cut at any octet on its way in, also inside a character or a CRLF (F-32, CH-23)', async () => {
    const scene = await open({ direction, secure: false });
    const body = Buffer.from('Zo\u00eb\r\n-------\r\n\r\n\u2713');
    for (let offset = 1; ; offset += 1) {
      const sent = scene.send({ tid: 'ingress1', messageId: 'mess-1', byteRange: '1-*/*', body });
      if (offset === sent.length) break;
      await sendInPieces(scene, cut(sent, offset));
      const arrived = await scene.receiver.next();
      expect([offset, arrived.body?.equals(body), arrived.header('Byte-Range')]).toEqual([
        offset,
        true,
        `1-${body.length}/${body.length}`,
      ]);
      void scene.receiver.send(responseTo(arrived, 200));
    }
  });

  it('may come octet by octet (F-32)', async () => {
    const scene = await open({ direction, secure: false });
    const body = pattern(1, 100);
    const sent = scene.send({ byteRange: '1-100/100', body });
    await sendInPieces(scene, cut(sent, ...Array.from({ length: sent.length - 1 }, (_, index) => index + 1)));
    expect((await scene.receiver.next()).body?.equals(body)).toBe(true);
  });

  it('that is large leaves while it still comes in: sixteen chunks for a mebibyte (CH-19, CH-25, CH-27, R-13)', async () => {
    // Its receiver answers nothing meanwhile.
    const scene = await open({ direction, overrides: { flow: { windowOctets: 16 * 1_048_576 } } });
    const body = pattern(1, 1_048_576);
    const responses = scene.relay.relay.snapshot().responses.out;
    const sent = scene.send({ byteRange: '1-*/1048576', body });
    const end = bodyStart(sent) + body.length;
    void scene.sender.send(sent.subarray(0, end));
    const received: Message[] = [];
    for (let count = 0; count < 15; count += 1) received.push(await scene.receiver.next());
    await until(() => scene.relay.relay.snapshot().octets.in >= end);
    expect([sendsOut(scene), scene.relay.relay.snapshot().responses.out]).toEqual([16, responses]);
    void scene.sender.send(sent.subarray(end));
    received.push(await scene.receiver.next());
    expect(Buffer.concat(received.map((chunk) => chunk.body ?? Buffer.alloc(0))).equals(body)).toBe(true);
    expect(shapes(received)).toEqual(
      Array.from({ length: 16 }, (_, index) => `${index * 65_536 + 1}-*/1048576 65536 ${index === 15 ? '$' : '+'}`),
    );
    expect((await scene.sender.next()).status).toBe(200);
    await scene.nothingMore();
  });

  it('whose sender dies in the middle goes on as far as it came, to be continued (CH-20)', async () => {
    for (const [octets, shape] of [
      [3000, '1-*/5000 3000 +'],
      [100, '1-100/5000 100 +'],
    ] as const) {
      const scene = await open({ direction });
      const sent = scene.send({ byteRange: '1-*/5000', body: pattern(1, 5000) });
      await sendInPieces(scene, [sent.subarray(0, bodyStart(sent) + octets)]);
      expect(sendsOut(scene)).toBe(1);
      scene.sender.socket.destroy();
      expect(shapes([await scene.receiver.next()])).toEqual([shape]);
    }
  });

  it('whose sender dies in the middle ends in # where that is configured, also when nothing of it waits (CH-20)', async () => {
    for (const [octets, expected] of [
      [3000, ['1-*/9000 3000 #']],
      [4097, ['1-*/9000 4096 +', '4097-4097/9000 1 #']],
    ] as const) {
      const scene = await open({ direction, overrides: { chunk: { cutOffFlag: '#', maxOctets: 4096 } } });
      const sent = scene.send({ byteRange: '1-*/9000', body: pattern(1, 9000) });
      await sendInPieces(scene, [sent.subarray(0, bodyStart(sent) + octets)]);
      scene.sender.socket.destroy();
      expect(shapes(await chunks(scene, '#'))).toEqual(expected);
    }
    const scene = await open({ direction, overrides: { chunk: { cutOffFlag: '#' } } });
    const first = scene.send({ byteRange: '1-4/9', messageId: 'mess-1', flag: '+', body: 'four' });
    const second = scene.send({ byteRange: '5-9/9', messageId: 'mess-1', body: 'five!' });
    await sendInPieces(scene, [first, second.subarray(0, bodyStart(second))]);
    expect((await scene.receiver.next()).flag).toBe('+');
    scene.sender.socket.destroy();
    const last = await scene.receiver.next();
    expect([last.flag, last.header('Message-ID'), last.body?.length]).toEqual(['#', 'mess-1', 0]);
  });

  it('that was accepted reaches its receiver although its sender ended at once (R-14, CH-20)', async () => {
    const scene = await open({ direction });
    const sent = Array.from({ length: 20 }, (_, number) =>
      scene.send({ failureReport: 'no', body: `number ${number}` }),
    );
    scene.sender.socket.end(Buffer.concat(sent));
    for (const [number] of sent.entries())
      expect((await scene.receiver.next()).body?.toString()).toBe(`number ${number}`);
  });
});

describe('A next hop that is still being dialled', () => {
  it('gets what was accepted for it although its sender ended at once (R-14, CH-20)', async () => {
    const scene = await open({ secure: false });
    const peer = await listen();
    const toPath = `${scene.usePath} ${peer.uri}`;
    const wish = { toPath, fromPath: scene.sender.uri, messageId: 'mess-1' };
    const sent = [
      sendRequest({ ...wish, byteRange: '1-5/14', flag: '+', body: 'hello' }),
      sendRequest({ ...wish, byteRange: '6-9/14', flag: '+', body: ' you' }),
      sendRequest({ ...wish, byteRange: '10-14/14', body: ' all!' }).subarray(0, -20),
    ];
    scene.sender.socket.end(Buffer.concat(sent));
    const receiver = await peer.accept();
    const expected = ['1-5/14 5 +', '6-9/14 4 +', '10-14/14 5 +'];
    for (const shape of expected) expect(shapes([await receiver.next()])).toEqual([shape]);
    await peer.close();
  });
});

describe('A piece that waits for more', () => {
  const rest = 5000;

  async function waiting(octets: number): Promise<{ scene: Scene; finish: () => void }> {
    const scene = await open();
    const sent = scene.send({ byteRange: `1-*/${rest}`, body: pattern(1, rest) });
    const at = bodyStart(sent) + octets;
    await sendInPieces(scene, [sent.subarray(0, at)]);
    return { scene, finish: () => void scene.sender.send(sent.subarray(at)) };
  }

  it('is flushed when its linger time is over, the last octet kept back (CH-27)', async () => {
    const { scene, finish } = await waiting(3000);
    scene.clock.advance(19);
    expect(sendsOut(scene)).toBe(1);
    scene.clock.advance(1);
    expect(shapes([await scene.receiver.next()])).toEqual(['1-*/5000 2999 +']);
    scene.clock.advance(1000);
    expect(sendsOut(scene)).toBe(2);
    finish();
    expect(shapes(await chunks(scene))).toEqual(['3000-5000/5000 2001 $']);
  });

  it.each([
    [1, false],
    [2048, false],
    [2049, true],
  ])('of %i octets is flushed only if 2048 leave: %s (CH-03, CH-27)', async (octets, isFlushed) => {
    const { scene, finish } = await waiting(octets);
    scene.clock.advance(60);
    expect(sendsOut(scene)).toBe(isFlushed ? 2 : 1);
    finish();
    const expected = isFlushed ? ['1-2048/5000 2048 +', '2049-*/5000 2952 $'] : ['1-*/5000 5000 $'];
    expect(shapes(await chunks(scene))).toEqual(expected);
  });

  it('may be flushed again and again, and the last octet alone may be left for the end (CH-27)', async () => {
    const scene = await open();
    const sent = scene.send({ byteRange: '1-*/9000', body: pattern(1, 9000) });
    const start = bodyStart(sent);
    const [first, second, third, end] = cut(sent, start + 3000, start + 6000, start + 9000);
    for (const piece of [first, second, third]) {
      await sendInPieces(scene, [piece ?? Buffer.alloc(0)]);
      scene.clock.advance(20);
    }
    void scene.sender.send(end ?? '');
    const received = await chunks(scene);
    expect(shapes(received)).toEqual([
      '1-*/9000 2999 +',
      '3000-*/9000 3000 +',
      '6000-*/9000 3000 +',
      '9000-9000/9000 1 $',
    ]);
    expect(Buffer.concat(received.map((chunk) => chunk.body ?? Buffer.alloc(0))).equals(pattern(1, 9000))).toBe(true);
  });
});

describe('The flag of a chunk', () => {
  it('# passes, with what came of the chunk, whole or in pieces (CH-21, CH-10, F-20)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    for (const [octets, expected] of [
      [100, ['1-100/90000 100 #']],
      [5000, ['1-2048/90000 2048 +', '2049-4096/90000 2048 +', '4097-5000/90000 904 #']],
      [0, ['1-0/90000 0 #']],
    ] as const) {
      const sent = scene.send({ byteRange: '1-*/90000', body: pattern(1, octets), flag: '#' });
      expect((await scene.sender.ask(sent)).status).toBe(200);
      expect(shapes(await chunks(scene, '#'))).toEqual(expected);
    }
  });

  it('+ passes, and chunks that touch are not joined (CH-06, CH-08, CH-10, CH-14)', async () => {
    const scene = await open();
    const wish = { messageId: 'mess-1' };
    void scene.sender.send(scene.send({ ...wish, byteRange: '1-100/100', body: pattern(1, 40), flag: '+' }));
    void scene.sender.send(scene.send({ ...wish, byteRange: '41-*/100', body: pattern(41, 100), flag: '$' }));
    expect(shapes(await chunks(scene))).toEqual(['1-40/100 40 +', '41-100/100 60 $']);
  });
});

describe('A body', () => {
  it('that is empty stays empty, and one that is not there is not made (CH-22, F-14, S-13)', async () => {
    const scene = await open();
    for (const flag of ['$', '+', '#'] as const) {
      void scene.sender.send(scene.send({ byteRange: '1-0/0', body: '', flag }));
      const empty = await scene.receiver.next();
      expect([empty.body?.length, empty.flag, empty.header('Byte-Range')]).toEqual([0, flag, '1-0/0']);
      void scene.sender.send(scene.send({ byteRange: '1-0/0', flag, extra: [['X-More', 'yes']] }));
      const none = await scene.receiver.next();
      expect([none.body, none.flag, none.header('Byte-Range'), none.header('X-More')]).toEqual([
        undefined,
        flag,
        '1-0/0',
        'yes',
      ]);
    }
  });

  it('of octets 0 to 255, and of end-lines that are not its own, arrives as it was (F-34, FW-16, CH-24)', async () => {
    const scene = await open();
    void scene.sender.send(scene.send({ body: 'first' }));
    const { tid } = await scene.receiver.next();
    const all = Buffer.from(Array.from({ length: 256 }, (_, octet) => octet));
    const planted = Buffer.from(`\r\n-------${tid}$\r\nMSRP evil SEND\r\n\r\n-------${tid.slice(0, -1)}b$\r\n`);
    const body = Buffer.concat([all, planted, all]);
    void scene.sender.send(scene.send({ byteRange: '1-*/*', body }));
    expect((await scene.receiver.next()).body?.equals(body)).toBe(true);
  });

  it.each([
    ['yes', 400],
    ['partial', 400],
    ['no', undefined],
  ])(
    'longer than its total is answered as Failure-Report %s asks for: %s (CH-15, F-29)',
    async (failureReport, status) => {
      const scene = await open();
      const sent = scene.send({ failureReport, byteRange: '1-10/10', body: 'twelve octet' });
      if (status === undefined) void scene.sender.send(sent);
      else expect((await scene.sender.ask(sent)).status).toBe(status);
      await scene.nothingMore();
      expect(sendsOut(scene)).toBe(1);
      expect((await scene.sender.ask(scene.send({ body: 'next' }))).status).toBe(200);
      expect((await scene.receiver.next()).body?.toString()).toBe('next');
    },
  );

  it('longer than its total ends in # where some of it had left (CH-15, X-20)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    const sent = scene.send({ byteRange: '1-*/5000', body: pattern(1, 5001) });
    await sendInPieces(scene, cut(sent, bodyStart(sent) + 4500));
    expect((await scene.sender.next()).status).toBe(400);
    const received = await chunks(scene, '#');
    expect(received.map(({ flag }) => flag)).toEqual(['+', '+', '#']);
    await scene.nothingMore();
  });

  it('shorter than its range says is what counts (CH-14, CH-15)', async () => {
    const scene = await open();
    const cases: readonly (readonly [SendWish, string])[] = [
      [{ byteRange: '1-10/10', body: 'octets: 8' }, '1-9/9 9 $'],
      [{ byteRange: '1-10/10', body: 'octets: 8', flag: '+' }, '1-9/10 9 +'],
      [{ byteRange: '1-25/*', body: 'octets: 8', flag: '+' }, '1-9/* 9 +'],
      [{ byteRange: '101-*/*', body: 'octets: 8' }, '101-109/109 9 $'],
    ];
    for (const [wish, shape] of cases) {
      void scene.sender.send(scene.send(wish));
      expect(shapes([await scene.receiver.next()])).toEqual([shape]);
    }
  });
});

describe('Fragments', () => {
  it('of a SEND without Byte-Range are numbered from 1 (CH-13)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    void scene.sender.send(scene.send({ body: pattern(1, 5000) }));
    expect(shapes(await chunks(scene))).toEqual(['1-2048/* 2048 +', '2049-4096/* 2048 +', '4097-5000/5000 904 $']);
  });

  it('of a chunk from the middle of a message go on with its numbers (CH-09, CH-10)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    void scene.sender.send(
      scene.send({ byteRange: '9007199254700000-*/9007199254740991', body: pattern(1, 3000), flag: '+' }),
    );
    expect(shapes([await scene.receiver.next(), await scene.receiver.next()])).toEqual([
      '9007199254700000-9007199254702047/9007199254740991 2048 +',
      '9007199254702048-9007199254702999/9007199254740991 952 +',
    ]);
  });

  it('repeat every header of their chunk, known or not, each in its place (CH-16, FW-10, S-02)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    const extra = [
      ['X-First', 'one'],
      ['Content-Disposition', 'attachment; filename="a b"'],
      ['x-second', ' two  2 '],
    ] as const;
    const wish = {
      messageId: 'mess-1',
      successReport: 'yes',
      failureReport: 'partial',
      extra,
      contentType: 'image/png',
    };
    void scene.sender.send(scene.send({ ...wish, byteRange: '1-*/5000', body: pattern(1, 5000) }));
    const received = await chunks(scene);
    const tids = new Set(received.map(({ tid }) => tid));
    expect(tids.size).toBe(3);
    for (const chunk of received) {
      expect(chunk.headers).toEqual([
        ['To-Path', scene.arrivedToPath],
        ['From-Path', scene.arrivedFromPath],
        ['Message-ID', 'mess-1'],
        ['Byte-Range', chunk.header('Byte-Range')],
        ['Failure-Report', 'partial'],
        ['Success-Report', 'yes'],
        ['X-First', 'one'],
        ['Content-Disposition', 'attachment; filename="a b"'],
        ['x-second', 'two  2'],
        ['Content-Type', 'image/png'],
      ]);
    }
  });

  it('are made of SENDs only: a REPORT of 9 KiB passes in one (CH-01, P-12)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 2048 } } });
    const [body, tid] = ['x'.repeat(9216), 'rep1'];
    void scene.sender.send(
      `MSRP ${tid} REPORT\r\nTo-Path: ${scene.toPath}\r\nFrom-Path: ${scene.sender.uri}\r\nMessage-ID: mess-1\r\nByte-Range: 1-5/5\r\nStatus: 000 200 OK\r\nContent-Type: text/plain\r\n\r\n${body}\r\n-------${tid}$\r\n`,
    );
    const report = await scene.receiver.next();
    expect([report.method, report.body?.toString(), report.flag]).toEqual(['REPORT', body, '$']);
  });
});

describe('Two sessions', () => {
  it('that share a next hop keep the order of each, whatever their sizes, and are never mixed (FW-15, FW-23, CH-05, CH-07)', async () => {
    const scene = await open({ overrides: { chunk: { maxOctets: 4096 } } });
    const other = await scene.relay.client('bob');
    const { usePath, endpoint } = other;
    const messageId = 'the-same';
    const bodies = Array.from({ length: 40 }, (_, number) =>
      Buffer.concat([pattern(1, (number * 613) % 9000), Buffer.from(`#${number};`)]),
    );
    for (const body of bodies) {
      const wish = { messageId, byteRange: '1-*/*', failureReport: 'no', body };
      void scene.sender.send(scene.send(wish));
      const theirs = scene
        .send(wish)
        .toString('latin1')
        .replaceAll(scene.usePath, usePath)
        .replace(scene.sender.uri, endpoint.uri);
      void endpoint.send(theirs);
    }
    const received = new Map<string, Buffer[]>([
      [scene.usePath, []],
      [usePath, []],
    ]);
    const ends = new Map<string, number>();
    while ((ends.get(scene.usePath) ?? 0) + (ends.get(usePath) ?? 0) < 80) {
      const chunk = await scene.receiver.next();
      const [from = ''] = (chunk.header('From-Path') ?? '').split(' ');
      received.get(from)?.push(chunk.body ?? Buffer.alloc(0));
      if (chunk.flag === '$') ends.set(from, (ends.get(from) ?? 0) + 1);
    }
    for (const parts of received.values()) expect(Buffer.concat(parts).equals(Buffer.concat(bodies))).toBe(true);
  });
});

describe('A piece of a chunk whose sender is held to a rate', () => {
  it('leaves at once: nothing is read that it could wait for (CH-19, FC-08)', async () => {
    const scene = await open({ overrides: { rates: { octetsPerSecond: 1_000_000 } } });
    // Pays for what the scene has read so far.
    scene.clock.advance(1000);
    const sent = scene.send({ byteRange: '1-*/60000', body: pattern(1, 60_000), failureReport: 'no' });
    void scene.sender.send(sent.subarray(0, 40_000));
    const first = await scene.receiver.next();
    expect(first.flag).toBe('+');
    const octets = first.body?.length ?? 0;
    expect(octets).toBeGreaterThan(2048);
    expect(scene.relay.relay.snapshot().pauses.rate.open).toBe(1);
  });
});
