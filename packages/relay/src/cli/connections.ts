/** `msrp-relay connections`, `close`: who is connected to a running relay, and no more. */
import { connectionSchema, pageSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions, duration, jsonOption, pathTo, showJson, showTable } from './admin.ts';
import { type Command, textOf } from './command.ts';

/** The command `connections`. */
export const connectionsCommand: Command = {
  name: 'connections',
  summary: 'Lists the connections of a running relay.',
  options: [...adminOptions, jsonOption],
  async run(values, context) {
    const connections = await adminClient(values, context).all('/v1/connections', pageSchema(connectionSchema));
    if (values.json === true) showJson(context.terminal, connections);
    else {
      const heads = [
        'CONNECTION',
        'KIND',
        'ADDRESS',
        'STATE',
        'AGE',
        'IN',
        'OUT',
        'QUEUED',
        'OPEN',
        'SESSIONS',
        'USERS',
      ];
      const rows = connections.map((connection) => [
        ...[connection.id, `${connection.direction} ${connection.transport}`, connection.address],
        connection.paused === null ? connection.state : `paused (${connection.paused})`,
        ...[duration(connection.ageSeconds), connection.octetsIn, connection.octetsOut, connection.queuedOctets],
        ...[connection.openTransactions, connection.sessions],
        connection.users.length === 0 ? null : connection.users.join(' '),
      ]);
      showTable(context.terminal, heads, rows);
    }
    return 0;
  },
};

/** The command `close`. */
export const closeCommand: Command = {
  name: 'close',
  summary: 'Closes one connection; the sessions of its client end with it.',
  arguments: [{ flags: '<connection>', summary: 'number of the connection, as `connections` shows it' }],
  options: adminOptions,
  async run(values, context) {
    const connection = textOf(values.connection) ?? '';
    await adminClient(values, context).tell('DELETE', pathTo('connections', connection));
    context.terminal.out(`closed ${connection}`);
    return 0;
  },
};
