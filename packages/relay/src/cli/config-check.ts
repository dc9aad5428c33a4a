/** `msrp-relay config check`: everything that is wrong with a configuration, or that nothing is. */
import { loadConfig } from '../app/config.ts';
import { type Command, textOf } from './command.ts';

/** The command. */
export const configCheck: Command = {
  name: 'config check',
  summary: 'Checks a configuration file, and the certificate it names, as `serve` would.',
  arguments: [{ flags: '<file>', summary: 'configuration file (YAML)' }],
  async run({ file }, { terminal, environment }) {
    loadConfig(textOf(file), environment);
    terminal.out(`${textOf(file)}: nothing is wrong with it`);
    return 0;
  },
};
