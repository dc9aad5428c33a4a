/** A DNS server of the tests' own, over UDP on loopback: it tells what a test wrote down, and remembers what it was asked. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type Answer, decode, encode, RECURSION_AVAILABLE, RECURSION_DESIRED } from 'dns-packet';

/** Instead of records: an answer that says so, or none at all. */
type NoRecords = 'NXDOMAIN' | 'SERVFAIL' | 'silence';

/** One SRV record; target `.` says that the service is not offered. */
export interface Service {
  readonly priority?: number;
  readonly weight?: number;
  readonly port: number;
  readonly target: string;
}

/** What a name has. Types that are missing are answered without records (NODATA). */
interface Name {
  readonly A?: readonly string[] | NoRecords;
  readonly AAAA?: readonly string[] | NoRecords;
  readonly SRV?: readonly Service[] | NoRecords;
  /** The name is another one, whose addresses are told along with it; for A and AAAA only. */
  readonly CNAME?: string;
  /** Lifetime of all its records; 300 s when left out. */
  readonly ttlSeconds?: number;
}

/** Names in lower case, without final dot. All others do not exist (NXDOMAIN). May change while the server runs. */
export type Zone = Record<string, Name>;

/** A server that runs. */
export interface NameServer {
  /** As `setServers` of `node:dns` and the configuration want it: `127.0.0.1:PORT`. */
  readonly address: string;
  /** All it was asked, in order, each such as `SRV _msrps._tcp.example.org`. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
}

const RESPONSE_CODES = { NOERROR: 0, SERVFAIL: 2, NXDOMAIN: 3 } as const;

/** Starts on a free port. */
export async function startNameServer(zone: Zone): Promise<NameServer> {
  const socket = createSocket('udp4');
  const questions: string[] = [];
  socket.on('message', (octets, { port, address }) => {
    const { id, questions: asked = [] } = decode(octets);
    const [{ name, type } = { name: '', type: 'A' }] = asked;
    questions.push(`${type} ${name}`);
    const found = recordsOf(zone, name.toLowerCase(), type);
    if (found === 'silence') return;
    const code = RESPONSE_CODES[typeof found === 'string' ? found : 'NOERROR'];
    const flags = code | RECURSION_DESIRED | RECURSION_AVAILABLE;
    const answers = typeof found === 'string' ? [] : found;
    socket.send(encode({ type: 'response', id: id ?? 0, flags, questions: asked, answers }), port, address);
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return {
    address: `127.0.0.1:${socket.address().port}`,
    questions,
    stop: () => new Promise((resolve) => socket.close(() => resolve())),
  };
}

function recordsOf(zone: Zone, name: string, type: string): Answer[] | NoRecords {
  const known = Object.hasOwn(zone, name) ? zone[name] : undefined;
  if (known === undefined) return 'NXDOMAIN';
  const ttl = known.ttlSeconds ?? 300;
  if (type === 'SRV') {
    const { SRV = [] } = known;
    return typeof SRV === 'string' ? SRV : SRV.map((data) => ({ type: 'SRV', name, ttl, data }));
  }
  if (type !== 'A' && type !== 'AAAA') return [];
  if (known.CNAME !== undefined) {
    const alias = { type: 'CNAME', name, ttl, data: known.CNAME } as const;
    const found = recordsOf(zone, known.CNAME, type);
    return typeof found === 'string' ? found : [alias, ...found];
  }
  const addresses = known[type] ?? [];
  return typeof addresses === 'string' ? addresses : addresses.map((data) => ({ type, name, ttl, data }));
}
