/** Every command there is, in the order of `--help`. */
import type { BuildRelay } from '../app/running-relay.ts';
import type { Command } from './command.ts';
import { configCheck } from './config-check.ts';
import { configInit } from './config-init.ts';
import { configSchema } from './config-schema.ts';
import { listenCommand } from './listen.ts';
import { sendCommand } from './send.ts';
import { serveCommand } from './serve.ts';
import { userAdd } from './user-add.ts';
import { userList } from './user-list.ts';
import { userPasswd } from './user-passwd.ts';
import { userRemove } from './user-remove.ts';

/** The commands; `serve` builds its relays with `buildRelay`. */
export function commands(buildRelay: BuildRelay): readonly Command[] {
  return [
    serveCommand(buildRelay),
    configCheck,
    configSchema,
    configInit,
    userAdd,
    userList,
    userPasswd,
    userRemove,
    listenCommand,
    sendCommand,
  ];
}
