/** A trace whose reader is slow: bounded, and honest about what is missing. */
import { request } from 'node:http';
import { describe, expect, it } from 'vitest';
import { TraceStream } from '../../src/admin/trace-stream.ts';
import type { Step } from '../../src/relay/ports.ts';
import { sessionHash } from '../../src/relay/session-hash.ts';
import { startRelay } from '../relay/harness.ts';
import { until } from '../relay/scene.ts';
import { OPERATOR, openDoor } from './door.ts';

interface Line {
  readonly step?: string;
  readonly number?: number;
  readonly lines?: number;
}

function linesOf(text: string): Line[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);
}

describe('A trace stream', () => {
  it('keeps a thousand lines for its reader, counts the rest, and goes on', async () => {
    const stream = new TraceStream();
    for (let number = 0; number < 1500; number += 1) stream.add({ number });
    const reader = stream.open(() => {}).getReader();
    const first = linesOf(new TextDecoder().decode((await reader.read()).value));
    expect(first).toHaveLength(1001);
    expect([first[999]?.number, first[1000]]).toEqual([999, { at: expect.any(String), step: 'lost', lines: 500 }]);
    const next = reader.read();
    stream.add({ number: 1500 });
    expect(linesOf(new TextDecoder().decode((await next).value))).toEqual([{ number: 1500 }]);
  });

  it('ends behind its last line, which is not lost', async () => {
    const stream = new TraceStream();
    for (let number = 0; number < 1001; number += 1) stream.add({ number });
    stream.end({ step: 'session ended' });
    stream.add({ number: 1001 });
    const text = await new Response(stream.open(() => {})).text();
    expect(linesOf(text).slice(1000)).toEqual([
      { at: expect.any(String), step: 'lost', lines: 1 },
      { step: 'session ended' },
    ]);
  });

  it('tells when its reader goes away, also while it waits for a line', async () => {
    const stream = new TraceStream();
    let isStopped = false;
    const reader = stream
      .open(() => {
        isStopped = true;
      })
      .getReader();
    const pending = reader.read();
    await reader.cancel();
    expect([isStopped, (await pending).done]).toEqual([true, true]);
    stream.add({ number: 1 });
  });

  it('over HTTP: a reader that stops for a while gets every line or is told how many it lost, and the relay keeps a thousand', async () => {
    const relay = await startRelay();
    const { usePath } = await relay.client();
    const door = await openDoor(relay.relay);
    const path = `/v1/sessions/${sessionHash(usePath)}/trace`;
    const headers = { Authorization: `Bearer ${OPERATOR}` };
    let text = '';
    const socket = request(door.url + path, { headers }, (response) => {
      response.pause();
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      response.pause();
      setImmediate(() => socket.emit('started'));
      socket.once('go on', () => response.resume());
    });
    socket.end();
    await new Promise((resolve) => socket.once('started', resolve));
    const TOLD = 100_000;
    const step: Step = {
      ...{ step: 'received', sessionUris: [usePath], method: 'SEND', connection: 1 },
      ...{ messageId: 'm'.repeat(200), transactionId: 't1' },
    };
    for (let told = 0; told < TOLD; told += 1) {
      relay.relay.traces.tell(step);
      if (told % 500 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    socket.emit('go on');
    await until(() => text.endsWith('\n') && text.includes('"lost"'));
    relay.relay.traces.tell({ ...step, method: 'LAST' });
    await until(() => text.includes('"LAST"') && text.endsWith('\n'));
    const lines = linesOf(text);
    const got = lines.filter(({ step: name }) => name === 'received').length;
    const lost = lines.reduce((sum, { lines: count = 0 }) => sum + count, 0);
    expect(got + lost).toBe(TOLD + 1);
    expect(lost).toBeGreaterThan(0);
    await relay.close();
  });
});
