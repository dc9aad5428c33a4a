/** A stream to a worker in the hands of a test, which stands for a connection of another worker. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import path from 'node:path';
import { onTestFinished } from 'vitest';
import { formatPreamble } from '../../src/cluster/preamble.ts';
import type { CarriedConnection } from '../../src/relay/ports.ts';

/** The test's end of it. */
export class ScriptedStream {
  /** Everything that came, one character an octet. */
  received = '';
  readonly socket: Socket;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.setEncoding('latin1').on('data', (text: string) => {
      this.received += text;
    });
  }

  /** To worker `owner`, from worker 1; ends with the test. */
  static async open(directory: string, owner: string, connection: Partial<CarriedConnection> = {}) {
    const socket = connect(path.join(directory, `${owner}.sock`));
    onTestFinished(() => void socket.destroy());
    await once(socket, 'connect');
    const origin = { transport: 'tls', direction: 'accepted', remoteAddress: '127.0.0.9', localPort: 2855 } as const;
    const carried = { origin: { ...origin, worker: '1' }, certifiedNames: [], relays: [], isProven: true };
    socket.write(formatPreamble({ ...carried, ...connection }));
    return new ScriptedStream(socket);
  }

  /** What it was told of a request, in order: statuses of responses, and `settled`; REPORTs, with what they say, of every request. */
  told(tid: string): string[] {
    const starts = this.received.matchAll(/MSRP (\S+) (\S+)[^\r]*\r\n([\s\S]*?)-------\1[$+#]\r\n/g);
    return [...starts].flatMap(([, id, kind = '', lines = '']) => {
      if (kind === 'REPORT') return [`${/^Status: (.*)$/m.exec(lines)?.[1]} ${/^Byte-Range: (.*)$/m.exec(lines)?.[1]}`];
      return id === tid ? [kind === 'SETTLED' ? 'settled' : kind] : [];
    });
  }
}
