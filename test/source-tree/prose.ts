// Finds names and comments that CONTRIBUTING.md rules out. Each breach is one line.

/** Participles say what happened to a value. A type's name says what the value is. */
const participles =
  /^(?:.*(?:[a-z]ed|[a-z]ing)|Led|Sought|Told|Fresh|Found|Given|Held|Kept|Known|Left|Made|Met|Seen|Shown|Written|Come|Came)$/;

/** Words that end like participles and are nouns, or names of errors. */
const nouns = new Set(
  [
    "D1Binding Encoding Feed Finding Handling Mapping Need Reading Running Seed String Timing Warning".split(
      " ",
    ),
    "Caching LoadFailed NotAccepted NotJoined OutputClosed Stripping".split(" "),
  ].flat(),
);

/** Words that the glossary replaces, with their replacements. */
const replaced: ReadonlyMap<string, string> = new Map([
  ["afresh", "again"],
  ["followers?", "a collapsed request, or a waiting call"],
  ["heed", "apply"],
  ["leases?", "a lock"],
  ["mend", "fix, or hint"],
  ["patience", "wait timeout"],
  ["stand-ins?", "a stale response, or a fallback origin"],
  ["substitutes?", "a fallback origin"],
  ["whence", "from which"],
  ["whoever", "the client, the operator or the caller"],
]);

/** Identifiers of such words. */
const identifiers = /\b(?:leases?|\w*(?:Leases?|[Ff]ollowers?|[Ss]tandIns?|[Ss]ubstitutes?))\b/g;

/** Verbs that are not allowed as names of variables and properties. A name says what a value is. */
const verbs =
  /\b(?:const|let)\s+(told|came|went|sought)\b|(?:^|[({,])\s*(?:readonly\s+)?#?(told|came|went|sought)\??\s*:/gm;

const declared = /\b(?:interface|type|class)\s+([A-Z]\w*)/g;
const comments = /\/\*\*?[\s\S]*?\*\/|(?:^|\s)\/\/[^\n]*/g;
const docstring = /\/\*\*\s*(?:\*\s*)?(Of|What|So|That)\b/g;

/** @returns one line for each breach, in the order of the text */
export function proseBreaches(path: string, text: string): string[] {
  const bare = text.replaceAll(comments, " ");
  const names = [...bare.matchAll(declared)].flatMap(([, name = ""]) => {
    const last = /[A-Z][a-z0-9]*$/.exec(name)?.[0] ?? name;
    const isFine = nouns.has(name) || nouns.has(last) || !participles.test(name);
    return isFine ? [] : [`${path}: the type ${name} is named by a participle`];
  });
  const values = [...bare.matchAll(verbs)].map(
    ([, variable, member]) => `${path}: "${variable ?? member}" names no value; use a noun`,
  );
  const openings = [...text.matchAll(docstring)].map(
    ([, word]) => `${path}: a docstring begins with "${word}"`,
  );
  const written = (text.match(comments) ?? []).join(" ").toLowerCase();
  const words = [...replaced].flatMap(([word, by]) =>
    new RegExp(`\\b${word}\\b`).test(written) ? [`${path}: "${word}" in a comment; say ${by}`] : [],
  );
  const dropped = (bare.match(identifiers) ?? []).map(
    (name) => `${path}: ${name} is a word that the glossary replaces`,
  );
  return [...names, ...values, ...openings, ...words, ...dropped];
}
