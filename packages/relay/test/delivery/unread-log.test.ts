/** A relay whose log goes into a pipe that nobody reads, or that somebody reads too late. */
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { roundTrip } from '../round-trip.ts';
import { startRelayProcess } from './relay-process.ts';

/** Messages enough that their steps overflow the pipe, the stream of Node behind it, and what the relay keeps. */
const MANY = 1500;

/** A relay that logs every step, which nobody reads from now on, and a client that sends to itself through it. */
async function start() {
  const relay = await startRelayProcess(temporaryFolder(), 'log: { level: debug }\n');
  onTestFinished(() => relay.child.end());
  const { stderr } = relay.child.process;
  stderr?.pause();
  const client = await relay.client();
  const send = async () => {
    for (let count = 0; count < MANY; count += 1) await roundTrip(client);
  };
  return { relay, stderr, send };
}

describe('A log that nobody reads', () => {
  it('holds no message up, loses lines beyond a bound, and says how many when it is read again', async () => {
    const { relay, stderr, send } = await start();
    await send();
    const lost = await relay.metric('log_lines_lost_total');
    expect(lost).toBeGreaterThan(0);
    stderr?.resume();
    const [, told] = await relay.child.said(/"lines":(\d+),"msg":"lines of the log were lost/);
    expect(Number(told)).toBeGreaterThanOrEqual(lost);
    relay.child.process.kill('SIGTERM');
    expect(await relay.child.over()).toBe(0);
  });

  it('is written before the relay ends if somebody reads then, with how many lines were lost', async () => {
    const { relay, stderr, send } = await start();
    await send();
    const closed = once(relay.child.process, 'close');
    relay.child.process.kill('SIGTERM');
    stderr?.resume();
    expect(await closed).toEqual([0, null]);
    await relay.child.said(/lines of the log were lost/);
  });

  it('does not keep the relay from its end if nobody ever reads', async () => {
    const { relay, send } = await start();
    await send();
    relay.child.process.kill('SIGTERM');
    expect(await relay.child.over()).toBe(0);
  });
});
