import { describe, expect, it } from 'vitest';
import { ContentReader, type ContentSource, contentSource } from '../../src/client/content.ts';
import { octetsUpTo, turn } from './peer.ts';

async function allOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}

/** A source of these pieces that notes what is done with it. */
function scripted(...pieces: readonly (Uint8Array | Error)[]) {
  const notes = { opened: 0, given: 0, returned: 0 };
  const source: ContentSource = {
    octets: undefined,
    read(start) {
      notes.opened += 1;
      expect(start).toBe(0);
      let at = 0;
      return {
        [Symbol.asyncIterator]: () => ({
          async next() {
            const piece = pieces[at];
            at += 1;
            if (piece instanceof Error) throw piece;
            if (piece === undefined) return { done: true, value: undefined };
            notes.given += 1;
            return { done: false, value: piece };
          },
          async return() {
            notes.returned += 1;
            return { done: true, value: undefined };
          },
        }),
      };
    },
  };
  return { source, notes };
}

describe('what a message can be made of', () => {
  it('is a text, as UTF-8', async () => {
    const source = contentSource('Zoë');
    expect(source).toMatchObject({ octets: 4, isRepeatable: true });
    expect(await allOf(source.read(0))).toEqual(Buffer.from('Zo\xc3\xab', 'latin1'));
    expect(await allOf(source.read(3))).toEqual(Buffer.from('\xab', 'latin1'));
    expect(await allOf(source.read(4))).toHaveLength(0);
  });

  it('is octets, of a Buffer too', async () => {
    const octets = octetsUpTo(300);
    for (const content of [octets, Buffer.from(octets)]) {
      const source = contentSource(content);
      expect(source).toMatchObject({ octets: 300, isRepeatable: true });
      expect(await allOf(source.read(299))).toEqual(Buffer.from(octets.subarray(299)));
    }
  });

  it('is a Blob, read from any octet on', async () => {
    const octets = octetsUpTo(200_000);
    const source = contentSource(new Blob([octets.slice(0, 5), octets.slice(5)]));
    expect(source).toMatchObject({ octets: 200_000, isRepeatable: true });
    expect(await allOf(source.read(0))).toEqual(Buffer.from(octets));
    expect(await allOf(source.read(199_998))).toEqual(Buffer.from(octets.subarray(199_998)));
  });

  it('is a source of its own, asked for the octets from where they are needed', async () => {
    const starts: number[] = [];
    const read = async function* (start: number) {
      starts.push(start);
      yield octetsUpTo(10).subarray(start);
    };
    const source = contentSource({ octets: 10, read });
    expect(source).toMatchObject({ octets: 10, isRepeatable: true });
    expect(await allOf(source.read(7))).toHaveLength(3);
    expect(starts).toEqual([7]);
  });

  it('is a stream, read once and of a length that only its sender may know', async () => {
    const stream = () => new Blob([octetsUpTo(5).slice()]).stream();
    expect(contentSource(stream())).toMatchObject({ octets: undefined, isRepeatable: false });
    const source = contentSource(stream(), 5);
    expect(source).toMatchObject({ octets: 5, isRepeatable: false });
    expect(await allOf(source.read(0))).toHaveLength(5);
    expect(() => source.read(1)).toThrow(expect.objectContaining({ code: 'MSRP_NOT_RESUMABLE' }));
  });
});

describe('a reader of content', () => {
  it('reads what is wanted and no more, and says when it has', async () => {
    const { source, notes } = scripted(octetsUpTo(10), octetsUpTo(10), octetsUpTo(10));
    const reader = new ContentReader(source, 0);
    let wakes = 0;
    const wake = () => {
      wakes += 1;
    };
    expect(reader.readyOctets).toBe(0);
    reader.fill(15, wake);
    reader.fill(15, wake);
    await turn();
    expect(wakes).toBe(1);
    expect(notes.given).toBe(2);
    expect(reader.readyOctets).toBe(20);
    expect(reader.peek(3)).toEqual(octetsUpTo(3));
    reader.take(3);
    expect(reader.peek(1)).toEqual(Uint8Array.of(octetsUpTo(4)[3] ?? 0));
    expect(reader.takenOctets).toBe(3);
    reader.fill(17, wake);
    await turn();
    expect(wakes).toBe(1);
    expect(notes.given).toBe(2);
  });

  it('knows the end when it has asked for more than there is', async () => {
    const { source } = scripted(octetsUpTo(10), new Uint8Array(0));
    const reader = new ContentReader(source, 0);
    reader.fill(10, () => undefined);
    await turn();
    expect(reader.hasEnded).toBe(false);
    reader.fill(11, () => undefined);
    await turn();
    expect(reader.hasEnded).toBe(true);
    expect(reader.isDone).toBe(false);
    reader.take(10);
    expect(reader.isDone).toBe(true);
  });

  it('tells of an error and keeps what came before', async () => {
    const { source } = scripted(octetsUpTo(10), new Error('unreadable'));
    const reader = new ContentReader(source, 0);
    let wakes = 0;
    reader.fill(20, () => {
      wakes += 1;
    });
    await turn();
    expect(wakes).toBe(1);
    expect(reader.error).toEqual(new Error('unreadable'));
    expect(reader.readyOctets).toBe(10);
    reader.fill(20, () => {
      wakes += 1;
    });
    await turn();
    expect(wakes).toBe(1);
  });

  it('tells of an error that is none, too', async () => {
    const read = async function* (): AsyncGenerator<Uint8Array> {
      yield octetsUpTo(1);
      throw undefined;
    };
    const reader = new ContentReader({ octets: undefined, read }, 0);
    reader.fill(20, () => undefined);
    await turn();
    expect(reader.error).toBeInstanceOf(Error);
  });

  it('opens its source only when something is to be read: a message that waits holds no file open', async () => {
    const { source, notes } = scripted(octetsUpTo(10));
    const reader = new ContentReader(source, 0);
    expect(notes.opened).toBe(0);
    reader.cancel();
    await turn();
    expect(notes).toEqual({ opened: 0, given: 0, returned: 0 });
    reader.fill(1, () => undefined);
    await turn();
    expect(notes.opened).toBe(0);
  });

  it('counts a source that cannot even be opened as one that failed', async () => {
    const read = () => {
      throw new Error('no such file');
    };
    const reader = new ContentReader({ octets: 5, read }, 0);
    let wakes = 0;
    reader.fill(1, () => {
      wakes += 1;
    });
    await turn();
    expect(wakes).toBe(1);
    expect(reader.error).toEqual(new Error('no such file'));
  });

  it('is cancelled while it reads: nobody is woken, and nothing of it is ready', async () => {
    const { source, notes } = scripted(octetsUpTo(10), octetsUpTo(10));
    const reader = new ContentReader(source, 0);
    let wakes = 0;
    reader.fill(20, () => {
      wakes += 1;
    });
    reader.cancel();
    reader.cancel();
    await turn();
    expect(wakes).toBe(0);
    expect(reader.readyOctets).toBe(0);
    expect(reader.hasEnded).toBe(true);
    expect(notes.returned).toBe(1);
  });

  it.each([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    [
      'rejects',
      async () => {
        throw new Error('no');
      },
    ],
    ['is missing', undefined],
  ])('is cancelled although the return of the source %s', async (_, returning) => {
    const iterator = { next: async () => ({ done: false, value: octetsUpTo(1) }), return: returning };
    const source = { octets: undefined, read: () => ({ [Symbol.asyncIterator]: () => iterator }) };
    const reader = new ContentReader(source as unknown as ContentSource, 0);
    reader.fill(1, () => undefined);
    await turn();
    reader.cancel();
    await turn();
    expect(reader.hasEnded).toBe(true);
  });
});
