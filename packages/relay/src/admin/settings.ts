/** What an operator can change while the relay runs, without a file: it holds until the next reload or restart. */
import { z } from '@hono/zod-openapi';

const number = (description: string) => z.number().int().openapi({ description });

const rates = z.strictObject({
  octetsPerSecond: number('Octets read per second, per connection and per user; 0 for no limit.'),
  messagesPerSecond: number('SENDs read per second, per connection and per user; 0 for no limit.'),
});

const limits = z.strictObject({
  connections: number('Open connections in all.'),
  connectionsPerAddress: number('Open connections from one address.'),
  sessionsPerUser: number('Granted Use-Paths of one user.'),
  transactions: number('Requests that wait for a response.'),
  headOctets: number('Size of start line and headers together.'),
  headLines: number('Header lines of one request.'),
  pathUris: number('URIs in one path.'),
  messageOctets: number('Size of a whole message; 0 for no limit.'),
});

const timers = z.strictObject({ drainMs: number('How long open transactions may take to settle in a drain.') });

const log = z.strictObject({ level: z.enum(['debug', 'info', 'warn', 'error']) });

/** All of them. */
export const settingsSchema = z.strictObject({ rates, limits, timers, log }).openapi('Settings');

/** Some of them. Bounds are those of the configuration, and checked there. */
export const settingsChangeSchema = z
  .strictObject({ rates: rates.partial(), limits: limits.partial(), timers: timers.partial(), log: log.partial() })
  .partial()
  .openapi('SettingsChange');

export type Settings = z.infer<typeof settingsSchema>;
export type SettingsChange = z.infer<typeof settingsChangeSchema>;
