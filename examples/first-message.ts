/**
 * A first message through a relay in development mode: Alice authenticates and gets an address at the relay, Bob writes
 * to it. With `npm start` running elsewhere: `npm run example -- PASSWORD [PORT]`, both as `npm start` printed them.
 */
import { EventEmitter, once } from 'node:events';
import { digestResponse, hashA1 } from 'msrp/digest';
import { dial } from 'msrp/node';
import {
  formatAuthorization,
  formatEndLine,
  formatRequestHead,
  formatResponse,
  type Head,
  headerValues,
  makeIdent,
  makeSessionId,
  Parser,
  parseChallenge,
} from 'msrp/wire';

/** A request or response that came in. */
interface Message {
  readonly head: Head;
  readonly body: string;
}

const WAIT_MS = 5000;
const LIMITS = { maxHeadOctets: 16_384, maxHeadLines: 64 };

/** Opens a TLS connection to the relay; what comes on it is emitted as `message`. */
async function connect(name: string, port: number) {
  // The certificate of development mode is signed by nobody. A real client verifies.
  const tls = { verify: false };
  const socket = await dial({ host: 'localhost', port, secure: true }, { timeoutMs: WAIT_MS, tls });
  const messages = new EventEmitter();
  const read: { head?: Head; body: string } = { body: '' };
  const parser = new Parser(
    {
      head: (head) => Object.assign(read, { head, body: '' }),
      body: (octets) => {
        read.body += Buffer.from(octets).toString('latin1');
      },
      end: () => messages.emit('message', { head: read.head, body: Buffer.from(read.body, 'latin1').toString() }),
      broken: (error) => socket.destroy(error),
    },
    LIMITS,
  );
  socket.on('data', (octets: Buffer) => parser.write(octets));
  const fail = (why: string) => messages.emit('error', new Error(why));
  messages.on('error', () => undefined); // whoever waits is told, nobody else needs to be
  socket.once('close', () => fail('the relay closed the connection'));
  const next = async (): Promise<Message> => {
    const timer = setTimeout(() => fail('the relay did not answer in time'), WAIT_MS);
    try {
      const [message] = await once(messages, 'message');
      return message;
    } finally {
      clearTimeout(timer);
    }
  };
  return {
    // Nobody can dial this endpoint: it is reached on the connection that it has opened.
    uri: `msrps://${name}.invalid:2855/${makeSessionId()};tcp`,
    next,
    write: (text: string) => void socket.write(text),
    close: () => void socket.end(),
  };
}

/** The Authorization header that answers a 401 (RFC 4976 §9.1). */
function authorizationFor(challenge: Head, password: string, digestUri: string): string {
  const [offer = ''] = headerValues(challenge, 'www-authenticate');
  const reading = parseChallenge(offer);
  if (reading.kind !== 'digest') throw new Error(`the relay offered "${offer}"`);
  const { realm, nonce, opaque } = reading.value;
  const shared = { nonce, nonceCount: '00000001', cnonce: makeIdent(), algorithm: 'SHA-256' as const };
  const ha1 = hashA1(shared.algorithm, 'alice', realm, password);
  const { response } = digestResponse({ ...shared, ha1, digestUri, method: 'AUTH' });
  const credentials = { ...shared, username: 'alice', realm, opaque, uri: digestUri, response, qop: 'auth' };
  return `Authorization: ${formatAuthorization(credentials)}\r\n`;
}

async function main(password: string, port: number): Promise<void> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  const relay = `msrps://localhost:${port};tcp`;
  const [alice, bob] = await Promise.all([connect('alice', port), connect('bob', port)]);

  const authenticate = (authorization: string) => {
    const id = makeIdent();
    alice.write(formatRequestHead(id, 'AUTH', relay, alice.uri, authorization, false) + formatEndLine(id, '$'));
    return alice.next();
  };
  const { head: challenge } = await authenticate('');
  const { head: granted } = await authenticate(authorizationFor(challenge, password, relay));
  const [usePath] = headerValues(granted, 'use-path');
  if (usePath === undefined)
    throw new Error(`the relay answered ${granted.status} ${granted.comment}: wrong password?`);
  say(`alice can be reached at ${usePath}`);

  // What Bob would learn from the SDP that Alice sends him: the way to her leads over the relay.
  const [id, path] = [makeIdent(), `${usePath} ${alice.uri}`];
  const lines = `Message-ID: ${makeIdent()}\r\nByte-Range: 1-13/13\r\nContent-Type: text/plain\r\n`;
  const [arrival, answer] = [alice.next(), bob.next()];
  bob.write(`${formatRequestHead(id, 'SEND', path, bob.uri, lines, true)}Hello, Alice!\r\n${formatEndLine(id, '$')}`);
  const { head: response } = await answer;
  say(`the relay answered bob ${response.status} ${response.comment}`);
  const { head, body } = await arrival;
  const [previousHop = ''] = head.fromPath.split(' ');
  alice.write(formatResponse(head.transactionId, 200, 'OK', previousHop, alice.uri));
  say(`alice received: ${body}`);
  alice.close();
  bob.close();
}

const [password, port = '2855'] = process.argv.slice(2);
try {
  if (password === undefined) throw new Error('usage: npm run example -- PASSWORD [PORT]');
  await main(password, Number(port));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
