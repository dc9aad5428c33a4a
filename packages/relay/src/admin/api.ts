/** The API of the operator, below /v1: made of its parts, behind one check of who asks, with one form of error. */
import { OpenAPIHono } from '@hono/zod-openapi';
import type { Context } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Access } from './access.ts';
import { addBlockRoutes } from './api-blocks.ts';
import { addConnectionRoutes } from './api-connections.ts';
import { addRunningRoutes } from './api-running.ts';
import { addSessionRoutes } from './api-sessions.ts';
import type { AdminSource, RunningSource } from './source.ts';

/** Nothing that is sent here is large. */
const MAX_BODY_OCTETS = 65_536;

/** What routes find in their context. */
interface ApiEnvironment {
  Variables: { relay: RunningSource };
}

/** The routes of the API are added to one of these. */
export type Api = OpenAPIHono<ApiEnvironment>;

const DESCRIPTION =
  'Look at a relay, and act on it. Bearer tokens stand in the configuration: those of admin.token may do everything, those of admin.readToken may read. On a Unix socket no token is needed.';

/** Makes the routes. */
export function makeApi(source: AdminSource, access: Access): Api {
  const api: Api = new OpenAPIHono<ApiEnvironment>({
    defaultHook: (result, context) => {
      if (result.success) return undefined;
      const [issue] = result.error.issues;
      const place = [result.target, ...(issue?.path ?? [])].join('.');
      return context.json({ error: `${place}: ${issue?.message ?? 'is wrong'}` }, 400);
    },
  });
  api.use('/v1/*', async (context, next) => {
    const { method, path } = context.req;
    // A trace shows what people say to each other when and how much: not for everybody who watches figures.
    const isChange = (method !== 'GET' && method !== 'HEAD') || path.endsWith('/trace');
    const [authorization, host] = [context.req.header('Authorization'), context.req.header('Host')];
    const denial = access.denialOf({ authorization, host }, isChange);
    if (denial?.status === 401) context.header('WWW-Authenticate', 'Bearer realm="msrp-relay"');
    if (denial !== undefined) return context.json({ error: denial.error }, denial.status);
    const relay = source.relay();
    if (relay === undefined) return context.json({ error: 'the relay is still starting; try again in a moment' }, 503);
    context.set('relay', relay);
    context.header('Cache-Control', 'no-store');
    await next();
    if (isChange) source.acted({ method, path, status: context.res.status });
    return undefined;
  });
  const onError = (context: Context) =>
    context.json({ error: `the body is larger than ${MAX_BODY_OCTETS} octets` }, 413);
  api.use('/v1/*', bodyLimit({ maxSize: MAX_BODY_OCTETS, onError }));
  addRunningRoutes(api, source);
  addConnectionRoutes(api);
  addSessionRoutes(api);
  addBlockRoutes(api);
  api.openAPIRegistry.registerComponent('securitySchemes', 'token', { type: 'http', scheme: 'bearer' });
  api.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: { title: 'msrp-relay', version: source.version, description: DESCRIPTION },
    security: [{ token: [] }],
  });
  api.all('/v1/*', (context) =>
    context.json({ error: 'no such thing in the API; /openapi.json lists all there is' }, 404),
  );
  return api;
}
