/** What the runtime is measured by has to do what it is said to: forward octets, and answer AUTH. */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeCertificate } from './certificate.ts';
import { startNode } from './node-process.ts';
import type { Subject } from './subject.ts';

const PROGRAM = path.join(import.meta.dirname, 'bare-node-program.ts');
const folder = mkdtempSync(path.join(tmpdir(), 'bench-bare-'));
const { cert, key } = makeCertificate(folder);

afterAll(() => rmSync(folder, { recursive: true }));

function connect(subject: Subject, scheme: 'tcp' | 'tls'): net.Socket {
  const [host = '', port] = subject.address[scheme].split(':');
  const to = { host, port: Number(port) };
  return scheme === 'tcp' ? net.connect(to) : tls.connect({ ...to, rejectUnauthorized: false });
}

describe('bare-node-program.ts answer', () => {
  let subject: Subject;
  beforeAll(async () => {
    subject = await startNode([PROGRAM, 'answer', cert, key], 'relay');
  });
  afterAll(() => subject.stop());

  it.each(['tcp', 'tls'] as const)('challenges the first AUTH and grants the second, over %s', async (scheme) => {
    const client = connect(subject, scheme);
    for (const status of ['401 Unauthorized', '200 OK']) {
      client.write('MSRP a1b2 AUTH\r\nTo-Path: msrp://r:1;tcp\r\nFrom-Path: msrp://c:2/x;tcp\r\n-------a1b2$\r\n');
      const [answer] = await once(client, 'data');
      expect(String(answer)).toMatch(
        new RegExp(
          `^MSRP a1b2 ${status}\r\nTo-Path: msrp://c:2/x;tcp\r\nFrom-Path: msrp://r:1;tcp\r\n.*-------a1b2\\$\r\n$`,
          's',
        ),
      );
    }
    client.destroy();
  });
});

describe('bare-node-program.ts pipe', () => {
  it.each(['tcp', 'tls'] as const)(
    'passes octets both ways to the port that it dials, and the end, over %s',
    async (scheme) => {
      const own = { cert: readFileSync(cert), key: readFileSync(key) };
      const peer = scheme === 'tcp' ? net.createServer() : tls.createServer(own);
      const accepted = once(peer, scheme === 'tcp' ? 'connection' : 'secureConnection');
      await once(peer.listen(0, '127.0.0.1'), 'listening');
      const { port } = peer.address() as net.AddressInfo;
      const subject = await startNode([PROGRAM, 'pipe', cert, key, String(port)], 'forwarder');
      try {
        const client = connect(subject, scheme);
        client.write('there');
        const [far]: net.Socket[] = await accepted;
        expect(String(await once(far!, 'data'))).toBe('there');
        far!.write('and back');
        expect(String(await once(client, 'data'))).toBe('and back');
        client.destroy();
        await once(far!, 'close');
      } finally {
        await subject.stop();
        peer.close();
      }
    },
  );
});
