// Counts the runtimes' messages and errors during a bench. Messages that differ only in numbers, or
// after the first 100 characters, are one kind.
const kindChars = 100;

export class RuntimeLog {
  #counts = new Map<string, { count: number; first: string }>();

  readonly note = (message: string): void => {
    const kind = message.replaceAll(/\d+/g, "0").slice(0, kindChars);
    const noted = this.#counts.get(kind) ?? { count: 0, first: message };
    noted.count += 1;
    this.#counts.set(kind, noted);
  };

  /** Returns the messages since the last call, with a line for each kind. */
  take(): string {
    const lines = Array.from(
      this.#counts.values(),
      ({ count, first }) => `  ${count} × ${first}\n`,
    );
    this.#counts = new Map();
    return lines.join("");
  }
}
