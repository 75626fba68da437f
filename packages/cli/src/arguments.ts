// What is refused of a command line before commander reads it: mistypings that it would take for something else.
// `--tag --dry-run` would purge the tag "--dry-run", and `-tag a` the tag "ag". Editors and chats make one long dash
// of two: `--reason —dry-run` would purge, too.
import type { Command, Option } from "commander";
import { usageError } from "./command-error.ts";

/** @throws CommandError for an option that stands in another's place, and for words behind one dash */
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

const what = "The command line is refused.";

function withoutValue(flag: string, value: string) {
  return usageError({
    what,
    why: `${flag} has no value: ${quoted(value)} begins with a dash.`,
    mend: flag.startsWith("--")
      ? `Write its value behind it. A value that begins with a dash is written ${flag}=VALUE.`
      : "Write its value behind it. A value that begins with a dash needs the long name, as --NAME=VALUE.",
  });
}

function behindOneDash(arg: string) {
  return usageError({
    what,
    why: `${quoted(arg)} has one dash and more than one letter.`,
    mend: "Write two dashes before the name of an option, and a space before its value.",
  });
}

/** Of `--name=value` the name alone, since the value may be a secret. */
function quoted(arg: string): string {
  return JSON.stringify(arg.replace(/=.*/s, "=…").slice(0, 80));
}
