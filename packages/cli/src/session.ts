// The context of one command: its terminal and its site.
import { type Command, InvalidArgumentError } from "commander";
import type { ExitCode } from "./command-error.ts";
import { chosenSite, type SiteOptions } from "./site/chosen-site.ts";
import { SiteClient } from "./site/site-client.ts";
import { Terminal, type TerminalOptions } from "./terminal.ts";
import type { World } from "./world.ts";

/** The options of all commands. */
export type GlobalOptions = SiteOptions & TerminalOptions;

export class Session {
  readonly world: World;
  readonly terminal: Terminal;
  readonly #options: GlobalOptions;

  constructor(world: World, options: GlobalOptions) {
    this.world = world;
    this.terminal = new Terminal(world, options);
    this.#options = options;
  }

  /** Returns the site of the command. @throws CommandError if none is specified */
  chosenSite() {
    return chosenSite(this.#options, this.world);
  }

  async client(): Promise<SiteClient> {
    return new SiteClient(await this.chosenSite(), this.world);
  }
}

/** @param words the arguments without options */
type Run<Options> = (
  session: Session,
  options: Options & GlobalOptions,
  words: readonly string[],
) => Promise<ExitCode>;

/** Wraps a command's function for commander. */
export type Action = <Options>(run: Run<Options>) => (...given: unknown[]) => Promise<void>;

/** Adds one command to the program. */
export type AddCommand = (program: Command, act: Action) => void;

export function actIn(world: World, ended: (code: ExitCode) => void): Action {
  return (run) =>
    async (...given) => {
      const command = given.at(-1) as Command;
      const options = command.optsWithGlobals();
      const words = command.args;
      ended(await run(new Session(world, options), options as never, words));
    };
}

/** Parses a repeatable option. */
export function repeated(value: string, before: readonly string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** A request field, with its name in lower case. */
export type Field = readonly [name: string, value: string];

/** Parses a repeatable field such as "Accept-Language: de". */
export function headerField(text: string, before: readonly Field[] | undefined): Field[] {
  const at = text.indexOf(":");
  const [name, value] = [text.slice(0, at).trim().toLowerCase(), text.slice(at + 1).trim()];
  try {
    if (at <= 0) throw new TypeError();
    void new Headers([[name, value]]);
  } catch {
    throw new InvalidArgumentError('Write it like "Accept-Language: de".');
  }
  return [...(before ?? []), [name, value]];
}

/** Parses an http or https URL, or a path of the site. */
export function urlOrPath(text: string): string {
  if (text.startsWith("/") || /^https?:\/\/[^/]/i.test(text)) return text;
  throw new InvalidArgumentError("Write a path that begins with /, or a URL with https://.");
}

/** Parses a repeatable option of URLs or paths. */
export function repeatedUrl(value: string, before: readonly string[] | undefined): string[] {
  return repeated(urlOrPath(value), before);
}

/** Returns a parser for whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most: number): (value: string) => number {
  return (value) => {
    const number = Number(value);
    if (/^\d{1,15}$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
