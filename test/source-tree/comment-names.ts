// Finds names in comments that no code has, such as those that a rename has left behind.

const comments = /\/\*\*?[\s\S]*?\*\/|(?:^|\s)\/\/[^\n]*/g;

/** Matches single words in camel case or Pascal case. */
const looksLikeCode = /^(?:[a-z]+[A-Z]\w*|[A-Z][a-z]\w*)$/;

/** Names outside of this project's code: header fields, and members of runtimes and libraries. */
const elsewhere = new Set(
  "Cookie Host Link Range Via BlockList Cluster createClientPool createCluster groupBy".split(" "),
);

/**
 * Returns the words of a text's code. Excludes comments, and strings, which may contain old names.
 */
export function wordsOfCode(text: string): string[] {
  return (
    text
      .replaceAll(comments, " ")
      .replaceAll(/"[^"\n]*"/g, " ")
      .match(/\w+/g) ?? []
  );
}

/**
 * Returns one line for each name in a comment that is no word of the code.
 *
 * @param words all words of the project's code
 */
export function deadNames(path: string, text: string, words: ReadonlySet<string>): string[] {
  const written = (text.match(comments) ?? []).join(" ");
  const quoted = Array.from(written.matchAll(/`([^`\s]+)`/g), ([, name = ""]) => name);
  const names = quoted.flatMap((name) => name.replace(/\(\)$/, "").split(/\.|^#/));
  return [...new Set(names)]
    .filter((name) => looksLikeCode.test(name) && !words.has(name) && !elsewhere.has(name))
    .map((name) => `${path}: no code has the name ${name}`);
}
