/** `msrp-relay config init`: a configuration to start from. */
import { initConfig } from '../app/starter-config.ts';
import { type Command, textOf } from './command.ts';

/** The command. */
export const configInit: Command = {
  name: 'config init',
  summary: 'Writes a commented configuration to start from. Existing files are never overwritten.',
  arguments: [{ flags: '[file]', summary: 'where to write it (default: msrp-relay.yaml)' }],
  options: [
    { flags: '--hostname <name>', summary: 'name of the relay (default: relay.example.org)' },
    { flags: '--self-signed', summary: 'also make a self-signed certificate beside it, for a first try' },
  ],
  async run({ file, hostname, selfSigned }, { terminal }) {
    const written = await initConfig({
      file: textOf(file) ?? 'msrp-relay.yaml',
      hostname: textOf(hostname) ?? 'relay.example.org',
      selfSigned: selfSigned === true,
    });
    for (const path of written) terminal.out(`written ${path}`);
    return 0;
  },
};
