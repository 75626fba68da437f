// What the runtimes say during a bench and what fails in it, counted by how it begins, whatever numbers
// are in it: a table is no place for it, and each of them is a finding.
const kindChars = 100;

export class RuntimeLog {
  #counts = new Map<string, { count: number; first: string }>();

  readonly note = (message: string): void => {
    const kind = message.replaceAll(/\d+/g, "0").slice(0, kindChars);
    const noted = this.#counts.get(kind) ?? { count: 0, first: message };
    noted.count += 1;
    this.#counts.set(kind, noted);
  };

  /** What was said since it was asked last, a line for each kind. */
  take(): string {
    const lines = Array.from(
      this.#counts.values(),
      ({ count, first }) => `  ${count} × ${first}\n`,
    );
    this.#counts = new Map();
    return lines.join("");
  }
}
