/** The API about the relay as a whole: how it is, what it is set to, reload and drain. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from './api.ts';
import { COMMON, drainSchema, errorSchema, json, reloadSchema, statusSchema } from './schemas.ts';
import { settingsChangeSchema, settingsSchema } from './settings.ts';
import type { AdminSource } from './source.ts';

const WRONG = { 422: json(errorSchema, 'Something is wrong with it; everything stays as it was.') };
const MAX_DRAIN_MS = 3_600_000;

const status = createRoute({
  method: 'get',
  path: '/v1/status',
  summary: 'Says how the relay is',
  responses: { ...COMMON, 200: json(statusSchema, 'The relay as a whole.') },
});

const settings = createRoute({
  method: 'get',
  path: '/v1/settings',
  summary: 'Shows what can be changed while the relay runs',
  responses: { ...COMMON, 200: json(settingsSchema, 'All settings, as they are in force.') },
});

const change = createRoute({
  method: 'patch',
  path: '/v1/settings',
  summary: 'Changes some settings, until the next reload or restart',
  request: { body: { required: true, content: { 'application/json': { schema: settingsChangeSchema } } } },
  responses: { ...COMMON, ...WRONG, 200: json(settingsSchema, 'All settings, as they are now.') },
});

const reload = createRoute({
  method: 'post',
  path: '/v1/reload',
  summary: 'Reads configuration, certificates and credentials again, as SIGHUP does',
  responses: { ...COMMON, ...WRONG, 200: json(reloadSchema, 'It was taken over.') },
});

const drain = createRoute({
  method: 'post',
  path: '/v1/drain',
  summary: 'Takes nothing new, lets open transactions settle, and ends the process, as SIGTERM does',
  request: { query: z.object({ deadlineMs: z.coerce.number().int().min(0).max(MAX_DRAIN_MS).optional() }) },
  responses: { ...COMMON, 202: json(drainSchema, 'It has begun.') },
});

/** Adds the routes. */
export function addRunningRoutes(api: Api, source: AdminSource): void {
  api.openapi(status, async (context) => {
    const relay = context.get('relay');
    const { connections, sessions, transactions, queuedOctets, memory } = await relay.snapshot();
    return context.json(
      {
        state: source.state(),
        version: source.version,
        uptimeSeconds: Math.floor(process.uptime()),
        listening: [...relay.listening],
        // Streams between workers are no connections of anybody.
        connections: Object.values(connections).reduce((sum, one) => sum + one, 0) - (connections.worker ?? 0),
        sessions,
        openTransactions: transactions,
        queuedOctets,
        memoryHeldOctets: memory.heldOctets,
        memoryBudgetOctets: memory.budgetOctets,
        blocks: relay.operation.blocks.all.length,
        workers: [...(relay.workers?.all ?? [])],
      },
      200,
    );
  });
  api.openapi(settings, (context) => context.json(source.settings(), 200));
  api.openapi(change, async (context) => {
    const outcome = await source.change(context.req.valid('json'));
    return 'problems' in outcome ? context.json(wrong(outcome), 422) : context.json(source.settings(), 200);
  });
  api.openapi(reload, async (context) => {
    const outcome = await source.reload();
    if ('problems' in outcome) return context.json(wrong(outcome), 422);
    return context.json({ needsRestart: [...outcome.needsRestart] }, 200);
  });
  api.openapi(drain, (context) => {
    const deadlineMs = source.drain(context.req.valid('query').deadlineMs);
    return context.json({ state: 'draining' as const, deadlineMs }, 202);
  });
}

function wrong({ problems }: { readonly problems: readonly string[] }) {
  return { error: problems[0] ?? 'it cannot be taken over', problems: [...problems] };
}
