/** The way of TCP connections from one node to another in the hands of a test: it can be cut, barred and held up. */
import { once } from 'node:events';
import net from 'node:net';

/** One such way, in one direction: who connects to it comes out at the node behind it. */
export interface Link {
  /** Where it is entered: an address of its own, and the port of the node behind it. */
  readonly host: string;
  /** How many connections pass it now. */
  readonly passing: () => number;
  /** Ends all connections that pass, with RST to both sides. New ones may come. */
  cut(): void;
  /** From now on nobody can connect; what passes goes on. */
  bar(): Promise<void>;
  /** Nothing that this side of the connections says gets through, until `release`; the connections stay. */
  hold(side: 'opener' | 'target'): void;
  release(): void;
  close(): Promise<void>;
}

/** Where a link leads. */
interface Target {
  readonly host: string;
  readonly port: number;
}

/** Both sockets of a connection that passes. */
type Pair = readonly [net.Socket, net.Socket];

/** Opens a link at `host`, an address of this machine that nobody else uses. */
export async function openLink(host: string, target: Target): Promise<Link> {
  const pairs = new Set<Pair>();
  let held: 'opener' | 'target' | undefined;
  const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (near) => {
    const far = net.connect({ ...target, allowHalfOpen: true, noDelay: true });
    const pair = [near, far] as const;
    pairs.add(pair);
    join(near, far, () => held === 'opener');
    join(far, near, () => held === 'target');
    near.once('close', () => pairs.delete(pair));
  });
  server.listen(target.port, host);
  await once(server, 'listening');
  const each = (act: (socket: net.Socket) => void) => {
    for (const pair of pairs) for (const socket of pair) act(socket);
  };
  const bar = async () => {
    if (!server.listening) return;
    const closed = new Promise((resolve) => server.close(resolve));
    // The listener is gone at once; the event waits for the connections.
    if (pairs.size === 0) await closed;
  };
  const cut = () => each((socket) => socket.resetAndDestroy());
  return {
    host,
    passing: () => pairs.size,
    cut,
    bar,
    hold(side) {
      held = side;
      for (const [near, far] of pairs) (side === 'opener' ? near : far).pause();
    },
    release() {
      held = undefined;
      each((socket) => socket.resume());
    },
    async close() {
      cut();
      await bar();
    },
  };
}

/** What comes on `from` leaves on `to`, as fast as that takes it; so does its end, whatever kind it is of. */
function join(from: net.Socket, to: net.Socket, isHeld: () => boolean): void {
  if (isHeld()) from.pause();
  from.on('data', (octets) => {
    if (!to.write(octets)) from.pause();
  });
  to.on('drain', () => {
    if (!isHeld()) from.resume();
  });
  from.on('end', () => to.end());
  from.on('error', () => {});
  from.on('close', (hadError) => {
    if (hadError) to.resetAndDestroy();
    else to.destroySoon();
  });
}
