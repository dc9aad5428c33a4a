/** The API about users and addresses that are shut out. */
import { createRoute, z } from '@hono/zod-openapi';
import { type Block, MAX_BLOCKS, networkOf } from '../relay/blocks.ts';
import type { Api } from './api.ts';
import { blockSchema, COMMON, errorSchema, json, NOT_FOUND } from './schemas.ts';

const FULL = { error: `the list is full: it has ${MAX_BLOCKS} entries; take some out first` };
const NONE = { error: 'this is not blocked' };
const NO_ADDRESS = 'expected an IP address, or a network such as 192.0.2.0/24 or 2001:db8::/32';

const user = z.object({ user: z.string().min(1).max(256) });
const address = z.object({
  address: z.string().refine((text) => networkOf(text) !== undefined, { error: NO_ADDRESS }),
});
const added = { ...COMMON, 200: json(blockSchema, 'The entry.'), 409: json(errorSchema, 'The list is full.') };
const removed = { ...COMMON, ...NOT_FOUND, 204: { description: 'It is not blocked any more.' } };

const list = createRoute({
  method: 'get',
  path: '/v1/blocks',
  summary: 'Lists who is blocked. A restart forgets all of them',
  responses: { ...COMMON, 200: json(z.object({ items: z.array(blockSchema) }), 'All entries.') },
});

const blockUser = createRoute({
  method: 'put',
  path: '/v1/blocks/users/{user}',
  summary: 'Blocks a user: sessions and connections end, AUTHs are answered 403',
  request: { params: user },
  responses: added,
});

const unblockUser = createRoute({
  method: 'delete',
  path: '/v1/blocks/users/{user}',
  summary: 'Lets a user in again',
  request: { params: user },
  responses: removed,
});

const blockAddress = createRoute({
  method: 'put',
  path: '/v1/blocks/addresses/{address}',
  summary: 'Blocks an address or network (its slash as %2F): connections end, none is accepted or opened',
  request: { params: address },
  responses: added,
});

const unblockAddress = createRoute({
  method: 'delete',
  path: '/v1/blocks/addresses/{address}',
  summary: 'Lets an address or network in again; it has to be the one that was blocked',
  request: { params: address },
  responses: removed,
});

/** Adds the routes. */
export function addBlockRoutes(api: Api): void {
  api.openapi(list, (context) => {
    return context.json({ items: context.get('relay').operation.blocks.all.map(shown) }, 200);
  });
  api.openapi(blockUser, async (context) => {
    const entry = await context.get('relay').operation.block(ofUser(context.req.valid('param')));
    return entry === undefined ? context.json(FULL, 409) : context.json(shown(entry), 200);
  });
  api.openapi(blockAddress, async (context) => {
    const entry = await context.get('relay').operation.block(ofAddress(context.req.valid('param')));
    return entry === undefined ? context.json(FULL, 409) : context.json(shown(entry), 200);
  });
  api.openapi(unblockUser, async (context) => {
    const wasThere = await context.get('relay').operation.unblock(ofUser(context.req.valid('param')));
    return wasThere ? context.body(null, 204) : context.json(NONE, 404);
  });
  api.openapi(unblockAddress, async (context) => {
    const wasThere = await context.get('relay').operation.unblock(ofAddress(context.req.valid('param')));
    return wasThere ? context.body(null, 204) : context.json(NONE, 404);
  });
}

/** Names are compared as AUTH compares them. */
function ofUser({ user: name }: z.infer<typeof user>): Omit<Block, 'sinceMs'> {
  return { kind: 'user', value: name.normalize('NFC') };
}

function ofAddress({ address: text }: z.infer<typeof address>): Omit<Block, 'sinceMs'> {
  return { kind: 'address', value: networkOf(text) ?? text };
}

function shown({ kind, value, sinceMs }: Block): z.infer<typeof blockSchema> {
  return { kind, value, since: new Date(sinceMs).toISOString() };
}
