// Classifies the difference between two responses of a page: none, a token, numbers or content.

export type BodyChange = "same" | "token" | "numbers" | "content";

const tokenName = /csrf|xsrf|authenticity|nonce|__requestverificationtoken|form_build_id|_token/i;
/** An unclosed tag matches up to the end of the text, so that each character is read once. */
const tokenTag = /<(?:input|meta|script|style|link)\b(?:"[^"]*"|'[^']*'|[^>"']+)*>?/gi;

/** A name and its value, in a script or in JSON. */
const tokenValue =
  /(?:csrf|xsrf|nonce|authenticity)[\w-]{0,40}["']?\s{0,9}[:=]\s{0,9}(?:"[^"\n]{0,500}"|'[^'\n]{0,500}')/gi;

/** Returns whether a form field, or a tag such as `meta`, is named like a token. */
export function hasToken(text: string): boolean {
  return [...text.matchAll(tokenTag)].some(([tag]) => tokenName.test(tag));
}

interface Body {
  readonly text: string;
  readonly digest: string;
}

export function bodyChange(first: Body, second: Body): BodyChange {
  if (first.digest === second.digest) return "same";
  const [a, b] = [first.text, second.text];
  if (a === "" || b === "") return "content";
  if (withoutTokens(a) === withoutTokens(b)) return "token";
  return withoutNumbers(a) === withoutNumbers(b) ? "numbers" : "content";
}

function withoutTokens(text: string): string {
  return text.replace(tokenTag, (tag) => (tokenName.test(tag) ? "" : tag)).replace(tokenValue, "");
}

/** Replaces times, counts and the hexadecimal names that some frameworks generate for each response. */
function withoutNumbers(text: string): string {
  return withoutTokens(text)
    .replace(/\b[0-9a-f]+\b/gi, (word) => (/\d/.test(word) ? "#" : word))
    .replace(/[#:.,\s-]+/g, "#");
}

/** The characters that are shown before and after the first difference. */
const shownChars = { before: 24, after: 40 };

/** Returns the places of two texts where these first differ, apart from tokens, in one line each. */
export function firstDifference(one: string, other: string): readonly [string, string] {
  const [first, second] = [withoutTokens(one), withoutTokens(other)];
  let at = 0;
  while (at < first.length && first[at] === second[at]) at += 1;
  const shown = (text: string) =>
    text
      .slice(Math.max(0, at - shownChars.before), at + shownChars.after)
      .replace(/[\s\p{Cc}]+/gu, " ")
      .trim();
  return [shown(first), shown(second)];
}
