/** `msrp-relay status`: how a running relay is. */
import type { z } from 'zod';
import { statusSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions, duration, jsonOption, showJson, showTable } from './admin.ts';
import type { Command } from './command.ts';

type Worker = z.infer<typeof statusSchema>['workers'][number];

function rowOfWorker({ owner, state, pid, uptimeSeconds, restarts }: Worker): string[] {
  const process = pid === null ? '' : `, pid ${pid}, up for ${duration(uptimeSeconds)}`;
  return [`worker ${owner}`, `${state}${process}, restarts ${restarts}`];
}

/** The command. */
export const statusCommand: Command = {
  name: 'status',
  summary: 'Says how a running relay is.',
  options: [...adminOptions, jsonOption],
  async run(values, context) {
    const status = await adminClient(values, context).ask('GET', '/v1/status', statusSchema);
    const { terminal } = context;
    if (values.json === true) showJson(terminal, status);
    else {
      showTable(terminal, undefined, [
        ['state', status.state],
        ['version', status.version],
        ['up for', duration(status.uptimeSeconds)],
        ['listening', status.listening.join(' ')],
        ['connections', status.connections],
        ['sessions', status.sessions],
        ['open transactions', status.openTransactions],
        ['queued octets', status.queuedOctets],
        ['memory held', `${status.memoryHeldOctets} of ${status.memoryBudgetOctets} octets`],
        ['blocked', status.blocks],
        ...status.workers.map(rowOfWorker),
      ]);
    }
    return 0;
  },
};
