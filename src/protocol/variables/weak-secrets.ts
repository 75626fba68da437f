// Detects guessable secrets: placeholders, sequences, repetitions, and texts of two or three words.

/** Words from examples and templates, and other common choices. */
const placeholderWords =
  /change(?:it|this)?|replace|insert|your|please|admin(?:istrator)?|operator|token|secret|passw(?:or)?d|pass|example|sample|default|placeholder|test(?:ing)?|demo|dummy|todo|fixme|none|null|undefined|tidemark|purge|cache|redis|upstash|bearer|local(?:host)?|dev(?:elopment)?|staging|prod(?:uction)?|qwert[yz](?:uiop)?|asdfgh?j?k?l?|zxcvbn?m?|letmein|welcome|hunter2|foo|bar|baz|with|here|key|the|and|my|me/g;

/** The minimum number of characters outside placeholder words. */
const otherCharsMin = 4;
/** The minimum number of characters that do not continue a sequence or repetition. */
const jumpsMin = 5;
const differentCharsMin = 5;
/** The number of characters that are checked, from the start of a text. */
const judgedChars = 128;

/** Returns why a text could be guessed, as a predicate of "It"; `undefined` if it could not. */
export function guessableBy(whole: string): string | undefined {
  const text = whole.slice(0, judgedChars);
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const rest = plain.replaceAll(placeholderWords, "");
  if (rest !== plain && rest.replace(/\d+$/, "").length < otherCharsMin) {
    return "is a placeholder, or consists of common words";
  }
  if (isRegular(text)) return "is a repetition or a sequence of characters, and could be guessed";
  return undefined;
}

/**
 * Returns whether a text is two or three words with at most four digits. Its entropy is about 40
 * bits. A word does not change between upper and lower case like base64.
 */
export function isFewWords(text: string): boolean {
  const word = "(?:[A-Z]?[a-z]+|[A-Z]{2,})";
  return new RegExp(`^${word}(?:[^A-Za-z0-9]${word}){1,2}[^A-Za-z0-9]?\\d{0,4}$`).test(text);
}

function isRegular(text: string): boolean {
  const period = text.slice(0, periodOf(text));
  const codes = Array.from(period, (character) => character.charCodeAt(0));
  const jumps = codes.filter((code, at) => at === 0 || Math.abs(code - (codes[at - 1] ?? 0)) > 1);
  return jumps.length < jumpsMin || new Set(codes).size < differentCharsMin;
}

/** Returns the length of the shortest period. The last repetition may be partial. */
function periodOf(text: string): number {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.slice(length) === text.slice(0, -length)) return length;
  }
  return text.length;
}

/** Example secrets from the public documentation of webhooks. */
const published: ReadonlySet<string> = new Set([
  "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
]);

/** Checks a secret of PURGE_SECRET (whsec_ and base64) like `guessableBy`. */
export function guessablePurgeSecretBy(secret: string): string | undefined {
  const base64 = secret.replace("whsec_", "");
  if (published.has(base64)) return "is an example from the documentation of webhooks";
  return guessableBy(textIn(base64) ?? base64);
}

/** Returns the decoded text if it is printable ASCII; `undefined` otherwise. */
export function textIn(base64: string): string | undefined {
  const text = atob(base64.replaceAll("=", ""));
  return /^[ -~]+$/.test(text) ? text : undefined;
}
