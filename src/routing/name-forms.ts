// Finds names of cookies and query parameters wherever a server may read them. Servers read more than RFC
// 6265 and the URL standard define, so no list of spellings is complete: the octets around a name decide.
import type { NamePatterns } from "../config/known-names.ts";

// The patterns also match escapes. No value of RFC 6265 §4.1.1 has blanks, or separators except brackets.

/** A control, a space, or an octet beyond ASCII. */
const escapedBlank = String.raw`%(?:[01]\w|20|7f|[89a-f]\w)`;
const blank = `[^!-~]|${escapedBlank}`;
/** An octet that some server trims from a name. */
const trimmed = String.raw`(?:${blank}|["\\]|%(?:22|5c))`;
/** An octet where some server may end a cookie. WebOb does at brackets. */
const separator = String.raw`(?:${blank}|[",;[\\\]]|%(?:2[2c]|3b|5[b-d]))`;
/** An octet of values that no name has. Some servers skip these before a name. */
const skipped = "[()/:<=>?@{}+]|%(?:2[89bf]|3[ac-f]|40|7[bd])";
/** PHP ends a name at a bracket, and its older versions at a null character. */
const cut = String.raw`[[\0]|%(?:5b|00)`;

/** The text before a name, and that after it. */
interface Place {
  readonly before: string;
  readonly after: string;
}

/**
 * A cookie may begin after any separator if an equals sign follows its name. A value in escapes has none.
 * A name without a value fills a pair, or stands between blanks, at which aiohttp splits.
 */
const cookiePlaces: readonly Place[] = [
  { before: `(?:^|${separator})(?:${skipped})*`, after: `${trimmed}*=|${cut}` },
  {
    before: `(?:^|;|%3b|[^!-~])(?:${skipped}|${escapedBlank})*`,
    after: "[^!-~]|;|%3[bd]|$",
  },
];

/** Rack also skips brackets before a name, and ends it at a closing bracket. */
const parameterPlaces: readonly Place[] = [
  {
    before: String.raw`(?:^|[&;])(?:${skipped}|${trimmed}|[[\]]|%5[bd])*`,
    after: String.raw`(?:${trimmed}|\+)*(?:[=&;]|$)|${cut}|\]|%5d`,
  },
];

/** Returns the form of the cookies with one of the names, for `countIn` and `String.search`. */
export const cookieForm = (names: NamePatterns) => formOf(names, cookiePlaces);

/** Returns the form of the query parameters with one of the names. */
export const parameterForm = (names: NamePatterns) => formOf(names, parameterPlaces);

/** Returns how often a form occurs in a text, in time that is linear in its length. */
export function countIn(form: RegExp, text: string): number {
  let count = 0;
  form.lastIndex = 0;
  while (form.test(text)) count += 1;
  return count;
}

/**
 * The text of a name decides, so the form ignores case. A name that ends in `*` has no end. The name precedes
 * the test of the text before it, so that a field without the name costs one cheap search.
 */
function formOf(names: NamePatterns, places: readonly Place[]): RegExp {
  const forms = names.map((name) => {
    const isWhole = !name.endsWith("*");
    const text = spelled(isWhole ? name : name.slice(0, -1));
    const placed = places.map(
      ({ before, after }) => `(?<=${before}${text})${isWhole ? `(?=${after})` : ""}`,
    );
    return `${text}(?:${placed.join("|")})`;
  });
  return new RegExp(forms.join("|") || "(?!)", "gi");
}

/** Returns a pattern of a name in all spellings. PHP reads dots, spaces and brackets as underscores. */
function spelled(name: string): string {
  const octets = Array.from(name, (character, at) => {
    const escapes = [character.toLowerCase(), character.toUpperCase()].map(escaped).join("|");
    const literal = character.replace(/\W/, String.raw`\$&`);
    if (!"_.".includes(character)) return `(?:${literal}|${escapes})`;
    // A name does not begin with a space or a bracket.
    return at === 0 ? "(?:[_.]|%(?:5f|2e))" : String.raw`(?:[_.[+\s]|%(?:5[bf]|2[0be]))`;
  });
  return octets.join("");
}

/** Returns a pattern of the escape of a character. ASP.NET also decodes `%u0061`. */
function escaped(character: string): string {
  const octets = [...new TextEncoder().encode(character)];
  return octets.map((octet) => `%(?:u00)?${octet.toString(16).padStart(2, "0")}`).join("");
}
