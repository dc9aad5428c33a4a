/** `msrp-relay drain` and `reload`: what SIGTERM and SIGHUP do, with an answer. */
import { drainSchema, reloadSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions } from './admin.ts';
import { type Command, textOf, UsageError } from './command.ts';

/** The command `drain`. */
export const drainCommand: Command = {
  name: 'drain',
  summary: 'Lets a running relay take nothing new, settle what is open, and end.',
  options: [
    { flags: '--deadline-ms <ms>', summary: 'how long that may take (default: timers.drainMs of the relay)' },
    ...adminOptions,
  ],
  async run(values, context) {
    const wish = textOf(values.deadlineMs);
    if (wish !== undefined && !/^\d{1,9}$/.test(wish)) {
      throw new UsageError('--deadline-ms: expected a whole number of milliseconds');
    }
    const query = wish === undefined ? '' : `?deadlineMs=${wish}`;
    const { deadlineMs } = await adminClient(values, context).ask('POST', `/v1/drain${query}`, drainSchema);
    context.terminal.out(`draining, for ${deadlineMs} ms at most`);
    return 0;
  },
};

/** The command `reload`. */
export const reloadCommand: Command = {
  name: 'reload',
  summary: 'Lets a running relay read configuration, certificates and credentials again.',
  options: adminOptions,
  async run(values, context) {
    const { needsRestart } = await adminClient(values, context).ask('POST', '/v1/reload', reloadSchema);
    context.terminal.out('reloaded');
    if (needsRestart.length > 0) context.terminal.out(`a restart is needed for: ${needsRestart.join(', ')}`);
    return 0;
  },
};
