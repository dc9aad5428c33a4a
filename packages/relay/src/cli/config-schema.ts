/** `msrp-relay config schema`: for editors that complete and check YAML. */
import { annotatedJsonSchema } from '../app/config-environment.ts';
import type { Command } from './command.ts';

/** The command. */
export const configSchema: Command = {
  name: 'config schema',
  summary: 'Prints the JSON Schema of configuration files.',
  async run(_, { terminal }) {
    terminal.out(JSON.stringify(annotatedJsonSchema(), undefined, 2));
    return 0;
  },
};
