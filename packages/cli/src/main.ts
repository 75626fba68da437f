// A run of the command, from its arguments to its exit code.
import { CommanderError } from "commander";
import { CommandError } from "./command-error.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { makeProgram } from "./program.ts";
import { actIn } from "./session.ts";
import type { World } from "./world.ts";

/** Never rejects: what nobody foresaw is told, and is exit code 1. */
export async function main(world: World): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const program = makeProgram(
    actIn(world, (ended) => {
      code = ended;
    }),
  );
  // Sub-commands were made before, and each has settings of its own.
  for (const command of [
    program,
    ...program.commands,
    ...program.commands.flatMap(({ commands }) => commands),
  ]) {
    command.exitOverride().configureOutput({
      writeOut: (text) => world.output.write(text),
      writeErr: (text) => world.notes.write(text),
      outputError: (text, write) => write(withoutToken(text)),
      getOutHelpWidth: () => world.output.columns,
      getErrHelpWidth: () => world.notes.columns,
      getOutHasColors: () => false,
      getErrHasColors: () => false,
    });
  }
  try {
    await program.parseAsync(world.args, { from: "user" });
    return code;
  } catch (cause) {
    return told(cause, world);
  }
}

function told(cause: unknown, world: World): ExitCode {
  // Commander has told it already.
  if (cause instanceof CommanderError) return cause.exitCode === 0 ? exitCode.done : exitCode.usage;
  const isJson = world.args.includes("--json");
  if (cause instanceof CommandError) {
    const { message, code, fault } = cause;
    if (isJson) world.output.write(`${JSON.stringify({ error: { code, ...fault } })}\n`);
    world.notes.write(`${message}\n`);
    return cause.exitCode;
  }
  const { name, message } =
    cause instanceof Error ? cause : { name: "Error", message: String(cause) };
  world.notes.write(`The command failed with ${name}: ${message}\n`);
  return exitCode.failed;
}

const tokenOption = /('--?token)[^']*'/;

/** A token on the command line is in the shell's history already; it shall not be in a log as well. */
function withoutToken(text: string): string {
  if (!tokenOption.test(text)) return text;
  return (
    text.replace(tokenOption, "$1'") +
    "A token is never read from the command line: set TIDEMARK_TOKEN, or run tidemark profile set NAME --site URL.\n"
  );
}
