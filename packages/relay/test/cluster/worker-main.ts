/** One worker of a relay over clear TCP, as a process. Its words: address, port, name, how many workers there are, their directory. The only one is none. */
import { systemClock } from 'msrp/base';
import { pino } from 'pino';
import { buildRelay } from '../../src/app/build.ts';
import { configFrom } from '../../src/app/config.ts';
import { emptySource } from '../../src/app/config-file.ts';

const [host, port, owner = '0', count, directory = ''] = process.argv.slice(2);
const source = emptySource('bench', {
  hostname: 'localhost',
  listen: [`tcp://${host}:${port}`],
  auth: { allowCleartext: true },
  credentials: [{ type: 'static', users: { alice: 'secret' } }],
  nextHops: { allow: ['loopback'], cleartext: true },
  limits: { sessionsPerUser: 10_000 },
});
const relay = await buildRelay(configFrom(source, {}, systemClock), {
  clock: systemClock,
  logger: pino({ level: 'silent' }),
  ...(count !== '1' && { worker: { owner, count: Number(count), directory } }),
});
process.stdout.write(`listening ${relay.listening[0]}\n`);
