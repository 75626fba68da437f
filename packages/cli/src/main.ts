// Runs the command, from its arguments to its exit code.
import { type Command, CommanderError, type Option } from "commander";
import { printable, printableJson } from "../../../local/printable.ts";
import { type Fault, faultOf, faultText } from "../../../src/protocol/fault.ts";
import { CommandError, failure, type ExitCode, exitCode, usageError } from "./command-error.ts";
import { makeProgram } from "./program.ts";
import { actIn } from "./session.ts";
import type { World } from "./world.ts";

/** Returns the exit code, and never rejects. Reports unexpected errors, with exit code 1. */
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
    return answer(cause, world);
  }
}

/** Applies the settings to a command and to its sub-commands, which do not inherit them. */
function settle(command: Command, world: World): void {
  command.exitOverride().configureOutput({
    writeOut: (text) => world.output.write(text),
    writeErr: (text) => world.notes.write(text),
    outputError: (text, write) => write(printableLines(withoutValues(text), world.args)),
    getOutHelpWidth: () => world.output.columns,
    getErrHelpWidth: () => world.notes.columns,
    getOutHasColors: () => false,
    getErrHasColors: () => false,
  });
  for (const one of command.commands) settle(one, world);
}

function answer(cause: unknown, world: World): ExitCode {
  if (cause instanceof CommanderError) return toldByCommander(cause, world);
  if (cause instanceof CommandError) {
    const { message, code, fault } = cause;
    toldAsJson({ code, ...fault }, world);
    world.notes.write(`${printable(message)}\n`);
    if (cause.cause !== undefined) debugged(cause.cause, world);
    return cause.exitCode;
  }
  const ofOperator = faultOf(cause);
  if (ofOperator !== undefined) return answer(failure(ofOperator, "failed", cause), world);
  const { name, message } =
    cause instanceof Error ? cause : { name: "Error", message: String(cause) };
  const fault = {
    what: `The command failed with ${name}.`,
    why: message,
    hint: "Set TIDEMARK_DEBUG=1 to print the stack.",
  };
  toldAsJson({ code: "failed", ...fault }, world);
  world.notes.write(`${printable(faultText(fault))}\n`);
  debugged(cause, world);
  return exitCode.failed;
}

/** Returns the exit code for an error whose message commander has already written. */
function toldByCommander({ exitCode: of, code, message }: CommanderError, world: World): ExitCode {
  if (of === 0) return exitCode.done;
  const text = withoutValues(message).replace(/^error: /, "");
  const why = code === "commander.help" ? "No command is specified." : text;
  const hint = "Run the command with --help for the list of commands and options.";
  toldAsJson({ code: "usage", what: "The command line is invalid.", why, hint }, world);
  return exitCode.usage;
}

function toldAsJson(error: Fault & { readonly code: string }, { args, output }: World): void {
  if (args.includes("--json")) output.write(`${printableJson(JSON.stringify({ error }))}\n`);
}

/** Prints the stack if TIDEMARK_DEBUG is set. */
function debugged(cause: unknown, { env, notes }: World): void {
  if (!env["TIDEMARK_DEBUG"]) return;
  const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
  // Indent the lines, so that none of them looks like the command's own output.
  for (const line of text.split("\n")) notes.write(`  ${printable(line)}\n`);
}

/** Keeps the line breaks of commander, but not the line breaks in arguments that commander quotes. */
function printableLines(text: string, args: readonly string[]): string {
  const values = args.flatMap((arg) => [arg, arg.slice(arg.indexOf("=") + 1)]);
  let shown = text;
  for (const value of values) shown = shown.replaceAll(value, () => printable(value));
  return shown.split("\n").map(printable).join("\n");
}

const unknownOption = /(unknown option '--?[^=:\s]*)[=:\s].*'/s;
const invalidOption = /^(error: option '[^']*') argument '.*' is invalid/s;
const invalidArgument = /^error: command-argument value '.*' is invalid for (argument '[^']*')/s;
const secretOption = /'--?[\w-]*(?:token|secret|password|auth|bearer)/i;

/**
 * Removes the values of options and arguments from a message of commander. A value may be a secret,
 * such as a cookie in `--header`, and CI keeps a log of the messages.
 */
function withoutValues(text: string): string {
  const namesAlone = text
    .replace(unknownOption, "$1…'")
    .replace(invalidOption, "$1 is invalid")
    .replace(invalidArgument, "error: $1 is invalid");
  if (!secretOption.test(namesAlone)) return namesAlone;
  return (
    `${namesAlone.trimEnd()}\nA token is never read from the command line: ` +
    "set TIDEMARK_TOKEN or TIDEMARK_TOKEN_FILE.\n"
  );
}

/**
 * @throws CommandError if an option is in the place of a required value, if the value is empty, as
 *   from an unset variable, or if several letters follow one dash
 */
function refuseMistyped(args: readonly string[], program: Command): void {
  let command = program;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--") return;
    const { flag, joined } = partsOf(arg);
    const option = optionOf(flag, command);
    if (option?.required === true) {
      if (joined === undefined) at += 1;
      const value = joined ?? args[at];
      if (value?.trim() === "") throw withEmptyValue(flag);
      if (joined === undefined && value !== undefined && isDashed(value)) {
        throw withoutValue(flag, value);
      }
    } else if (option === undefined && /^-[^-]./.test(arg)) {
      throw behindOneDash(arg);
    } else {
      command = subcommandOf(command, arg) ?? command;
    }
  }
}

/** Splits `--name=value`. */
function partsOf(arg: string): { readonly flag: string; readonly joined?: string } {
  const [, flag, joined] = /^(--[^=]+)=(.*)$/s.exec(arg) ?? [];
  return flag === undefined || joined === undefined ? { flag: arg } : { flag, joined };
}

function optionOf(flag: string, command: Command): Option | undefined {
  for (let one: Command | null = command; one !== null; one = one.parent) {
    const option = one.options.find(({ short, long }) => short === flag || long === flag);
    if (option !== undefined) return option;
  }
  return undefined;
}

function subcommandOf({ commands }: Command, word: string): Command | undefined {
  return commands.find((one) => one.name() === word || one.aliases().includes(word));
}

const dashes = "-\u2010-\u2015\u2212\ufe58\ufe63\uff0d";
const dashed = new RegExp(`^[${dashes}].`, "u");

const isDashed = (value: string) => dashed.test(value);

const what = "The command line is invalid.";

function withoutValue(flag: string, value: string) {
  return usageError({
    what,
    why: `${flag} has no value: ${quoted(value)} begins with a dash.`,
    hint: flag.startsWith("--")
      ? `Write the value after the option. If the value begins with a dash, write ${flag}=VALUE.`
      : "Write the value after the option. If the value begins with a dash, use the long name: --NAME=VALUE.",
  });
}

function withEmptyValue(flag: string) {
  return usageError({
    what,
    why: `The value of ${flag} is empty.`,
    hint: "Write a value, or omit the option. If the value is a variable of the shell, set it.",
  });
}

function behindOneDash(arg: string) {
  return usageError({
    what,
    why: `${quoted(arg)} has one dash before several letters.`,
    hint: "Write two dashes before the name of an option, and a space before its value.",
  });
}

/** Quotes the name at the beginning of an argument. Omits the rest, which may be a secret. */
function quoted(arg: string): string {
  return JSON.stringify(arg.replace(/([=:\s]).*/s, "$1…").slice(0, 80));
}
