/** Command line to command: finds it, runs it, and turns what happens into an exit status. */
import { Command as CommanderCommand, CommanderError } from 'commander';
import { reason } from '../app/config-file.ts';
import { ConfigError } from '../app/config-place.ts';
import { AdminRefusal } from './admin-client.ts';
import { type Command, type CommandContext, type CommandValues, type ExitStatus, UsageError } from './command.ts';

interface Program {
  readonly version: string;
  readonly commands: readonly Command[];
}

/**
 * Runs the command that `words` name.
 *
 * @param words - the command line without the program's own name.
 */
export async function runProgram(
  program: Program,
  words: readonly string[],
  context: CommandContext,
): Promise<ExitStatus> {
  let status: ExitStatus = 0;
  const root = makeRoot(program, context);
  for (const command of program.commands) {
    const node = addCommand(root, command);
    node.action(async () => {
      status = await command.run(valuesOf(node), context);
    });
  }
  try {
    await root.parseAsync([...words], { from: 'user' });
    return status;
  } catch (error) {
    return statusOf(error, context);
  }
}

function makeRoot({ version }: Program, { terminal }: CommandContext): CommanderCommand {
  const withoutLineEnd = (text: string) => text.replace(/\n$/, '');
  return new CommanderCommand('msrp-relay')
    .description('An MSRP relay (RFC 4976)')
    .version(version)
    .exitOverride()
    .configureOutput({
      writeOut: (text) => terminal.out(withoutLineEnd(text)),
      writeErr: (text) => terminal.err(withoutLineEnd(text)),
    });
}

/** Settings of the root, such as where output goes, are inherited by what is added to it. */
function addCommand(
  root: CommanderCommand,
  { name, summary, arguments: positions = [], options = [] }: Command,
): CommanderCommand {
  const words = name.split(' ');
  const last = words.pop() ?? name;
  let parent = root;
  for (const word of words) {
    parent =
      parent.commands.find((known) => known.name() === word) ??
      parent.command(word).description(`Commands about the ${word}`);
  }
  const node = parent.command(last).description(summary);
  for (const position of positions) node.argument(position.flags, position.summary);
  for (const option of options) node.option(option.flags, option.summary);
  return node;
}

function valuesOf(node: CommanderCommand): CommandValues {
  const positions = node.registeredArguments.map((position, at): [string, string | undefined] => [
    position.name(),
    node.args[at],
  ]);
  return { ...node.opts<CommandValues>(), ...Object.fromEntries(positions) };
}

function statusOf(error: unknown, { terminal }: CommandContext): ExitStatus {
  // Commander has said already what is wrong, or has shown what was asked for.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const hasSeveral = error instanceof ConfigError || error instanceof AdminRefusal;
  const sentences = hasSeveral ? error.problems : [reason(error)];
  for (const sentence of sentences) terminal.err(sentence);
  return error instanceof UsageError ? 2 : 1;
}
