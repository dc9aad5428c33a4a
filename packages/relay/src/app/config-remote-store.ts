/** What the configurations of all stores have in common that ask somebody else. */
import { z } from 'zod';
import { integer, text } from './config-values.ts';

const HOUR_MS = 3_600_000;
const HTTP = 'https:// or http:// followed by a host, without user and password';

/** How long, how often, how many. */
export const remote = {
  timeoutMs: integer(50, 10_000, 'milliseconds')
    .default(1500)
    .describe('How long an answer may take, in milliseconds; then the AUTH is answered 408.'),
  failures: integer(1, 1000, 'failures')
    .default(3)
    .describe('So many failures in a row, and the store counts as down: AUTHs are answered 408 without asking it.'),
  retryMs: integer(100, HOUR_MS, 'milliseconds')
    .default(2000)
    .describe('How often, in milliseconds, one AUTH finds out whether a store that is down is there again.'),
  staleMs: integer(0, 24 * HOUR_MS, 'milliseconds')
    .default(300_000)
    .describe('For how long, in milliseconds, users that were found can still authenticate when the store fails.'),
  cacheUsers: integer(0, 1_000_000, 'users')
    .default(10_000)
    .describe('How many users are remembered; 0 remembers nobody.'),
};

/** For how long answers are good. @param what - what happens without asking again. */
export function cacheMs(what: string, usual: number) {
  return integer(0, HOUR_MS, 'milliseconds').default(usual).describe(`For how long, in milliseconds, ${what}.`);
}

/** Who vouches for the other side's certificate. */
export function authorities() {
  return text('a path or PEM text').optional().describe('Authorities that vouch for it; without it, those of Node.');
}

/** The address of a service that is asked over HTTP. */
export function serviceUrl() {
  return z.string({ error: HTTP }).refine(isServiceUrl, { error: HTTP });
}

function isServiceUrl(text: string): boolean {
  const url = URL.parse(text);
  return (
    url !== null && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '' && url.hash === ''
  );
}
