/** Every command there is, in the order of `--help`. */
import type { BuildRelay } from '../app/running-relay.ts';
import { blockCommands, blockList } from './block.ts';
import type { Command } from './command.ts';
import { configCheck } from './config-check.ts';
import { configInit } from './config-init.ts';
import { configSchema } from './config-schema.ts';
import { closeCommand, connectionsCommand } from './connections.ts';
import { drainCommand, reloadCommand } from './drain.ts';
import { listenCommand } from './listen.ts';
import { sendCommand } from './send.ts';
import { serveCommand } from './serve.ts';
import { endCommand, sessionsCommand } from './sessions.ts';
import { statusCommand } from './status.ts';
import { traceCommand } from './trace.ts';
import { userAdd } from './user-add.ts';
import { userList } from './user-list.ts';
import { userPasswd } from './user-passwd.ts';
import { userRemove } from './user-remove.ts';

/** The commands; `serve` builds its relays with `buildRelay`. */
export function commands(buildRelay: BuildRelay): readonly Command[] {
  return [
    serveCommand(buildRelay),
    ...[configCheck, configSchema, configInit],
    ...[userAdd, userList, userPasswd, userRemove],
    ...[statusCommand, sessionsCommand, connectionsCommand, traceCommand, endCommand, closeCommand],
    ...[blockList, ...blockCommands, drainCommand, reloadCommand],
    ...[listenCommand, sendCommand],
  ];
}
