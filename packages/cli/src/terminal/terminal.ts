// What a run says: results on stdout, all else on stderr; colours and questions for people only.
import type { Readable, Writable } from "node:stream";
import { styleText } from "node:util";
import { confirm, isCancel, password } from "@clack/prompts";
import { lineOf, type Part, printable, printableJson } from "../../../../local/printable.ts";
import { interruption, usageError } from "../command-error.ts";
import type { Output, World } from "../world.ts";
import { streamOf } from "./note-stream.ts";

/** What the options of every command say of the terminal. */
export interface TerminalOptions {
  readonly json?: boolean;
  readonly color?: boolean;
  readonly yes?: boolean;
}

/** Where a question is put, and what ends it. */
interface Asking {
  readonly input: Readable;
  readonly output: Writable;
  readonly signal: AbortSignal;
}

const clearLine = "\r\u001B[2K";

/** Every line passes `printable`: the styles of its parts are the only escape sequences in it. */
export class Terminal {
  readonly isJson: boolean;
  readonly #world: World;
  readonly #options: TerminalOptions;

  constructor(world: World, options: TerminalOptions) {
    this.#world = world;
    this.#options = options;
    this.isJson = options.json === true;
  }

  /** Are there people who read stderr, and can answer? */
  get isInteractive(): boolean {
    return this.#world.notes.isTty && this.#world.input.isTTY === true;
  }

  /** Is progress shown? Then it stands on stderr. */
  get showsProgress(): boolean {
    return this.#world.notes.isTty && !this.isJson;
  }

  /** A line of the result, for people; nothing with `--json`. */
  print(...parts: readonly Part[]): void {
    if (!this.isJson) this.#write(parts, this.#world.output);
  }

  /** The lines of a text on stdout, whatever `--json` says. */
  text(text: string): void {
    for (const line of text.replace(/\n$/, "").split("\n")) this.#write([line], this.#world.output);
  }

  /** The result as JSON, a line of it; nothing without `--json`. */
  json(value: unknown): void {
    if (this.isJson) this.#world.output.write(`${printableJson(JSON.stringify(value))}\n`);
  }

  /** A line on stderr. */
  note(...parts: readonly Part[]): void {
    this.#write(parts, this.#world.notes);
  }

  /** A line of progress on stderr, in the place of the one before. It needs `showsProgress`. */
  overwrite(line: string): void {
    const { columns } = this.#world.notes;
    this.#world.notes.write(clearLine + printable(line).slice(0, columns - 1));
  }

  /**
   * Asks before something that cannot be undone. `--yes` answers.
   *
   * @throws CommandError where nobody can answer, or the answer is no
   */
  async confirmed(question: string): Promise<void> {
    if (this.#options.yes === true) return;
    if (!this.isInteractive) {
      throw usageError({
        what: "Nothing was done.",
        why: `Nobody can be asked here: ${question}`,
        mend: "Say --yes if you want it.",
      });
    }
    const message = printable(question);
    const isYes = await this.#answered<boolean>((where) =>
      confirm({ message, initialValue: false, ...where }),
    );
    if (!isYes) throw interruption("Nothing was done.", "The answer was no.");
  }

  /** Asks for a secret, which is not shown. @throws CommandError at Ctrl-C */
  async secret(question: string): Promise<string> {
    const message = printable(question);
    return this.#answered<string>((where) => password({ message, ...where }));
  }

  /** A question ends with Ctrl-D and with a signal, too: left to itself it would stay open. */
  async #answered<Answer>(ask: (where: Asking) => Promise<Answer | symbol>): Promise<Answer> {
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

  /** By https://no-color.org: any value of NO_COLOR but an empty one. */
  #hasColours(isTty: boolean): boolean {
    const { NO_COLOR, TERM } = this.#world.env;
    const isOff = (NO_COLOR ?? "") !== "" || TERM === "dumb" || this.#options.color === false;
    return isTty && !isOff && !this.isJson;
  }
}
