/** `msrp-relay config check`: everything that is wrong with a configuration, or that nothing is; and doubts about the machine. */
import { loadConfig } from '../app/config.ts';
import { bufferWarnings } from '../app/kernel-buffers.ts';
import { type Command, textOf } from './command.ts';

/** The command. */
export const configCheck: Command = {
  name: 'config check',
  summary: 'Checks a configuration file, and the certificate it names, as `serve` would.',
  arguments: [{ flags: '<file>', summary: 'configuration file (YAML)' }],
  async run({ file }, { terminal, environment, machine }) {
    const config = loadConfig(textOf(file), environment);
    for (const warning of bufferWarnings(config, machine)) terminal.err(`warning: ${warning}`);
    terminal.out(`${textOf(file)}: nothing is wrong with it`);
    return 0;
  },
};
