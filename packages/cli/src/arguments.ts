// Rejects mistyped command lines that commander accepts. Commander reads `--tag --dry-run` as the
// tag "--dry-run", `-tag a` as the tag "ag", and `--tag=` as an empty tag. Also rejects
// `--reason —dry-run`, because editors and chats turn two dashes into one long dash.
import type { Command, Option } from "commander";
import { usageError } from "./command-error.ts";

/**
 * @throws CommandError if an option is in the place of a required value, if the value is empty, as
 *   from an unset variable, or if several letters follow one dash
 */
export function refuseMistyped(args: readonly string[], program: Command): void {
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
