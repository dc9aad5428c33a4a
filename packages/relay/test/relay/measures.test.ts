/** What a relay measures of itself while messages pass: durations, pauses, and each refusal by its reason. */
import { afterEach, describe, expect, it } from 'vitest';
import { responseTo } from '../endpoint.ts';
import { attend } from './attend.ts';
import { openScene, pattern, type Scene, type SceneOptions, until } from './scene.ts';

const cleanups: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

async function open(options: SceneOptions = {}): Promise<Scene> {
  const scene = await openScene(options);
  cleanups.push(() => scene.close());
  return scene;
}

const total = (counts: readonly number[]) => counts.reduce((sum, one) => sum + one, 0);

describe('A relay measures', () => {
  it('how long a next hop takes to answer, from the last octet of the SEND on', async () => {
    const scene = await open();
    const before = scene.relay.relay.snapshot().responseTimes;
    void scene.sender.send(scene.send({ body: 'hello' }));
    const got = await scene.receiver.next();
    scene.clock.advance(3000);
    void scene.receiver.send(responseTo(got, 200));
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    const { counts, sum } = scene.relay.relay.snapshot().responseTimes;
    expect(total(counts) - total(before.counts)).toBe(1);
    expect(sum - before.sum).toBe(3);
    expect(counts.findIndex((one, index) => one !== before.counts[index])).toBe(14);
  });

  it('no answer that did not come', async () => {
    const scene = await open();
    void scene.sender.send(scene.send({ body: 'hello' }));
    await scene.receiver.next();
    const before = total(scene.relay.relay.snapshot().responseTimes.counts);
    for (let second = 0; second < 35; second += 1) scene.clock.advance(1000);
    await until(() => scene.relay.relay.snapshot().transactions === 0);
    expect(total(scene.relay.relay.snapshot().responseTimes.counts)).toBe(before);
  });

  it('how long a chunk waits for a receiver, also where no answer is wanted, and how long its sender is not read', async () => {
    const scene = await open({ secure: false, overrides: { flow: { windowOctets: 2048 } } });
    const body = pattern(1, 300_000);
    void scene.sender.send(scene.send({ body, messageId: 'first' }));
    const first = await scene.receiver.next();
    // The window is used up: what comes now waits, and is more than the high-water mark; what remains to be read then is less.
    void scene.sender.send(scene.send({ body: body.subarray(0, 200_000), messageId: 'second', failureReport: 'no' }));
    await until(() => scene.relay.relay.snapshot().pauses.receiver.open === 1);
    const before = scene.relay.relay.snapshot().queueTimes;
    scene.clock.advance(4000);
    const { pauses } = scene.relay.relay.snapshot();
    expect(pauses.receiver).toEqual({ count: 1, seconds: 4, open: 1 });
    expect(pauses.rate.count + pauses.answers.count).toBe(0);
    const { received } = attend(scene.receiver);
    void scene.receiver.send(responseTo(first, 200));
    await until(() => received.some(({ messageId, flag }) => messageId === 'second' && flag === '$'));
    const { pauses: after, queueTimes } = scene.relay.relay.snapshot();
    expect(after.receiver).toEqual({ count: 1, seconds: 4, open: 0 });
    expect(queueTimes.sum - before.sum).toBeGreaterThanOrEqual(4);
    expect(total(queueTimes.counts)).toBeGreaterThan(total(before.counts));
  });

  it('the pauses of a rate apart from those of a receiver', async () => {
    const scene = await open({ secure: false, overrides: { rates: { octetsPerSecond: 1_000_000 } } });
    const rate = () => scene.relay.relay.snapshot().pauses.rate;
    const { received } = attend(scene.receiver);
    void scene.sender.send(scene.send({ body: pattern(1, 500_000), failureReport: 'no' }));
    await until(() => rate().open > 0);
    await until(() => {
      scene.clock.advance(10);
      return received.at(-1)?.flag === '$';
    });
    scene.clock.advance(1000);
    expect(rate().open).toBe(0);
    expect(rate().seconds).toBeGreaterThan(0.3);
    expect(scene.relay.relay.snapshot().pauses.receiver.count).toBe(0);
  });

  it('why a message was refused, also when that is found out after its head', async () => {
    const scene = await open({ overrides: { limits: { messageOctets: 1000 } } });
    const told = attend(scene.sender);
    void scene.sender.send(scene.send({ body: pattern(1, 2000), byteRange: '1-*/*', tid: 'too-long' }));
    void scene.sender.send(scene.send({ body: pattern(1, 30), byteRange: '1-*/20', tid: 'over-total' }));
    await until(() => told.answers.size === 2);
    expect([told.answers.get('too-long'), told.answers.get('over-total')]).toEqual([413, 400]);
    expect(scene.relay.relay.snapshot().refused).toMatchObject({ 'message size': 1, octets: 1 });
  });
});
