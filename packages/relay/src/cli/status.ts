/** `msrp-relay status`: how a running relay is. */
import { statusSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions, duration, jsonOption, showJson, showTable } from './admin.ts';
import type { Command } from './command.ts';

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
      ]);
    }
    return 0;
  },
};
