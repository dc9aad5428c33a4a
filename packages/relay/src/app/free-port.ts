/** Whether somebody else listens on a port already. */
import { createServer } from 'node:net';

/** The wished port if it is free, else 0, which means any free one. */
export async function freePort(host: string, wishedPort: number): Promise<number> {
  const { promise, resolve } = Promise.withResolvers<number>();
  const probe = createServer();
  probe.once('error', () => resolve(0));
  probe.listen({ host, port: wishedPort }, () => probe.close(() => resolve(wishedPort)));
  return promise;
}
