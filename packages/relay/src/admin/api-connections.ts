/** The API about connections. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from './api.ts';
import { COMMON, connectionSchema, json, NOT_FOUND, pageQuery, pageSchema } from './schemas.ts';

const params = z.object({ id: z.coerce.number().int().min(0) });
const NONE = { error: 'there is no connection with this number' };

const list = createRoute({
  method: 'get',
  path: '/v1/connections',
  summary: 'Lists connections in the order in which they came',
  request: { query: pageQuery },
  responses: { ...COMMON, 200: json(pageSchema(connectionSchema), 'Some of them.') },
});

const show = createRoute({
  method: 'get',
  path: '/v1/connections/{id}',
  summary: 'Shows one connection',
  request: { params },
  responses: { ...COMMON, ...NOT_FOUND, 200: json(connectionSchema, 'The connection.') },
});

const close = createRoute({
  method: 'delete',
  path: '/v1/connections/{id}',
  summary: 'Closes one connection; the sessions of its client end with it',
  request: { params },
  responses: { ...COMMON, ...NOT_FOUND, 204: { description: 'It is being closed.' } },
});

/** Adds the routes. */
export function addConnectionRoutes(api: Api): void {
  api.openapi(list, async (context) => {
    const { items, next } = await context.get('relay').operation.connections(context.req.valid('query'));
    return context.json({ items: [...items], next: next ?? null }, 200);
  });
  api.openapi(show, async (context) => {
    const view = await context.get('relay').operation.connection(context.req.valid('param').id);
    return view === undefined ? context.json(NONE, 404) : context.json(view, 200);
  });
  api.openapi(close, async (context) => {
    const isThere = await context.get('relay').operation.closeConnection(context.req.valid('param').id);
    return isThere ? context.body(null, 204) : context.json(NONE, 404);
  });
}
