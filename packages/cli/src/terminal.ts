// Writes results to stdout and all else to stderr. Only terminals get colors and questions.
import { type Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import { confirm, isCancel, type Option, select, text as askFor } from "@clack/prompts";
import { lineOf, type Part, printable, printableJson } from "../../../local/printable.ts";
import { interruption, usageError } from "./command-error.ts";
import type { Output, World } from "./world.ts";

/** The terminal options of all commands. */
export interface TerminalOptions {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly yes?: boolean;
}

/** The streams of a question, and the signal that ends it. */
interface Prompt {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

const clearLine = "\r\u001B[2K";

/** Writes lines. Text passes `printable` or is JSON, so all escape sequences are this class's own. */
export class Terminal {
  readonly isJson: boolean;
  readonly #world: World;
  readonly #options: TerminalOptions;

  constructor(world: World, options: TerminalOptions) {
    this.#world = world;
    this.#options = options;
    this.isJson = options.json === true;
  }

  /** Whether a person can see and answer questions. */
  get isInteractive(): boolean {
    return this.#world.notes.isTty && this.#world.input.isTTY === true;
  }

  /** Whether to show progress on stderr. */
  get showsProgress(): boolean {
    return this.#world.notes.isTty && !this.isJson;
  }

  /** Prints a line of the result for people; nothing with `--json`. */
  print(...parts: readonly Part[]): void {
    if (!this.isJson) this.#write(parts, this.#world.output);
  }

  /** Prints the lines of a text to stdout, with or without `--json`. */
  text(text: string): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.#write([line], this.#world.output);
  }

  /** Prints the result as one line of JSON; nothing without `--json`. */
  json(value: unknown): void {
    if (this.isJson) this.#world.output.write(`${printableJson(JSON.stringify(value))}\n`);
  }

  /** Prints a line to stderr. */
  note(...parts: readonly Part[]): void {
    this.#write(parts, this.#world.notes);
  }

  /** Replaces the progress line on stderr. Call it only if `showsProgress`. */
  overwrite(line: string): void {
    const { columns } = this.#world.notes;
    this.#world.notes.write(clearLine + printable(line).slice(0, columns - 1));
  }

  /**
   * Asks for confirmation of an action. `--yes` skips the question.
   *
   * @throws CommandError if nobody can answer, or the answer is no
   */
  async confirmed(question: string): Promise<void> {
    if (this.#options.yes === true) return;
    if (!this.isInteractive) {
      throw usageError({
        what: "Nothing was done.",
        why: `There is no terminal for the question: ${question}`,
        hint: "Pass --yes to confirm.",
      });
    }
    const message = printable(question);
    const isYes = await this.#answered<boolean>((where) =>
      confirm({ message, initialValue: false, ...where }),
    );
    if (!isYes) throw interruption("Nothing was done.", "The answer was no.");
  }

  /** Asks for a line of text. @throws CommandError on Ctrl-C */
  async asked(question: string, placeholder: string): Promise<string> {
    const message = printable(question);
    const answer = await this.#answered<string | undefined>((where) =>
      askFor({ message, placeholder, ...where }),
    );
    return answer ?? "";
  }

  /** Asks to choose an option. The first is the default. @throws CommandError on Ctrl-C */
  async chosen<Value extends string>(question: string, options: Option<Value>[]): Promise<Value> {
    const message = printable(question);
    return this.#answered<Value>((where) => select({ message, options, ...where }));
  }

  /**
   * Asks a question. Ctrl-D, the end of the input and signals also end the question, although the
   * library ignores them.
   */
  async #answered<Answer>(ask: (where: Prompt) => Promise<Answer | symbol>): Promise<Answer> {
    const { input, notes, interrupted } = this.#world;
    const ending = new AbortController();
    const end = () => ending.abort();
    const endAtCtrlD = (_: unknown, key?: { readonly ctrl?: boolean; readonly name?: string }) => {
      if (key?.ctrl === true && key.name === "d") end();
    };
    input.once("end", end).on("keypress", endAtCtrlD);
    try {
      const signal = AbortSignal.any([interrupted, ending.signal]);
      const answer = await ask({ input, output: streamOf(notes), signal });
      if (isCancel(answer)) throw interruption("Nothing was done.");
      return answer as Answer;
    } finally {
      input.off("end", end).off("keypress", endAtCtrlD);
    }
  }

  #write(parts: readonly Part[], to: Output): void {
    const hasColours = this.#hasColours(to.isTty);
    const line = lineOf(parts, (style, text) =>
      hasColours ? styleText(style, text, { validateStream: false }) : text,
    );
    to.write(`${line}\n`);
  }

  /** Follows https://no-color.org: any non-empty NO_COLOR turns colors off. */
  #hasColours(isTty: boolean): boolean {
    const { NO_COLOR, TERM } = this.#world.env;
    const isOff = (NO_COLOR ?? "") !== "" || TERM === "dumb" || this.#options.color === false;
    return isTty && !isOff && !this.isJson;
  }
}

function streamOf(notes: Output): Writable & { readonly columns: number } {
  const write = (chunk: Buffer, _: string, done: () => void) => {
    notes.write(chunk.toString());
    done();
  };
  return Object.assign(new Writable({ write }), { columns: notes.columns, isTTY: notes.isTty });
}

const widthMax = 120;

/**
 * @param rows the first one has the column heads
 * @param right the right-aligned columns, as for numbers
 * @returns a line for each row. A very long cell exceeds its column, because padding all rows to
 *   the length of a hostile site's cell could take gigabytes
 */
export function tableOf(
  rows: readonly (readonly string[])[],
  right: ReadonlySet<number> = new Set(),
): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries())
      widths[at] = Math.max(widths[at] ?? 0, Math.min(cell.length, widthMax));
  }
  return rows.map((row) =>
    row
      .map((cell, at) =>
        right.has(at) ? cell.padStart(widths[at] ?? 0) : cell.padEnd(widths[at] ?? 0),
      )
      .join("  ")
      .trimEnd(),
  );
}
