/** `msrp-relay config schema`: for editors that complete and check YAML. */
import { configJsonSchema } from '../app/config-schema.ts';
import type { Command } from './command.ts';

/** The command. */
export const configSchema: Command = {
  name: 'config schema',
  summary: 'Prints the JSON Schema of configuration files.',
  async run(_, { terminal }) {
    terminal.out(JSON.stringify(configJsonSchema(), undefined, 2));
    return 0;
  },
};
