// Normalizes JSON for keys: removes white space, and sorts members. Strings and numbers keep their
// text, because parsed values would be equal for different numbers, such as 2^53 and 2^53 + 1.
import { repeatedName, tokensIn } from "../../base/json-text.ts";

/** Deeper nested JSON keeps its bytes. */
const depthMax = 64;

/**
 * Returns the normalized text of JSON (RFC 8259). Two texts with equal results have the same values,
 * and differ only in white space and in the order of members.
 *
 * @returns `undefined` if the bytes are not strict UTF-8 or JSON, begin with a byte order mark, have
 *   an object with two members of one name, or are nested too deeply
 */
export function jsonForm(bytes: Uint8Array): string | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    // Throws for invalid JSON, so that the tokens need no checks.
    JSON.parse(text);
    const tokens = tokensIn(text);
    return repeatedName(tokens) === undefined ? new Former(tokens).value(0) : undefined;
  } catch {
    return undefined;
  }
}

class Former {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  /** @throws RangeError for JSON that keeps its bytes */
  value(depth: number): string {
    if (depth > depthMax) throw new RangeError("too deep");
    const first = this.#next();
    if (first === "[") return `[${this.#items("]", () => this.value(depth + 1)).join(",")}]`;
    if (first !== "{") return first;
    const members = this.#items("}", () => {
      const name = this.#next();
      this.#next();
      return `${name}:${this.value(depth + 1)}`;
    });
    return `{${members.sort().join(",")}}`;
  }

  #items(end: string, item: () => string): string[] {
    const items: string[] = [];
    if (this.#tokens[this.#at] === end) {
      this.#at += 1;
      return items;
    }
    do items.push(item());
    while (this.#next() === ",");
    return items;
  }

  #next(): string {
    const next = this.#tokens[this.#at] ?? "";
    this.#at += 1;
    return next;
  }
}
