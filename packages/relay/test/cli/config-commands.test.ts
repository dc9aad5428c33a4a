import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/app/config.ts';
import { NARROW } from '../app/machines.ts';
import { temporaryFolder } from '../app/temporary-folder.ts';
import { run } from './run.ts';

const YAML = 'hostname: localhost\nlisten: [tcp://127.0.0.1:0]\ncredentials: [{ type: sqlite, path: users.db }]\n';

describe('the program', () => {
  it('tells its version', async () => {
    expect(await run(['--version'])).toEqual({ status: 0, out: ['1.2.3'], err: [] });
  });

  it('describes every command', async () => {
    const { status, out } = await run(['--help']);
    expect(status).toBe(0);
    for (const word of ['serve', 'config', 'user']) expect(out.join('\n')).toContain(word);
    expect((await run(['user', 'add', '--help'])).out.join('\n')).toContain('--password-stdin');
  });

  it.each([
    [['frobnicate'], "error: unknown command 'frobnicate'"],
    [['serve', '--confg', 'x'], "error: unknown option '--confg'"],
    [['serve', '--config'], "error: option '-c, --config <file>' argument missing"],
    [['config', 'check'], "error: missing required argument 'file'"],
    [['config', 'schema', 'more'], 'error: too many arguments'],
    [['user', 'list'], 'give either --config or --database'],
    [
      ['user', 'add', 'a', '--generate', '--password-stdin', '--database', 'x'],
      'give either --generate or --password-stdin',
    ],
  ])('answers wrong usage with 2 and a sentence: %j', async (words, sentence) => {
    const { status, out, err } = await run(words);
    expect(status).toBe(2);
    expect(err.join('\n')).toContain(sentence);
    expect(out).toEqual([]);
  });

  it('answers no command at all with help and 2', async () => {
    const { status, err } = await run([]);
    expect(status).toBe(2);
    expect(err.join('\n')).toContain('Usage: msrp-relay');
  });
});

describe('config check', () => {
  it('says that nothing is wrong', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': YAML }), 'relay.yaml');
    expect(await run(['config', 'check', file])).toEqual({
      status: 0,
      out: [`${file}: nothing is wrong with it`],
      err: [],
    });
  });

  it('says where the buffers of the kernel do not fit, which is no mistake in the file (FC-03)', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': YAML }), 'relay.yaml');
    const { status, out, err } = await run(['config', 'check', file], { machine: NARROW });
    expect({ status, out }).toEqual({ status: 0, out: [`${file}: nothing is wrong with it`] });
    expect(err).toEqual([expect.stringMatching(/^warning: net\.ipv4\.tcp_rmem lets 50000 connections/)]);
  });

  it('says everything that is wrong, one sentence a line, and answers 1', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': `${YAML}hostnam: 1\nworkers: 0\n` }), 'relay.yaml');
    const { status, out, err } = await run(['config', 'check', file]);
    expect({ status, out }).toEqual({ status: 1, out: [] });
    expect(err).toEqual([
      `${file}:4:1: hostnam: unknown key, did you mean hostname?`,
      `${file}:5:10: workers: expected a number of workers from 1 to 1024, or auto, found 0`,
    ]);
  });

  it('minds the environment', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': YAML }), 'relay.yaml');
    const { status, err } = await run(['config', 'check', file], { environment: { MSRP_RELAY_WORKERS: '0' } });
    expect({ status, err }).toEqual({
      status: 1,
      err: ['MSRP_RELAY_WORKERS: workers: expected a number of workers from 1 to 1024, or auto, found 0'],
    });
  });
});

describe('config schema', () => {
  it('prints a JSON Schema with a description of every key', async () => {
    const { status, out } = await run(['config', 'schema']);
    const schema = JSON.parse(out.join('\n'));
    expect(status).toBe(0);
    expect(schema.additionalProperties).toBe(false);
    expect(schema.required).toEqual(['hostname', 'credentials']);
    expect(schema.properties.chunk.properties.maxOctets).toMatchObject({
      type: 'integer',
      minimum: 2048,
      maximum: 16777216,
      default: 65536,
    });
    for (const section of Object.values<Record<string, unknown>>(schema.properties)) {
      expect(section.description).toBeTypeOf('string');
      for (const key of Object.values((section.properties ?? {}) as Record<string, { description?: string }>)) {
        expect(key.description).toBeTypeOf('string');
      }
    }
  });
});

describe('config init', () => {
  it('writes a configuration that works as it is, with a certificate', async () => {
    const folder = temporaryFolder();
    const file = join(folder, 'relay.yaml');
    const { status, out, err } = await run(['config', 'init', file, '--self-signed', '--hostname', 'chat.example.net']);
    expect({ status, err }).toEqual({ status: 0, err: [] });
    expect(out).toEqual(
      [file, join(folder, 'privkey.pem'), join(folder, 'fullchain.pem')].map((path) => `written ${path}`),
    );
    const config = loadConfig(file, {});
    expect(config.hostname).toBe('chat.example.net');
    expect(config.credentials).toEqual([{ type: 'sqlite', path: join(folder, 'users.db') }]);
    expect(statSync(join(folder, 'privkey.pem')).mode & 0o777).toBe(0o600);
  });

  it('writes a configuration for localhost that stays on loopback', async () => {
    const file = join(temporaryFolder(), 'relay.yaml');
    await run(['config', 'init', file, '--self-signed', '--hostname', 'localhost']);
    expect(loadConfig(file, {}).listen).toEqual([{ scheme: 'tls', host: '127.0.0.1', port: 2855 }]);
  });

  it('never overwrites', async () => {
    const file = join(temporaryFolder({ 'relay.yaml': 'mine' }), 'relay.yaml');
    expect(await run(['config', 'init', file])).toEqual({
      status: 1,
      out: [],
      err: [`${file}: exists already and is not overwritten`],
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  it('never overwrites a key either, and then writes nothing', async () => {
    const folder = temporaryFolder({ 'privkey.pem': 'mine' });
    const { status, err } = await run(['config', 'init', join(folder, 'relay.yaml'), '--self-signed']);
    expect({ status, err }).toEqual({
      status: 1,
      err: [`${join(folder, 'privkey.pem')}: exists already and is not overwritten`],
    });
    expect(() => statSync(join(folder, 'relay.yaml'))).toThrow('ENOENT');
  });

  it('wants a real host name', async () => {
    const file = join(temporaryFolder(), 'relay.yaml');
    const { status, err } = await run(['config', 'init', file, '--hostname', '10.0.0.1']);
    expect(status).toBe(1);
    expect(err[0]).toContain('--hostname: expected a fully qualified DNS name');
  });
});
