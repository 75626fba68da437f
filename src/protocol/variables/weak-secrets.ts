// Judges whether a secret can be guessed: a placeholder, a sequence, a repetition, or a few words.

/** Secrets from examples and templates, and those that people type first. */
const placeholderWords =
  /change(?:it|this)?|replace|insert|your|please|admin(?:istrator)?|operator|token|secret|passw(?:or)?d|pass|example|sample|default|placeholder|test(?:ing)?|demo|dummy|todo|fixme|none|null|undefined|tidemark|purge|cache|redis|upstash|bearer|local(?:host)?|dev(?:elopment)?|staging|prod(?:uction)?|qwert[yz](?:uiop)?|asdfgh?j?k?l?|zxcvbn?m?|letmein|welcome|hunter2|foo|bar|baz|with|here|key|the|and|my|me/g;

/** Fewer characters beside placeholders, fewer that do not follow from the one before, fewer different ones. */
const otherCharsMin = 4;
const jumpsMin = 5;
const differentCharsMin = 5;
/** The beginning of a longer text is enough to judge it. */
const judgedChars = 128;

/**
 * Why a text could be guessed.
 *
 * @returns what to say after "It"; `undefined` where nothing was noticed
 */
export function guessableBy(whole: string): string | undefined {
  const text = whole.slice(0, judgedChars);
  const plain = text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");
  const rest = plain.replaceAll(placeholderWords, "");
  if (rest !== plain && rest.replace(/\d+$/, "").length < otherCharsMin) {
    return "is a placeholder, or made of words that everybody tries first";
  }
  if (isRegular(text)) return "is a repetition or a sequence of characters, and could be guessed";
  return undefined;
}

/** Is it at most three words, perhaps with a number behind? Such a text has about 40 bits. */
export function isFewWords(text: string): boolean {
  return /^[A-Za-z]{2,}(?:[^A-Za-z0-9][A-Za-z]{2,}){1,2}[^A-Za-z0-9]?\d{0,4}$/.test(text);
}

/** Is it a short text again and again, or one character and the next ones? */
function isRegular(text: string): boolean {
  const period = text.slice(0, periodOf(text));
  const codes = Array.from(period, (character) => character.charCodeAt(0));
  const jumps = codes.filter((code, at) => at === 0 || Math.abs(code - (codes[at - 1] ?? 0)) > 1);
  return jumps.length < jumpsMin || new Set(codes).size < differentCharsMin;
}

/** The length of the shortest text that this one repeats, the last time perhaps in part. */
function periodOf(text: string): number {
  for (let length = 1; length <= text.length / 2; length += 1) {
    if (text.slice(length) === text.slice(0, -length)) return length;
  }
  return text.length;
}

/** Secrets that documentation of webhooks shows to everybody. */
const published: ReadonlySet<string> = new Set([
  "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
  "C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
]);

/** As `guessableBy`, of a webhook's secret: whsec_ and base64. */
export function guessablePurgeSecretBy(secret: string): string | undefined {
  const base64 = secret.replace("whsec_", "");
  if (published.has(base64)) return "is an example from the documentation of webhooks";
  return guessableBy(textIn(base64) ?? base64);
}

/** @returns the text that the bytes are, where all of them can be typed */
export function textIn(base64: string): string | undefined {
  const text = atob(base64.replaceAll("=", "").slice(0, wholeBase64(base64)));
  return /^[ -~]+$/.test(text) ? text : undefined;
}

/** `atob` refuses a last character that stands alone. */
function wholeBase64(base64: string): number {
  const { length } = base64.replaceAll("=", "");
  return length % 4 === 1 ? length - 1 : length;
}
