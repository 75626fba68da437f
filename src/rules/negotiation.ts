// Chooses the language or the media type that a client prefers among a few (RFC 9110 §12.5).

/** A member of `Accept` or `Accept-Language`. */
export interface Range {
  /** In lower case, without parameters. */
  readonly name: string;
  /** The weight, 0 to 1. */
  readonly quality: number;
  /** Whether it has parameters beside the weight. */
  readonly isNarrowed: boolean;
}

const weightForm = /^q\s*=\s*(.*)$/;
/** RFC 9110 §12.4.2, with any number of digits. Java sends `.2`. */
const qualityForm = /^(?:0(?:\.\d*)?|\.\d+|1(?:\.0*)?)$/;

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
 * Returns a function that chooses the language that a client prefers, by lookup (RFC 4647 §3.4): each
 * range is shortened until it is one of the tags. A range also matches a longer tag (RFC 4647 §3.3.1), and
 * a tag of the same language and script, both completed by likely subtags (UTS 35): `zh-CN` matches
 * `zh-Hans`. Among equal weights, the client's order decides. A weight of 0 excludes a language, unless all
 * are excluded.
 *
 * @param tags the languages; the first is the default
 * @returns a function of the value of `Accept-Language` (RFC 9110 §12.5.4), empty for none, which returns
 *   one of the tags, as written
 */
export function compileLanguages(tags: readonly string[]): (field: string) => string {
  const languages = tags.map((tag): Language => ({ tag, likely: likelySubtags(tag) }));
  const [first = ""] = tags;
  const kept = new Map<string, LikelySubtags | undefined>();
  const likelyOf = (range: string) => {
    if (range.length > rangeCharactersMax) return undefined;
    if (kept.size === keptRangesMax) kept.clear();
    if (!kept.has(range)) kept.set(range, likelySubtags(range));
    return kept.get(range);
  };
  return (field) => {
    const ranges = rangesIn(field);
    const open = languages.filter(({ tag }) => qualityOf(tag, ranges) !== 0);
    for (const { name, quality } of ranges) {
      const found =
        name === "*"
          ? open.find(({ tag }) => qualityOf(tag, ranges) === undefined)?.tag
          : lookedUp(name, open, likelyOf);
      if (found !== undefined && quality > 0) return found;
    }
    return open[0]?.tag ?? first;
  };
}

/** Clients choose ranges, so their likely subtags are kept for a few short ones (RFC 5646 §4.4.1). */
const rangeCharactersMax = 35;
const keptRangesMax = 256;

interface LikelySubtags {
  readonly languageAndScript: string;
  readonly region: string | undefined;
  /** Whether the region is a part of the tag. */
  readonly statesRegion: boolean;
}

interface Language {
  readonly tag: string;
  readonly likely: LikelySubtags | undefined;
}

/** Returns the subtags of a tag, completed by those that are likely; `undefined` for a malformed tag. */
function likelySubtags(tag: string): LikelySubtags | undefined {
  try {
    const own = new Intl.Locale(tag);
    const { language, script, region } = own.maximize();
    const statesRegion = own.region !== undefined;
    return { languageAndScript: `${language}-${script}`, region, statesRegion };
  } catch {
    return undefined;
  }
}

function lookedUp(
  range: string,
  languages: readonly Language[],
  likelyOf: (range: string) => LikelySubtags | undefined,
): string | undefined {
  const same = languages.find(({ tag }) => tag.toLowerCase() === range);
  if (same !== undefined) return same.tag;
  const [primary = ""] = range.split("-", 1);
  const related = languages.filter(({ tag }) => isWithin(tag, primary));
  if (related.length === 0) return undefined;
  const likely = likelyOf(range);
  const readable = related.filter(
    (one) => likely !== undefined && one.likely?.languageAndScript === likely.languageAndScript,
  );
  const found =
    shortened(range, readable) ??
    readable.find((one) => one.likely?.region === likely?.region) ??
    readable.find((one) => one.likely?.statesRegion === false) ??
    readable[0] ??
    related.find(({ tag }) => isWithin(tag, range)) ??
    shortened(range, related);
  return found?.tag;
}

/** Returns the language with the longest tag that is a beginning of a range. */
function shortened(range: string, languages: readonly Language[]): Language | undefined {
  return languages
    .filter(({ tag }) => isWithin(range, tag.toLowerCase()))
    .reduce<Language | undefined>(
      (longest, one) => (one.tag.length > (longest?.tag.length ?? 0) ? one : longest),
      undefined,
    );
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
