/** The API about sessions, with their traces. */
import { createRoute, z } from '@hono/zod-openapi';
import type { Api } from './api.ts';
import { COMMON, errorSchema, json, NOT_FOUND, pageQuery, pageSchema, sessionSchema } from './schemas.ts';

const params = z.object({ id: z.string().regex(/^[0-9a-f]{8}$/, { error: 'expected eight hexadecimal digits' }) });
const NONE = { error: 'there is no session with this hash' };
const SEVERAL = { error: 'several sessions have this hash; end or trace one of them when the others are gone' };
const AMBIGUOUS = { 409: json(errorSchema, 'Several sessions have this hash.') };

const list = createRoute({
  method: 'get',
  path: '/v1/sessions',
  summary: 'Lists sessions in the order in which they were granted',
  request: { query: pageQuery.extend({ user: z.string().optional() }) },
  responses: { ...COMMON, 200: json(pageSchema(sessionSchema), 'Some of them.') },
});

const show = createRoute({
  method: 'get',
  path: '/v1/sessions/{id}',
  summary: 'Shows one session',
  request: { params },
  responses: { ...COMMON, ...NOT_FOUND, ...AMBIGUOUS, 200: json(sessionSchema, 'The session.') },
});

const end = createRoute({
  method: 'delete',
  path: '/v1/sessions/{id}',
  summary: 'Ends one session: what waits for its client is reported to the senders, its URI is unknown from then on',
  request: { params },
  responses: { ...COMMON, ...NOT_FOUND, ...AMBIGUOUS, 204: { description: 'It is over.' } },
});

const trace = createRoute({
  method: 'get',
  path: '/v1/sessions/{id}/trace',
  summary: 'Follows every message of one session, as it happens: one JSON object a line, heads only',
  description:
    'The first line has step "began", the last one "session ended". A reader that is too slow loses lines, and gets a line with step "lost" that says how many. Needs a token that may do everything.',
  request: { params },
  responses: {
    ...COMMON,
    ...NOT_FOUND,
    ...AMBIGUOUS,
    200: { description: 'Lines.', content: { 'application/x-ndjson': { schema: z.string() } } },
    429: json(errorSchema, 'Too many traces run.'),
  },
});

/** Adds the routes. */
export function addSessionRoutes(api: Api): void {
  api.openapi(list, async (context) => {
    const { user, ...wish } = context.req.valid('query');
    const { items, next } = await context.get('relay').operation.sessions(wish, user?.normalize('NFC'));
    return context.json({ items: [...items], next: next ?? null }, 200);
  });
  api.openapi(show, async (context) => {
    const [session, other] = await context.get('relay').operation.sessionsCalled(context.req.valid('param').id);
    if (session === undefined) return context.json(NONE, 404);
    return other === undefined ? context.json(session.view, 200) : context.json(SEVERAL, 409);
  });
  api.openapi(end, async (context) => {
    const { operation } = context.get('relay');
    const [session, other] = await operation.sessionsCalled(context.req.valid('param').id);
    if (session === undefined) return context.json(NONE, 404);
    if (other !== undefined) return context.json(SEVERAL, 409);
    await operation.endSession(session.uri);
    return context.body(null, 204);
  });
  api.openapi(trace, async (context) => {
    const { operation, traces } = context.get('relay');
    const [session, other] = await operation.sessionsCalled(context.req.valid('param').id);
    if (session === undefined) return context.json(NONE, 404);
    if (other !== undefined) return context.json(SEVERAL, 409);
    const stream = await traces.open(session.uri);
    if (stream === undefined) return context.json({ error: 'too many traces run; end one of them first' }, 429);
    // The types of the library take every media type that ends with json for JSON.
    return new Response(stream, { headers: { 'Content-Type': 'application/x-ndjson' } }) as never;
  });
}
