/** Who is let in at the admin door. */
import { linkSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startAdminServer } from '../../src/admin/server.ts';
import { OPERATOR, openDoor, READER } from './door.ts';
import { fakeSource } from './fake-source.ts';

const PAGES = ['/healthz', '/readyz', '/metrics', '/openapi.json'];
const NOBODY = { operators: [], readers: [] };

/** The status of a request over a Unix socket, or to an address under any name. */
function statusOf(where: { socketPath?: string; port?: number }, path: string, method = 'GET', host = 'localhost') {
  return new Promise<number | undefined>((resolve, reject) => {
    const asked = request({ ...where, path, method, headers: { host } }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    asked.on('error', reject).end();
  });
}

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'msrp-admin-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'admin.sock');
}

describe('The API with tokens', () => {
  it('lets an operator do everything', async () => {
    const door = await openDoor();
    expect((await door.ask('GET', '/v1/status')).status).toBe(200);
    expect((await door.ask('POST', '/v1/reload')).status).toBe(200);
  });

  it('lets a reader read, says what is missing for more, and calls a trace more (SE-02)', async () => {
    const door = await openDoor();
    const token = READER;
    expect((await door.ask('GET', '/v1/status', { token })).status).toBe(200);
    const refused = { status: 403, body: { error: expect.stringContaining('admin.token') } };
    for (const [method, path] of [
      ['POST', '/v1/reload'],
      ['POST', '/v1/drain'],
      ['PATCH', '/v1/settings'],
      ['PUT', '/v1/blocks/users/alice'],
      ['DELETE', '/v1/sessions/00000000'],
      ['GET', '/v1/sessions/00000000/trace'],
    ] as const) {
      expect(await door.ask(method, path, { token })).toMatchObject(refused);
    }
  });

  it.each([null, '', 'x', `${OPERATOR}x`, OPERATOR.slice(0, -1), OPERATOR.toUpperCase()])(
    'lets nobody in with another token or none: %s',
    async (token) => {
      const door = await openDoor();
      const answer = await door.ask('GET', '/v1/status', { token });
      expect(answer).toMatchObject({ status: 401, body: { error: expect.stringContaining('Bearer') } });
    },
  );

  it('asks for a token in the words of HTTP, and does not say whether a path exists without one', async () => {
    const door = await openDoor();
    const response = await fetch(`${door.url}/v1/nothing`);
    expect([response.status, response.headers.get('WWW-Authenticate')]).toEqual([401, 'Bearer realm="msrp-relay"']);
  });

  it('takes several of each, so that they can be changed while both hold, and others at once', async () => {
    const door = await openDoor(undefined, {}, { operators: ['old-token-0123456789', OPERATOR], readers: [] });
    expect((await door.ask('POST', '/v1/reload', { token: 'old-token-0123456789' })).status).toBe(200);
    door.replaceTokens({ operators: [OPERATOR], readers: [] });
    expect((await door.ask('POST', '/v1/reload', { token: 'old-token-0123456789' })).status).toBe(401);
    expect((await door.ask('POST', '/v1/reload')).status).toBe(200);
  });

  it('leaves the pages for probes and Prometheus open', async () => {
    const door = await openDoor();
    for (const page of PAGES)
      expect([page, (await door.ask('GET', page, { token: null })).status]).toEqual([page, 200]);
  });
});

describe('The API without tokens', () => {
  it('can be read on loopback, and not used', async () => {
    const door = await openDoor(undefined, {}, NOBODY);
    expect((await door.ask('GET', '/v1/sessions', { token: null })).status).toBe(200);
    expect(await door.ask('POST', '/v1/drain', { token: null })).toMatchObject({ status: 403 });
    expect(await door.ask('POST', '/v1/drain')).toMatchObject({ status: 403 });
  });

  it('cannot be read by a page in a browser that comes under a name of its own', async () => {
    const door = await openDoor(undefined, {}, NOBODY);
    const port = Number(new URL(door.url).port);
    expect(await statusOf({ port }, '/v1/status', 'GET', `evil.example:${port}`)).toBe(403);
    expect(await statusOf({ port }, '/v1/status', 'GET', `127.0.0.1:${port}`)).toBe(200);
    expect(await statusOf({ port }, '/v1/status', 'GET', `[::1]:${port}`)).toBe(200);
  });

  it('cannot be read at all beyond loopback', async () => {
    const server = await startAdminServer({ host: '0.0.0.0', port: 0 }, fakeSource());
    onTestFinished(() => server.close());
    const port = Number(new URL(server.url).port);
    expect(await statusOf({ port }, '/v1/status')).toBe(403);
    expect(await statusOf({ port }, '/readyz')).toBe(200);
  });
});

describe('A Unix socket', () => {
  it('belongs to its owner alone, who needs no token, and goes with the door', async () => {
    const path = socketPath();
    const server = await startAdminServer({ path }, fakeSource(), { operators: [OPERATOR], readers: [] });
    expect([server.url, statSync(path).mode & 0o777]).toEqual([`unix:${path}`, 0o600]);
    expect(await statusOf({ socketPath: path }, '/v1/reload', 'POST')).toBe(200);
    await server.close();
    expect(() => statSync(path)).toThrow('ENOENT');
  });

  it('takes the place of one that nobody answers on, as a killed process leaves it', async () => {
    const path = socketPath();
    // A server that is told to leave its socket behind.
    const abandoned = createServer();
    await new Promise<void>((resolve) => abandoned.listen(`${path}.moved`, resolve));
    linkSync(`${path}.moved`, path);
    await new Promise((resolve) => abandoned.close(resolve));
    const server = await startAdminServer({ path }, fakeSource());
    onTestFinished(() => server.close());
    expect(await statusOf({ socketPath: path }, '/healthz')).toBe(200);
  });

  it('takes nothing away from a door that answers, nor a file that is no socket', async () => {
    const path = socketPath();
    const first = await startAdminServer({ path }, fakeSource());
    onTestFinished(() => first.close());
    await expect(startAdminServer({ path }, fakeSource())).rejects.toThrow(
      `admin.listen: unix:${path} is already in use; set admin.listen to another path`,
    );
    expect(await statusOf({ socketPath: path }, '/healthz')).toBe(200);
    writeFileSync(`${path}.txt`, 'precious');
    await expect(startAdminServer({ path: `${path}.txt` }, fakeSource())).rejects.toThrow('admin.listen: unix:');
    expect(statSync(`${path}.txt`).size).toBe(8);
  });
});
