/**
 * A place to drop files, without a relay: `node --conditions=source examples/file-drop.ts DIRECTORY [PORT]`. It prints its
 * path, takes any number of files of any size at the same time, names each by its SHA-256, and tells what it got.
 */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { Endpoint, type IncomingMessage } from 'msrp';
import { listen, nodeNetwork } from 'msrp/node';

async function take(message: IncomingMessage, directory: string): Promise<string> {
  const part = join(directory, `${message.messageId}.part`);
  const hash = createHash('sha256');
  const hashed = async function* () {
    for await (const octets of message) {
      hash.update(octets);
      yield octets;
    }
  };
  try {
    // The disk sets the pace: what it does not take yet is not read from the connection.
    await pipeline(hashed, createWriteStream(part, { flags: 'wx' }));
    const name = hash.digest('hex');
    await rename(part, join(directory, name));
    return name;
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}

async function main(directory: string, port: number): Promise<void> {
  const endpoint = new Endpoint({ network: nodeNetwork() });
  const listener = await listen(endpoint, { host: '127.0.0.1', port });
  const drop = () => {
    const session = listener.createSession();
    session.on('message', (message) => {
      take(message, directory).then(
        (name) => process.stdout.write(`file ${name} ${message.receivedOctets}\n`),
        (error: unknown) => process.stderr.write(`lost ${message.messageId}: ${error}\n`),
      );
    });
    // Its peer has gone: the next one gets a path of its own.
    session.on('failed', drop);
    process.stdout.write(`path ${session.path}\n`);
  };
  drop();
  process.once('SIGTERM', () => {
    endpoint.close();
    void listener.close();
  });
}

const [directory, port = '0'] = process.argv.slice(2);
if (directory === undefined) {
  process.stderr.write('usage: file-drop DIRECTORY [PORT]\n');
  process.exit(1);
}
await main(directory, Number(port));
