// Rejects mistyped command lines that commander accepts. Commander reads `--tag --dry-run` as the
// tag "--dry-run", and `-tag a` as the tag "ag". Also rejects `--reason —dry-run`, because editors
// and chats turn two dashes into one long dash.
import type { Command, Option } from "commander";
import { usageError } from "./command-error.ts";

/**
 * @throws CommandError if an option is in the place of a required value, or if several letters
 *   follow one dash
 */
export function refuseMistyped(args: readonly string[], program: Command): void {
  let command = program;
  for (let at = 0; at < args.length; at += 1) {
    const arg = args[at] ?? "";
    if (arg === "--") return;
    const option = optionOf(arg, command);
    if (option?.required === true) {
      at += 1;
      const value = args[at];
      if (value !== undefined && isDashed(value)) throw withoutValue(arg, value);
    } else if (option === undefined && /^-[^-]./.test(arg)) {
      throw behindOneDash(arg);
    } else {
      command = subcommandOf(command, arg) ?? command;
    }
  }
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

function behindOneDash(arg: string) {
  return usageError({
    what,
    why: `${quoted(arg)} has one dash before several letters.`,
    hint: "Write two dashes before the name of an option, and a space before its value.",
  });
}

/** Quotes an argument. Omits the value of `--name=value`, which may be a secret. */
function quoted(arg: string): string {
  return JSON.stringify(arg.replace(/=.*/s, "=…").slice(0, 80));
}
