// Chooses the language or the media type that a client prefers among a few (RFC 9110 §12.5).

/** A member of `Accept` or `Accept-Language`. */
interface Range {
  /** In lower case, without parameters. */
  readonly name: string;
  /** The weight, 0 to 1. */
  readonly quality: number;
  /** Whether it has parameters beside the weight. */
  readonly isNarrowed: boolean;
}

const weightForm = /^q\s*=\s*(.*)$/;
/** RFC 9110 §12.4.2, with any number of digits. */
const qualityForm = /^(?:0(?:\.\d*)?|1(?:\.0*)?)$/;

/** Returns the members of a field, best first. Leaves out members with an invalid weight. */
export function rangesIn(field: string): readonly Range[] {
  return field
    .toLowerCase()
    .split(",")
    .map((member): Range => {
      const [name = "", ...parameters] = member.split(";").map((part) => part.trim());
      const weights = parameters.flatMap((one) => weightForm.exec(one)?.[1] ?? []);
      const [weight = "1"] = weights;
      const quality = qualityForm.test(weight) ? Number(weight) : Number.NaN;
      return { name, quality, isNarrowed: parameters.length > weights.length };
    })
    .filter(({ quality }) => !Number.isNaN(quality))
    .sort((one, other) => other.quality - one.quality);
}

/**
 * Returns the language that a client prefers, by lookup (RFC 4647 §3.4): each range is shortened until it is
 * one of the tags. A range also matches a longer tag (RFC 4647 §3.3.1). Among equal weights, the client's order
 * decides. A weight of 0 excludes a language, unless all are excluded.
 *
 * @param field the value of `Accept-Language` (RFC 9110 §12.5.4); empty for none
 * @param tags the languages; the first is the default
 * @returns one of the tags, as written
 */
export function preferredLanguage(field: string, tags: readonly string[]): string {
  const ranges = rangesIn(field);
  const [first = ""] = tags;
  const open = tags.filter((tag) => qualityOf(tag, ranges) !== 0);
  for (const { name, quality } of ranges) {
    const found =
      name === "*"
        ? open.find((tag) => qualityOf(tag, ranges) === undefined)
        : lookedUp(name, open);
    if (found !== undefined && quality > 0) return found;
  }
  return open[0] ?? first;
}

function lookedUp(range: string, tags: readonly string[]): string | undefined {
  const longer = tags.find((tag) => isWithin(tag, range));
  const same = (text: string) => tags.find((tag) => tag.toLowerCase() === text);
  let found = same(range) ?? longer;
  for (let end = range.lastIndexOf("-"); end > 0 && found === undefined;) {
    found = same(range.slice(0, end));
    end = range.lastIndexOf("-", end - 1);
  }
  return found;
}

/** Returns the weight of the longest range that matches a tag; `undefined` if only `*` may match it. */
function qualityOf(tag: string, ranges: readonly Range[]): number | undefined {
  let longest: Range | undefined;
  for (const range of ranges) {
    const isLonger = range.name.length > (longest?.name.length ?? 0);
    if (isLonger && isWithin(tag, range.name)) longest = range;
  }
  return longest?.quality;
}

/** Returns whether a range matches a tag by basic filtering (RFC 4647 §3.3.1). */
function isWithin(tag: string, range: string): boolean {
  return `${tag.toLowerCase()}-`.startsWith(`${range}-`);
}

/**
 * Returns the media type that a client prefers among those that it names. A range such as `*` `/*` names none,
 * because clients send it that cannot read new types. A range with parameters counts only if the type is not
 * also named without. Among equal weights, the order of the types decides.
 *
 * @param field the value of `Accept` (RFC 9110 §12.5.1); empty for none
 * @param types media types in lower case, without parameters
 * @returns `undefined` if the client names none, or refuses them with a weight of 0
 */
export function preferredType(field: string, types: readonly string[]): string | undefined {
  const ranges = rangesIn(field);
  let best: { readonly type: string; readonly quality: number } | undefined;
  for (const type of types) {
    const named = ranges.filter(({ name }) => name === type);
    const { quality = 0 } = named.find(({ isNarrowed }) => !isNarrowed) ?? named[0] ?? {};
    if (quality > (best?.quality ?? 0)) best = { type, quality };
  }
  return best?.type;
}
