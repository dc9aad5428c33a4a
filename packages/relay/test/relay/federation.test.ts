/** The scenario of RFC 4976 §5.1 with relays of this project on loopback: A – B – C – D – E – F, names from DNS. */
import { createHash, randomBytes } from 'node:crypto';
import { systemClock } from 'msrp/base';
import { describe, expect, it } from 'vitest';
import { DOMAIN_OF_C, HOSTS, openFederation } from './federation.ts';
import type { Party } from './party.ts';
import { until } from './scene.ts';

const CHUNK_OCTETS = 150_000;
const file = randomBytes(6_000_000);
const sha256 = createHash('sha256').update(file).digest('hex');

/** The hosts in a path, in order. */
function hostsOf(path: string): string[] {
  return [...path.matchAll(/msrps:\/\/([^:/;]+)/g)].map(([, host = '']) => host);
}

/** Sends a message and waits until every chunk was answered 200, once, and its success REPORT has come. */
async function deliver(from: Party, to: Party, messageId: string, body: Buffer): Promise<void> {
  const sent = await from.send({
    to: from.pathTo(to),
    messageId,
    body,
    chunkOctets: CHUNK_OCTETS,
    successReport: 'yes',
  });
  await until(() => from.reported(messageId).length > 0 && [...sent.keys()].every((tid) => from.answers.has(tid)));
  for (const tid of sent.keys()) expect(from.answers.get(tid)).toEqual([200]);
}

describe('A – B – C – D – E – F', () => {
  it('gives both clients their paths, each relay having asked for the password itself (AU-36, AU-35, AU-50, AU-52, DN-02, DN-03, DN-07, DN-09)', async () => {
    const federation = await openFederation({ clock: systemClock });
    const { a, f } = await federation.pair();
    expect(hostsOf(a.usePath)).toEqual([HOSTS.B, HOSTS.C]);
    expect(hostsOf(a.sdpPath)).toEqual([HOSTS.C, HOSTS.B, '127.0.0.1']);
    expect(hostsOf(f.usePath)).toEqual([HOSTS.E, HOSTS.D]);
    expect(hostsOf(a.pathTo(f))).toEqual([HOSTS.B, HOSTS.C, HOSTS.D, HOSTS.E, '127.0.0.1']);
    for (const { relay } of Object.values(federation.relays)) {
      expect(relay.snapshot()).toMatchObject({ sessions: 1, auth: { challenged: 1, granted: 1 } });
    }
    await deliver(a, f, 'first', Buffer.from('hello'));
    const questions = (name: keyof typeof HOSTS) => [...new Set(federation.nameServers[name].questions)].toSorted();
    expect(questions('B')).toEqual([`A ${HOSTS.C}`, `AAAA ${HOSTS.C}`, `SRV _msrps._tcp.${DOMAIN_OF_C}`]);
    for (const name of ['C', 'E'] as const) expect(questions(name)).toEqual([`A ${HOSTS.D}`, `AAAA ${HOSTS.D}`]);
    expect(questions('D')).toEqual([]);
  });

  it.each(['A to F', 'F to A'] as const)(
    'carries a message and a file from %s whole, and their success REPORTs back (FW-08, FW-09, FW-10, FW-15, FW-16, R-01, R-08, P-15)',
    async (direction) => {
      const federation = await openFederation({ clock: systemClock });
      const { a, f } = await federation.pair();
      const [from, to] = direction === 'A to F' ? [a, f] : [f, a];
      await deliver(from, to, 'short', Buffer.from('hello'));
      await deliver(from, to, 'file', file);
      expect(to.message('short', 5).wrong).toEqual([]);
      expect(to.message('file', file.length)).toEqual({ sha256, wrong: [] });
      const [report, ...more] = from.reported('file');
      expect(more).toEqual([]);
      expect(report).toMatchObject({ start: 1, end: file.length, total: `${file.length}`, status: '000 200 OK' });
      expect(report?.fromPath).toBe(from.pathTo(to));
      expect(await from.fence(from.pathTo(to))).toBe(200);
      expect([from.reports.length, to.reports.length]).toEqual([2, 0]);
      await expect.poll(() => federation.transactions).toEqual([0, 0, 0, 0]);
    },
  );
});
