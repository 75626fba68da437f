// A run of the command, from its arguments to its exit code.
import { type Command, CommanderError } from "commander";
import { type Fault, faultOf, faultText } from "../../../src/operator-error.ts";
import { refuseMistyped } from "./arguments.ts";
import { CommandError, failure } from "./command-error.ts";
import { type ExitCode, exitCode } from "./exit-code.ts";
import { makeProgram } from "./program.ts";
import { actIn } from "./session.ts";
import { escapedJson, withoutControls } from "./terminal/control-characters.ts";
import { OutputClosed, type World } from "./world.ts";

/** Never rejects: what nobody foresaw is told, and is exit code 1. */
export async function main(world: World): Promise<ExitCode> {
  let code: ExitCode = exitCode.done;
  const program = makeProgram(
    actIn(world, (ended) => {
      code = ended;
    }),
  );
  settle(program, world);
  try {
    refuseMistyped(world.args, program);
    await program.parseAsync(world.args, { from: "user" });
    return code;
  } catch (cause) {
    return told(cause, world);
  }
}

/** A sub-command was made before, and has settings of its own. */
function settle(command: Command, world: World): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => world.output.write(text),
    writeErr: (text) => world.notes.write(text),
    outputError: (text, write) => write(withoutControls(withoutToken(text))),
    getOutHelpWidth: () => world.output.columns,
    getErrHelpWidth: () => world.notes.columns,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const one of command.commands) settle(one, world);
}

function told(cause: unknown, world: World): ExitCode {
  if (cause instanceof CommanderError) return toldByCommander(cause, world);
  if (cause instanceof CommandError) {
    const { message, code, fault } = cause;
    const isUnread = code === "interrupted" && world.interrupted.reason instanceof OutputClosed;
    if (isUnread) return exitCode.outputClosed;
    toldAsJson({ code, ...fault }, world);
    world.notes.write(`${withoutControls(message)}\n`);
    if (cause.cause !== undefined) debugged(cause.cause, world);
    return cause.exitCode;
  }
  const ofOperator = faultOf(cause);
  if (ofOperator !== undefined) return told(failure(ofOperator, "failed", cause), world);
  const { name, message } =
    cause instanceof Error ? cause : { name: "Error", message: String(cause) };
  const fault = {
    what: `The command failed with ${name}.`,
    why: message,
    mend: "Set TIDEMARK_DEBUG=1 to see where.",
  };
  toldAsJson({ code: "failed", ...fault }, world);
  world.notes.write(`${withoutControls(faultText(fault))}\n`);
  debugged(cause, world);
  return exitCode.failed;
}

/** It has written its text already. */
function toldByCommander({ exitCode: of, code, message }: CommanderError, world: World): ExitCode {
  if (of === 0) return exitCode.done;
  const said = withoutToken(message).replace(/^error: /, "");
  const why = code === "commander.help" ? "No command is named." : said;
  const mend = "Run it with --help to see what there is.";
  toldAsJson({ code: "usage", what: "The command line is refused.", why, mend }, world);
  return exitCode.usage;
}

function toldAsJson(error: Fault & { readonly code: string }, { args, output }: World): void {
  if (args.includes("--json")) output.write(`${escapedJson(JSON.stringify({ error }))}\n`);
}

/** For those who mend the command itself. */
function debugged(cause: unknown, { env, notes }: World): void {
  if (!env["TIDEMARK_DEBUG"]) return;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  notes.write(`${withoutControls(text)}\n`);
}

const unknownOption = /(unknown option '--?[^=']*)=.*'/s;
const secretOption = /'--?[\w-]*(?:token|secret|password|auth|bearer)/i;

/** A token on the command line is in the shell's history already; it shall not be in a log as well. */
function withoutToken(text: string): string {
  const nameAlone = text.replace(unknownOption, "$1'");
  if (!secretOption.test(nameAlone)) return nameAlone;
  return (
    `${nameAlone.trimEnd()}\nA token is never read from the command line: ` +
    "set TIDEMARK_TOKEN, or run tidemark profile set NAME --site URL.\n"
  );
}
