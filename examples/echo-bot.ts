/**
 * A bot that sends back what it is sent: `node --conditions=source examples/echo-bot.ts RELAY USER CA-FILE`, with the
 * password in MSRP_PASSWORD. It prints its path; `npm run cli -- send PATH "Hello"` talks to it.
 */
import { readFileSync } from 'node:fs';
import { Endpoint, type IncomingMessage, type Session } from 'msrp';
import { nodeNetwork } from 'msrp/node';

async function echo(session: Session, message: IncomingMessage): Promise<void> {
  try {
    const octets = await message.bytes(1_000_000);
    // Nobody has to be told that an echo has arrived.
    session.send(octets, { contentType: message.contentType, successReport: false });
  } catch (error) {
    process.stderr.write(`no echo: ${error instanceof Error ? error.message : error}\n`);
  }
}

async function main(uri: string, user: string, caFile: string): Promise<void> {
  const network = nodeNetwork({ tls: { ca: readFileSync(caFile, 'utf8') } });
  const endpoint = new Endpoint({ network });
  const relay = await endpoint.connectRelay({ uri, user, password: process.env.MSRP_PASSWORD ?? '' });
  // The peer is whoever writes to it: only who knows the path can.
  const session = await relay.createSession({ acceptTypes: ['text/*'] });
  session.on('message', (message) => void echo(session, message));
  session.on('pathExpiring', () => void session.refresh());
  session.on('failed', (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  });
  process.stdout.write(`path ${session.path}\n`);
  process.once('SIGTERM', () => endpoint.close());
}

const [uri, user, caFile] = process.argv.slice(2);
try {
  if (uri === undefined || user === undefined || caFile === undefined)
    throw new Error('usage: echo-bot RELAY USER CA-FILE');
  await main(uri, user, caFile);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
