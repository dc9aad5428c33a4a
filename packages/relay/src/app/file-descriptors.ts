/** Whether the process may open as many files as the configuration lets in connections: each of them is one. */
import type { Config } from './config.ts';
import type { Machine } from './kernel-buffers.ts';

/** What a relay needs besides: listeners, user database, admin door, files while it reloads. */
const SPARE = 64;

/** One sentence, or none. @param config - of one process. */
export function descriptorWarnings({ limits }: Pick<Config, 'limits'>, { maxDescriptors }: Machine): string[] {
  const most = maxDescriptors?.();
  // As many may be opened by the relay itself.
  const wanted = 2 * limits.connections + SPARE;
  if (most === undefined || most >= wanted) return [];
  return [
    `this process may open ${most} files, and limits.connections (${limits.connections}) may want ${wanted}, half of them dialled: ` +
      'connections beyond that are dropped; raise LimitNOFILE of the service, or ulimit -n',
  ];
}
