/**
 * A first message through a relay in development mode: Alice gets an address at the relay, Bob writes to it. With
 * `npm start` running elsewhere: `npm run example -- PASSWORD [PORT]`, both as `npm start` printed them.
 */
import { Endpoint } from 'msrp';
import { nodeNetwork } from 'msrp/node';

async function main(password: string, port: number): Promise<void> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  // The certificate of development mode is signed by nobody. A real client verifies.
  const network = nodeNetwork({ tls: { verify: false } });
  const [alice, bob] = [new Endpoint({ network }), new Endpoint({ network })];

  const relay = await alice.connectRelay({ uri: `msrps://localhost:${port};tcp`, user: 'alice', password });
  const hers = await relay.createSession();
  const received = new Promise<string>((resolve) => hers.on('message', (message) => resolve(message.text())));
  say(`alice can be reached at ${hers.path}`);

  // What Bob would learn from the SDP that Alice sends him: the way to her leads over the relay.
  const his = await bob.createSession().open(hers.path);
  const message = his.send('Hello, Alice!');
  await message.accepted;
  say('the relay has taken the message of bob');
  say(`alice received: ${await received}`);
  await message.delivered;
  say('bob knows that it was delivered');
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
