// Reads the regular expressions that clients of Varnish send: alternations of literal tags or
// hosts, and a path with `.*` at its end. No expression is compiled, and reading takes linear time.

/** The pattern that matches everything. */
const all = ".*";

/** Characters that have a meaning in a regular expression, unless a backslash precedes them. */
const special = /[\\^$|()[\]{}*+?]/;
const alphanumeric = /[0-9A-Za-z]/;

/** A wrapped Magento pattern has two levels. */
const depthMax = 4;

/** The names that a pattern matches, or `all`; `undefined` for a pattern of another form. */
export type Names = readonly string[] | "all" | undefined;

/** The anchors around a name. `paired`: with this start, the end is required. */
interface Anchors {
  readonly start: string;
  readonly ends: readonly string[];
  readonly paired?: string;
}

/**
 * Magento sends `((^|,)a(,|$))|((^|,)b(,|$))`, FOSHttpCache `(^|,)(a|b)(,|$)`, older versions
 * `(a|b)(,.+)?$`, and Drupal `a|b`.
 */
const ofTags: Anchors = { start: "(^|,)", ends: ["(,.+)?$"], paired: "(,|$)" };
/** FOSHttpCache sends `^(a|b)$`. */
const ofHosts: Anchors = { start: "^", ends: ["$"] };

/** Reads a pattern of tags. A tag contains no comma, because commas separate tags. */
export function tagsIn(pattern: string): Names {
  const tags = namesIn(pattern, ofTags);
  return typeof tags === "object" && tags.some((tag) => tag.includes(",")) ? undefined : tags;
}

/** Reads a pattern of hosts. */
export function hostsIn(pattern: string): Names {
  return namesIn(pattern, ofHosts);
}

export type PathPattern =
  | { readonly kind: "all" }
  /** A path, with its query if it has one; or the beginning of paths. */
  | { readonly kind: "path" | "prefix"; readonly path: string };

/**
 * Reads a pattern of paths: `^/a$` is a path, `^/a` and `^/a.*` are prefixes, and `/a.*` may match
 * any path.
 *
 * @returns `undefined` for a pattern of another form
 */
export function pathIn(pattern: string): PathPattern | undefined {
  const isAnchored = pattern.startsWith("^");
  const hasEnd = pattern.endsWith("$");
  const inner = pattern.slice(isAnchored ? 1 : 0, hasEnd ? -1 : undefined);
  const isOpen = inner.endsWith(all);
  const text = literal(isOpen ? inner.slice(0, -all.length) : inner);
  if (text === "" || text === "/") {
    if (isOpen || (isAnchored && !hasEnd)) return { kind: "all" };
  }
  if (text?.startsWith("/") !== true) return undefined;
  // Varnish matches a pattern without ^ anywhere in the path, such as /en/news/1 for /news/.*
  if (isOpen) return isAnchored ? { kind: "prefix", path: text } : { kind: "all" };
  return isAnchored ? { kind: hasEnd ? "path" : "prefix", path: text } : undefined;
}

function namesIn(pattern: string, anchors: Anchors): Names {
  if (pattern === all) return "all";
  const reader = new AlternationReader(pattern, anchors);
  const names = reader.alternation(0);
  return names !== undefined && reader.isAtEnd ? [...new Set(names)] : undefined;
}

/** Reads `part *("|" part)`, where a part is a literal or a group between optional anchors. */
class AlternationReader {
  readonly #text: string;
  readonly #anchors: Anchors;
  #at = 0;

  constructor(text: string, anchors: Anchors) {
    this.#text = text;
    this.#anchors = anchors;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  alternation(depth: number): string[] | undefined {
    const names: string[] = [];
    do {
      const part = depth > depthMax ? undefined : this.#part(depth);
      if (part === undefined) return undefined;
      for (const name of part) names.push(name);
    } while (this.#takes("|"));
    return names;
  }

  #part(depth: number): string[] | undefined {
    const { start, ends, paired } = this.#anchors;
    const isStarted = this.#takes(start);
    const names = this.#takes("(") ? this.#group(depth) : this.#literal();
    if (names === undefined) return undefined;
    if (isStarted && paired !== undefined) return this.#takes(paired) ? names : undefined;
    ends.some((end) => this.#takes(end));
    return names;
  }

  #group(depth: number): string[] | undefined {
    const names = this.alternation(depth + 1);
    return this.#takes(")") ? names : undefined;
  }

  #literal(): string[] | undefined {
    const from = this.#at;
    while (!this.isAtEnd) {
      const character = this.#text.charAt(this.#at);
      if (character !== "\\" && special.test(character)) break;
      this.#at += character === "\\" ? 2 : 1;
    }
    const name = literal(this.#text.slice(from, this.#at));
    return name === undefined || name === "" ? undefined : [name];
  }

  #takes(text: string): boolean {
    const isNext = this.#text.startsWith(text, this.#at);
    if (isNext) this.#at += text.length;
    return isNext;
  }
}

/**
 * Removes the escapes that PHP's `preg_quote` adds. An unescaped dot is a literal dot, because few
 * clients escape hosts and paths.
 *
 * @returns `undefined` if the text is not a literal
 */
function literal(text: string): string | undefined {
  let read = "";
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (character !== "\\") {
      if (special.test(character)) return undefined;
      read += character;
      continue;
    }
    at += 1;
    const escaped = text.charAt(at);
    // A backslash before a letter or a digit is a class or a code, such as `\d`.
    if (escaped === "" || alphanumeric.test(escaped)) return undefined;
    read += escaped;
  }
  return read;
}
