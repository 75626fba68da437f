// The explanation of a request in facts: words, numbers, and codes whose sentences the command has. Seconds
// are rounded to thousandths.
import * as v from "valibot";
import { finite, record } from "../base/schemas.ts";
import type { Immutable } from "./operator-orders.ts";

const text = v.string();
const texts = v.array(text);

/** The details of a code. The name of a number ends with its unit. */
export const values = record(text, v.union([text, finite(), texts]));

/** `case` is a closer reason than the rule's. */
const reason = { case: v.optional(text), values: v.optional(values) };

const response = {
  status: finite(),
  lifetimeSeconds: finite(),
  /** A response field, such as `s-maxage in Cache-Control`, a setting, `heuristics` or `none`. */
  lifetimeFrom: text,
  /**
   * The age of the response when it arrived. A large age means that another cache had stored the
   * response, the origin was slow, or a clock is wrong.
   */
  ageOnArrivalSeconds: finite(),
};

const copy = v.object({
  ...response,
  ageSeconds: finite(),
  /** Negative if expired. A soft purge also ends the lifetime, but shows only in the verdict. */
  secondsLeft: finite(),
  /** How long browsers may show the answer; absent if not longer than N. */
  browsersSeconds: v.optional(finite()),
  /** When the origin's last response arrived, which may be a 304. */
  storedAt: text,
  tags: texts,
  /** The tags that its route has given it since. */
  addedTags: v.optional(texts),
  /** The tags of the values of the data cache that it shows. */
  valueTags: v.optional(texts),
  /** The colo that requested the body; empty if unknown. */
  colo: text,
  bodyBytes: v.nullable(finite()),
  /** The last journal position that the requesting isolate knew; `none` if it knew none. */
  stamp: text,
  /** Codes of findings about this response. */
  findings: texts,
});

/** A tier of the route, in lookup order. */
const tier = v.object({
  tier: text,
  /** Why a live request would not read this tier. */
  because: v.optional(text),
  has: v.picklist([
    "response",
    "nothing",
    "unavailable",
    "invalidated variant",
    "untagged response",
  ]),
  /** Why the tier is unavailable. */
  cause: v.optional(text),
  copy: v.optional(copy),
});

const leftOut = v.array(v.object({ name: text, by: text }));

const key = v.object({
  /** The URL in the key, and for the origin. */
  url: text,
  /** The URL by which purges name the page in every spelling: docs/requests.md#spellings-of-a-url. */
  purgedAs: text,
  query: v.object({ sent: text, keyed: text, leftOut }),
  /** Values of `key.headers`, of the normal forms of a route, and of `key.cf`. */
  fields: v.array(v.tuple([text, v.nullable(text)])),
  /** The rule whose checked requests alone have the key; absent for other keys. */
  gate: v.optional(text),
  /**
   * Names of cookies; empty for a cookie without a name. `leftOut`: the key omits them. `unknown`:
   * docs/requests.md#cookies.
   */
  cookies: v.object({ keyed: texts, leftOut, unknown: texts }),
});

/** An entry of the journal with targets that match a response. */
const purge = v.object({
  position: text,
  at: v.nullable(text),
  mode: text,
  reason: text,
  by: text,
  /** Its matching targets, by kind. */
  targets: record(text, v.union([v.boolean(), texts])),
  /** Whether the purge is newer than the copy's stamp, and therefore covers the copy. */
  isSince: v.boolean(),
  /** Whether it decided the verdict. */
  decides: v.boolean(),
});

/** The newest matching purges. */
const purges = v.object({
  /** `copy`: the purges match the copy. `url`: nothing is stored, so they match only the URL. */
  of: v.picklist(["copy", "url"]),
  /** When the copy was requested. */
  askedAt: v.optional(text),
  /** The number of all purges that match. */
  count: finite(),
  /** At most 20. */
  newest: v.array(purge),
});

/** Another key of the same page, in memory. */
const nearest = v.object({
  url: text,
  /** The number of other stored keys with the same path, including the nearest. */
  count: finite(),
  /** `null`: the part is missing. `…`: the value may be a secret. */
  differences: v.array(
    v.object({
      of: text,
      name: v.optional(text),
      sent: v.nullable(text),
      stored: v.nullable(text),
    }),
  ),
  /** The kind of the first difference. */
  case: text,
  /** The names that the first difference concerns. */
  names: texts,
});

/** The URL's last origin response that this isolate remembers. */
const last = v.object({
  ...response,
  at: text,
  /** The response's fields that control caching. */
  said: v.array(v.tuple([text, text])),
  notStored: v.optional(v.object({ rule: text, names: texts, ...reason })),
  /** Whether its `Cache-Status` said `stored`. `Cache-Status` is sent before the whole body arrives. */
  isReportedStored: v.boolean(),
  /** Whether Tidemark added `private` to the Cache-Control of the client's answer. */
  isMadePrivate: v.boolean(),
  /** The result of each tier to which the response was written. */
  tiers: record(text, text),
});

/** The result of a lookup. */
const look = v.object({
  key,
  /** The `Vary` names of the marker in use, and the number of variants that it lists. */
  vary: v.optional(v.object({ names: texts, variants: finite() })),
  tiers: v.array(tier),
  /** The fragments of a page with ESI tags; `unknown` if its template is not in memory. */
  fragments: v.optional(v.union([texts, v.literal("unknown")])),
  purges: v.union([purges, v.literal("no journal")]),
  /** The tier of the judged copy; absent if there is none. */
  judged: v.optional(text),
  /**
   * Whether an answer from a tier would start a background refresh. `by chance`: the probability
   * rises as expiry approaches.
   */
  refresh: v.optional(v.picklist(["yes", "by chance", "no"])),
  /**
   * Whether a live request would first read the journal again: this isolate's view is too old, or
   * cannot tell whether a purge covers the copy.
   */
  isDoubtSettledFirst: v.boolean(),
  nearest: v.optional(nearest),
  /** Absent if a stored response answers or `tiers` lists it. */
  last: v.optional(last),
  /** The URL's last request that bypassed the cache. */
  lastPassed: v.optional(
    v.object({ at: text, method: text, rule: text, isMadePrivate: v.boolean() }),
  ),
});

/** The explanation as JSON, in an answer or in the field `Tidemark-Explain`. */
export const explanation = v.object({
  /**
   * The colo of this isolate. Memory and learned state belong to the isolate. The edge tier belongs
   * to the colo.
   */
  colo: text,
  at: text,
  request: v.object({ method: text, url: text }),
  /** `name` is empty if no route matches. `alsoFit`: later routes that also match. */
  route: v.object({ name: text, match: texts, origin: text, alsoFit: texts }),
  /**
   * `reserved`: the path is for the operator. `refused`: Tidemark answers with 400. `ruled`: a rule
   * answers. `passed-by`: the request bypasses the cache.
   */
  handling: v.picklist(["reserved", "refused", "ruled", "passed-by", "looked-up"]),
  /** The decision, its rule, which `detail` of `Cache-Status` names too, a closer reason, and their values. */
  verdict: v.object({ kind: text, by: text, ...reason }),
  /** The part of `Cache-Status` that does not depend on the origin; `null` if the field is not sent. */
  cacheStatus: v.nullable(text),
  /** The next step of a live request. */
  next: text,
  /** Present if the request is looked up. */
  look: v.optional(look),
});

/** The part that doctor reads from the field `Tidemark-Explain`. */
export const explainedAges = v.object({
  look: v.optional(
    v.object({
      tiers: v.array(
        v.object({ copy: v.optional(v.pick(copy, ["ageOnArrivalSeconds", "browsersSeconds"])) }),
      ),
      last: v.optional(v.pick(last, ["ageOnArrivalSeconds"])),
    }),
  ),
});

export type Explanation = Immutable<v.InferOutput<typeof explanation>>;
export type LookAccount = NonNullable<Explanation["look"]>;
export type TierAccount = LookAccount["tiers"][number];
export type Copy = NonNullable<TierAccount["copy"]>;
export type KeyAccount = LookAccount["key"];
export type MatchingPurges = Exclude<LookAccount["purges"], string>;
export type NearestKey = NonNullable<LookAccount["nearest"]>;
export type LastAnswerAccount = NonNullable<LookAccount["last"]>;
/** The rule that decided is beside it. */
export type Reason = Pick<Explanation["verdict"], "case" | "values">;
