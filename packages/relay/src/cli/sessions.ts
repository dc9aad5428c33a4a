/** `msrp-relay sessions`, `end`: who has what at a running relay, and no more. */
import { pageSchema, sessionSchema } from '../admin/schemas.ts';
import { adminClient, adminOptions, duration, jsonOption, pathTo, showJson, showTable } from './admin.ts';
import { type Command, type Described, textOf } from './command.ts';

/** The session that a command is about. */
export const sessionArgument: readonly Described[] = [
  { flags: '<session>', summary: 'hash of the session, as `sessions` and the log show it' },
];

/** The command `sessions`. */
export const sessionsCommand: Command = {
  name: 'sessions',
  summary: 'Lists the sessions of a running relay.',
  options: [{ flags: '--user <name>', summary: 'only those of one user' }, ...adminOptions, jsonOption],
  async run(values, context) {
    const user = textOf(values.user);
    const query = user === undefined ? '' : `?user=${encodeURIComponent(user)}`;
    const sessions = await adminClient(values, context).all(`/v1/sessions${query}`, pageSchema(sessionSchema));
    if (values.json === true) showJson(context.terminal, sessions);
    else {
      const heads = [
        'SESSION',
        'USER',
        'STATE',
        'CONNECTION',
        'FROM',
        'AGE',
        'LEFT',
        'TO CLIENT',
        'FROM CLIENT',
        'QUEUED',
      ];
      const rows = sessions.map((session) => [
        ...[session.id, session.user, session.state, session.connection, session.address ?? session.relay],
        ...[duration(session.ageSeconds), duration(session.expiresInSeconds)],
        ...[session.octetsToClient, session.octetsFromClient, session.queuedOctets],
      ]);
      showTable(context.terminal, heads, rows);
    }
    return 0;
  },
};

/** The command `end`. */
export const endCommand: Command = {
  name: 'end',
  summary: 'Ends one session; what waits for its client is reported to the senders.',
  arguments: sessionArgument,
  options: adminOptions,
  async run(values, context) {
    const session = textOf(values.session) ?? '';
    await adminClient(values, context).tell('DELETE', pathTo('sessions', session));
    context.terminal.out(`ended ${session}`);
    return 0;
  },
};
