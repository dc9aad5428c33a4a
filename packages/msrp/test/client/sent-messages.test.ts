import { describe, expect, it } from 'vitest';
import type { SendOptions } from '../../src/client/session-options.ts';
import { converse, turn } from './peer.ts';

/** A message with its first answer; and what a REPORT of a failure does then. */
async function answered(options: SendOptions, status = 200) {
  const conversation = await converse();
  const { session, peer } = conversation;
  const message = session.send('hello', { successReport: false, ...options });
  const chunk = await peer.next();
  if (options.failureReport !== 'no') peer.answer(chunk, status);
  await turn();
  const reportFailure = () => peer.reportOn(session, message.messageId, '1-5/5', '000 408 gone');
  return { ...conversation, message, reportFailure };
}

describe('a REPORT of a failure', () => {
  it('of a message that was accepted is heard, once (S-23)', async () => {
    const { session, reportFailure } = await answered({});
    const failures: unknown[] = [];
    session.on('failed', (error) => failures.push(error));
    reportFailure();
    reportFailure();
    expect(failures).toEqual([expect.objectContaining({ code: 'MSRP_SESSION_FAILED', status: 408 })]);
  });

  it('of a message that has failed already says nothing new', async () => {
    const { session, reportFailure } = await answered({}, 413);
    reportFailure();
    expect(session.isOpen).toBe(true);
  });

  it('of a message that was delivered is not believed', async () => {
    const { session, peer, message, reportFailure } = await answered({ successReport: true });
    peer.reportOn(session, message.messageId, '1-5/5');
    await message.delivered;
    reportFailure();
    expect(session.isOpen).toBe(true);
  });

  it('of a message with Failure-Report no is not expected', async () => {
    const { session, reportFailure } = await answered({ failureReport: 'no' });
    reportFailure();
    expect(session.isOpen).toBe(true);
  });

  it('is heard of the last 256 messages that were accepted', async () => {
    const { session, peer, message, reportFailure } = await answered({});
    for (let count = 0; count < 256; count += 1) {
      session.send('hello', { successReport: false });
      peer.answer(await peer.next());
    }
    await turn();
    reportFailure();
    expect(session.isOpen).toBe(true);
    const { messageId } = session.send('hello', { successReport: false });
    peer.answer(await peer.next());
    expect(messageId).not.toBe(message.messageId);
    peer.reportOn(session, messageId, '1-5/5', '000 408 gone');
    expect(session.isOpen).toBe(false);
  });
});
