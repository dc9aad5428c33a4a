import { EventEmitter } from 'node:events';
import { ManualClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { Bundles } from '../../src/supervisor/bundles.ts';
import { Channel, type ChannelPort } from '../../src/supervisor/channel.ts';

/** One end of a pair: what is sent comes out at the other end, copied, in a later turn. */
class Port extends EventEmitter implements ChannelPort {
  other: Port | undefined;
  connected = true;

  send(message: object, _handle: undefined, _options: object, sent: (error: Error | null) => void): boolean {
    setImmediate(() => {
      sent(null);
      this.other?.emit('message', structuredClone(message));
    });
    return true;
  }
}

interface Theirs {
  add(one: number, other: number): Promise<number>;
  fail(): void;
  never(): Promise<void>;
  hear(text: string): void;
}

function pair() {
  const [here, there] = [new Port(), new Port()];
  here.other = there;
  there.other = here;
  const heard: string[] = [];
  const theirs: Theirs = {
    add: async (one, other) => one + other,
    fail: () => {
      throw new Error('this is wrong');
    },
    never: () => new Promise(() => {}),
    hear: (text) => void heard.push(text),
  };
  const clock = new ManualClock();
  const channel = new Channel<object, Theirs>(here, {}, clock);
  return { channel, far: new Channel<Theirs, object>(there, theirs, clock), port: here, clock, heard };
}

describe('A channel between processes', () => {
  it('brings answers to those who asked, and what is wrong', async () => {
    const { channel } = pair();
    const both = Promise.all([channel.ask(1000, 'add', 1, 2), channel.ask(1000, 'add', 3, 4)]);
    expect(await both).toEqual([3, 7]);
    await expect(channel.ask(1000, 'fail')).rejects.toThrow('this is wrong');
  });

  it('brings tidings in order', async () => {
    const { channel, heard } = pair();
    void channel.tell('hear', 'one');
    await channel.tell('hear', 'two');
    expect(heard).toEqual(['one', 'two']);
  });

  it('does not wait for an answer for longer than it may', async () => {
    const { channel, clock } = pair();
    const asked = channel.ask(1000, 'never');
    clock.advance(1000);
    await expect(asked).rejects.toThrow('no answer to never within 1000 ms');
  });

  it('asks no more where nothing is heard', async () => {
    const { channel, clock } = pair();
    const asked = Array.from({ length: 100 }, () => channel.ask(10, 'never').catch(() => 'late'));
    clock.advance(10);
    expect(new Set(await Promise.all(asked))).toEqual(new Set(['late']));
    await expect(channel.ask(1000, 'add', 1, 2)).rejects.toThrow('no answer to add, nor to what was asked before');
  });

  it('is told when the other side is gone', async () => {
    const { channel, port } = pair();
    const asked = channel.ask(Number.POSITIVE_INFINITY, 'never');
    channel.end(new Error('killed'));
    await expect(asked).rejects.toThrow('killed');
    port.connected = false;
    await expect(channel.ask(1000, 'add', 1, 2)).rejects.toThrow('gone');
    await expect(channel.tell('hear', 'x')).rejects.toThrow('gone');
  });
});

describe('Bundles', () => {
  it('leave one at a time, with all that has come together, and lose what is too much', async () => {
    const sent: number[] = [];
    let arrived: (() => void) | undefined;
    const bundles = new Bundles<number>((items) => {
      sent.push(items.length);
      return new Promise((resolve) => {
        arrived = resolve;
      });
    });
    for (let item = 0; item < 3; item += 1) bundles.add(item);
    await expect.poll(() => sent).toEqual([3]);
    for (let item = 0; item < 20_000; item += 1) bundles.add(item);
    arrived?.();
    await expect.poll(() => sent).toEqual([3, 10_000]);
    arrived?.();
  });
});
