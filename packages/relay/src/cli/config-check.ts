/** `msrp-relay config check`: everything that is wrong with a configuration, or that nothing is; and doubts about the machine. */
import { loadConfig } from '../app/config.ts';
import { descriptorWarnings } from '../app/file-descriptors.ts';
import { bufferWarnings } from '../app/kernel-buffers.ts';
import { shareOf } from '../app/worker-share.ts';
import { type Command, textOf } from './command.ts';

/** The command. */
export const configCheck: Command = {
  name: 'config check',
  summary: 'Checks a configuration file, and the certificate it names, as `serve` would.',
  arguments: [{ flags: '<file>', summary: 'configuration file (YAML)' }],
  async run({ file }, { terminal, environment, machine }) {
    const config = loadConfig(textOf(file), environment);
    const warnings = [...bufferWarnings(config, machine), ...descriptorWarnings(shareOf(config), machine)];
    for (const warning of warnings) terminal.err(`warning: ${warning}`);
    terminal.out(`${textOf(file)}: nothing is wrong with it`);
    return 0;
  },
};
