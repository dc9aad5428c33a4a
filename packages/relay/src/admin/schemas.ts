/** What the API gives back, as schemas: its descriptions are those of /openapi.json. */
import { z } from '@hono/zod-openapi';
import { PAUSE_CAUSES } from '../transport/pauses.ts';

const count = () => z.number().int().min(0);

/** Anything that is not what was asked for. */
export const errorSchema = z
  .object({ error: z.string(), problems: z.array(z.string()).optional() })
  .openapi('Error', { description: 'One sentence; of a configuration, one for each thing that is wrong with it.' });

/** One worker process. */
const workerSchema = z
  .object({
    owner: z.string().openapi({ description: 'Its number: what the log calls `worker`.' }),
    state: z.enum(['starting', 'running', 'waiting', 'draining', 'ended']),
    pid: count().nullable(),
    uptimeSeconds: count(),
    restarts: count(),
    unanswered: count().openapi({ description: 'How often it did not answer the supervisor in time.' }),
  })
  .openapi('Worker');

/** The relay as a whole. */
export const statusSchema = z
  .object({
    state: z.enum(['starting', 'running', 'draining', 'closed']),
    version: z.string(),
    uptimeSeconds: count(),
    listening: z.array(z.string()),
    connections: count(),
    sessions: count(),
    openTransactions: count(),
    queuedOctets: count(),
    memoryHeldOctets: count(),
    memoryBudgetOctets: count(),
    blocks: count(),
    workers: z.array(workerSchema).openapi({ description: 'None where the relay is one process.' }),
  })
  .openapi('Status');

/** One connection. */
export const connectionSchema = z
  .object({
    id: count(),
    transport: z.string(),
    direction: z.enum(['accepted', 'dialled']),
    address: z.string(),
    state: z.enum(['dialling', 'open', 'ending', 'closed']),
    paused: z.enum(PAUSE_CAUSES).nullable().openapi({ description: 'Why it is not read at the moment.' }),
    ageSeconds: count(),
    octetsIn: count(),
    octetsOut: count(),
    queuedOctets: count(),
    openTransactions: count(),
    sessions: count(),
    users: z.array(z.string()).readonly().openapi({ description: 'Who has sessions on it, ten at most.' }),
    isRelay: z.boolean(),
    certifiedNames: z.array(z.string()).readonly(),
  })
  .openapi('Connection');

/** One session. */
export const sessionSchema = z
  .object({
    id: z.string().openapi({ description: 'The hash by which the log speaks of it, too. The URI is a secret.' }),
    user: z.string(),
    state: z.enum(['open', 'paused', 'refusing']),
    connection: count().nullable().openapi({ description: 'Of its client.' }),
    relay: z.string().nullable().openapi({ description: 'The relay that its client is behind.' }),
    address: z.string().nullable(),
    outsideConnection: count().nullable().openapi({ description: 'Of the peer that it is bound to.' }),
    ageSeconds: count(),
    expiresInSeconds: count(),
    octetsToClient: count(),
    octetsFromClient: count(),
    queuedOctets: count(),
  })
  .openapi('Session');

/** Somebody who is shut out. */
export const blockSchema = z
  .object({
    kind: z.enum(['user', 'address']),
    value: z.string(),
    since: z.iso.datetime(),
  })
  .openapi('Block');

/** What a reload came to. */
export const reloadSchema = z
  .object({
    needsRestart: z.array(z.string()).openapi({ description: 'Keys whose change takes effect after a restart only.' }),
  })
  .openapi('Reloaded');

/** What a drain was begun with. */
export const drainSchema = z.object({ state: z.literal('draining'), deadlineMs: count() }).openapi('Draining');

/** Part of a list. */
export function pageSchema<Item extends z.ZodType>(item: Item) {
  return z.object({
    items: z.array(item),
    next: count().nullable().openapi({ description: 'Give it as `after` for what comes next; null at the end.' }),
  });
}

/** Which part of a list. */
export const pageQuery = z.object({
  after: z.coerce.number().int().min(0).default(0).openapi({ description: 'Where the part before ended.' }),
  limit: z.coerce.number().int().min(1).max(1000).default(100),
});

/** A response with a body of `schema`. */
export function json<Schema extends z.ZodType>(schema: Schema, description: string) {
  return { description, content: { 'application/json': { schema } } };
}

/** The responses that every route may give. */
export const COMMON = {
  400: json(errorSchema, 'The request is wrong.'),
  401: json(errorSchema, 'A token is needed.'),
  403: json(errorSchema, 'The token may only read.'),
  503: json(errorSchema, 'The relay is still starting.'),
};

/** There is no such thing. */
export const NOT_FOUND = { 404: json(errorSchema, 'There is none.') };
