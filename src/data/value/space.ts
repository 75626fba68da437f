// The options of a namespace: defaults and validation. Also the places of its keys.
import { guarded, isThenable } from "../../base/guarded.ts";
import * as v from "valibot";
import { finite, whole } from "../../base/schemas.ts";
import { listed, reach, type TierName, tierNames } from "../../config/tier-names.ts";
import { between, fields, optionError } from "../../config/forms.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { type Codec, structuredJson } from "../../base/codec.ts";
import { type Key, pathOf, recordKeyOf } from "./data-key.ts";
import { type DataDuration, durationForms, durationMs, notDuration } from "./lifetime-text.ts";
import { checkedTag, completedBy, type LoadMany, type MissingKeyPolicy } from "./load-context.ts";
import type { RecordKey } from "../../cache/record/record-key.ts";
import type { TierStack } from "../../cache/tiers/tier-stack.ts";
import type { DataDetail } from "./data-record.ts";

/**
 * Options of a namespace.
 *
 * @typeParam Absent `never` if `load` always has a value
 */
export interface NamespaceOptions<T, K extends Key = Key, Absent extends null = null> {
  /** How long a value answers after its load. */
  readonly fresh: DataDuration;
  /**
   * How long a value may still answer after `fresh`: while a reload runs, or if it fails. Default: 0.
   */
  readonly stale?: DataDuration | undefined;
  /**
   * How long a stored `null` answers, for a value that does not exist, also if a call has `fresh`.
   * Default: `null` is not stored.
   */
  readonly negative?: DataDuration | undefined;
  /**
   * The version of your values' format. Increase this number when the format changes: values of another
   * version are never used. Default: 0.
   */
  readonly schema?: number | undefined;
  /**
   * Tags of each value, in addition to the tags that its load adds: a list, or a function that changes no
   * value, and that is not called for `null`. Default: none.
   */
  readonly tags?: readonly string[] | ((value: T, key: K) => readonly string[]) | undefined;
  /**
   * The load `(keys, context) => Map`, for calls that pass none, for refreshes after `get`, and for the cron
   * trigger. Default: none.
   * @see docs/data.md#a-load
   */
  readonly load?: LoadMany<T, K, Absent> | undefined;
  /**
   * How to treat a key that the map of a load lacks: `"absent"` as `null`, `"error"` as a failed load.
   * Default: `"error"`.
   */
  readonly missing?: MissingKeyPolicy | undefined;
  /**
   * The keys that the cron trigger keeps loaded, or a function that returns them. It loads each that is
   * missing, or as old as `refresh`. Default: none.
   * @see docs/data-patterns.md#refresh-by-cron
   */
  readonly keys?: readonly K[] | (() => readonly K[] | Promise<readonly K[]>) | undefined;
  /**
   * The age from which on a read, and the cron trigger, reload a value in the background. Default: the end of
   * `fresh` with `stale`, else a random age in its second half.
   */
  readonly refresh?: DataDuration | undefined;
  /** Maximum share of `fresh`, 0 to 1, by which each lifetime is randomly shortened. Default: 0. */
  readonly jitter?: number | undefined;
  /**
   * The scope in which concurrent calls for a key share one load: this isolate, or all isolates with a lock.
   * Default: `"isolate"`.
   */
  readonly collapse?: "isolate" | "global" | undefined;
  /** How long a call waits for a reload before the stale value answers. Default: 0. */
  readonly softTimeoutMs?: number | undefined;
  /** How long a load may take. A longer load is aborted and fails. Default: 30,000. */
  readonly hardTimeoutMs?: number | undefined;
  /** With `collapse: "global"`, how long a call waits for another isolate's load. Default: 5,000. */
  readonly waitTimeoutMs?: number | undefined;
  /** How long a stale value answers after a failed load, before the next load. Default: `"10s"`. */
  readonly retryAfter?: DataDuration | undefined;
  /** The tiers to use: `"memory"`, `"edge"` and `"shared"`. Default: all. */
  readonly tiers?: readonly TierName[] | undefined;
  /** How values become text: an object with `name`, `encode` and `decode`. Default: structured JSON. */
  readonly codec?: Codec<T> | undefined;
}

/** Validated options with all defaults. */
export type Space = Readonly<ReturnType<typeof spaceOf>>;

const nameForm = /^[\w.-]{1,64}$/;

const isFunction = (value: unknown): boolean => typeof value === "function";

const codecForm = v.custom<Codec>((given) => {
  if (typeof given !== "object" || given === null) return false;
  const { name, encode, decode } = given as Partial<Codec>;
  return typeof name === "string" && isFunction(encode) && isFunction(decode);
}, "must be { name, encode, decode }");

/** Limits timeouts to a day, because a timer of more than 24 days would fire at once. */
const timeMs = finite("must be a number of milliseconds, such as 200");
const timerMs = v.pipe(timeMs, ...between(1, 86_400_000, "a day"));
/** Zero means no wait. */
const waitMs = v.pipe(timeMs, ...between(0, 86_400_000, "a day"));

const duration = v.custom<DataDuration>(
  (written) => durationMs(written) !== undefined,
  ({ input }) => `${notDuration(input)}: ${durationForms}`,
);

const form = fields("a namespace", {
  fresh: duration,
  stale: duration,
  negative: duration,
  schema: whole("must be a whole number, such as 2"),
  tags: v.custom(
    (tags) =>
      isFunction(tags) || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")),
    "must be a list of tags, or a function of a value and its key that returns one",
  ),
  load: v.custom<LoadMany<unknown>>(isFunction, "must be a function of keys"),
  missing: v.picklist(["absent", "error"], 'must be "absent" or "error"'),
  keys: v.custom(
    (keys) => isFunction(keys) || Array.isArray(keys),
    "must be an array of keys, or a function that returns one",
  ),
  refresh: duration,
  jitter: v.pipe(finite("must be a number from 0 to 1"), ...between(0, 1)),
  collapse: v.picklist(["isolate", "global"], 'must be "isolate" or "global"'),
  softTimeoutMs: waitMs,
  hardTimeoutMs: timerMs,
  waitTimeoutMs: timerMs,
  retryAfter: duration,
  tiers: v.pipe(
    v.array(
      v.picklist(tierNames, `has a tier other than ${listed(tierNames)}`),
      'must be a list of tiers, such as ["memory", "shared"]',
    ),
    v.minLength(1, "is empty"),
  ),
  codec: codecForm,
});

/**
 * Validates the options of a namespace.
 *
 * @throws OperatorError with the name of the namespace, each invalid option, and the fix
 */
export function spaceOf<T, K extends Key>(name: string, options: NamespaceOptions<T, K>) {
  const faults = faultsOf(name, options);
  if (faults.length > 0) {
    throw new OperatorError({
      what: `The namespace ${JSON.stringify(name)} is invalid.`,
      why: faults.join(" "),
      hint: 'Correct these options. Example: cache.namespace("articles", { fresh: "5m" }).',
    });
  }
  const {
    tags = [],
    load,
    keys,
    missing = "error",
    codec = structuredJson,
    tiers = tierNames,
    ...given
  } = options;
  const ms = (written: DataDuration | undefined) => durationMs(written) ?? 0;
  const { negative, refresh } = given;
  return {
    name,
    freshMs: ms(given.fresh),
    staleMs: ms(given.stale),
    negativeMs: negative === undefined ? undefined : ms(negative),
    schema: given.schema ?? 0,
    /** Returns the tags of a value, or of `null`. */
    tagsOf: typeof tags === "function" ? ofValues(tags as TagsOf) : () => tags,
    /** Whether a function of the namespace derives the tags from the value. */
    derivesTags: typeof tags === "function",
    load: load && completedBy(missing, load as unknown as LoadMany<unknown>),
    missing,
    /** `undefined` if the cron trigger loads no keys. */
    keys: (typeof keys === "object" ? () => keys : keys) as KeysOf | undefined,
    refreshMs: refresh === undefined ? undefined : ms(refresh),
    jitter: given.jitter ?? 0,
    isGlobal: given.collapse === "global",
    softTimeoutMs: given.softTimeoutMs ?? 0,
    hardTimeoutMs: given.hardTimeoutMs ?? 30_000,
    waitTimeoutMs: given.waitTimeoutMs ?? 5_000,
    retryAfterMs: ms(given.retryAfter ?? "10s"),
    tiers: tierNames.filter((tier) => tiers.includes(tier)),
    codec: codec as Codec,
  };
}

/**
 * Calls a function for tags only with values, not with `null`.
 *
 * @throws OperatorError if it does not return a list at once
 */
function ofValues(tags: TagsOf): TagsOf {
  return (value, key) => {
    if (value === null) return [];
    const named: unknown = tags(value, key);
    if (Array.isArray(named)) return named as readonly string[];
    // The rejection of this promise concerns nobody.
    guarded(
      () => named,
      () => undefined,
    );
    throw new OperatorError({
      what: "The function `tags` of a namespace is invalid.",
      why: `It returned ${isThenable(named) ? "a promise" : `a value of type ${typeof named}`}, not a list of tags.`,
      hint: 'Return a list at once, such as ["author:7"]. A load may name tags that it must wait for: tags() of its context.',
    });
  };
}

type TagsOf = (value: unknown, key: Key) => readonly string[];

type KeysOf = () => readonly Key[] | Promise<readonly Key[]>;

type Plain = Omit<NamespaceOptions<never>, "tags" | "codec" | "load" | "keys"> & {
  readonly load?: unknown;
  readonly keys?: unknown;
};

function faultsOf(name: string, options: Plain): string[] {
  const faults: string[] = [];
  if (!nameForm.test(name))
    faults.push("Its name must be 1 to 64 letters, digits, dots, dashes or underscores.");
  const issues = v.safeParse(form, options).issues ?? [];
  faults.push(...issues.map(optionError));
  if (issues.length > 0) return faults;
  if (options.fresh === undefined) faults.push("fresh is missing: set how long a value answers.");
  if (durationMs(options.fresh) === 0)
    faults.push("fresh is 0, so nothing would be stored: set how long a value answers.");
  if (options.softTimeoutMs !== undefined && options.stale === undefined) {
    faults.push("softTimeoutMs needs a stale value to answer with: add stale.");
  }
  const { tiers = tierNames } = options;
  if (options.collapse === "global" && !reach(tiers, "world")) {
    faults.push('collapse: "global" shares loads through Redis: add "shared" to tiers.');
  }
  if (options.keys === undefined) return faults;
  if (options.load === undefined) faults.push("keys needs load, which the cron trigger calls.");
  if (options.refresh === undefined) {
    faults.push("keys needs refresh: set the age at which a value is loaded again.");
  }
  if (!reach(tiers, "world")) {
    faults.push('keys needs "shared" in tiers: the cron trigger fills Redis, for all isolates.');
  }
  return faults;
}

/**
 * Returns the load of a namespace.
 *
 * @throws OperatorError if the namespace has no load
 */
export function loadOf({ load, name }: Space): LoadMany<unknown> {
  if (load !== undefined) return load;
  throw new OperatorError({
    what: `Nothing can be loaded for the namespace ${name}.`,
    why: "Neither the call nor the namespace has a load.",
    hint: "Pass a function to getOrSet, or set the option load of the namespace.",
  });
}

export interface DataPlace {
  readonly space: Space;
  /** The key as the application wrote it. */
  readonly appKey: Key;
  /** The path of the namespace and the segments: `articles/42`. */
  readonly path: string;
  readonly key: RecordKey;
  /** The tags of the call, in addition to those of the namespace. */
  readonly tags: readonly string[];
}

export type DataTiers = TierStack<DataDetail>;

/**
 * Returns the place of a key.
 *
 * @param host the host of its Cache API key
 * @param tags those of the call
 * @throws OperatorError for an invalid key or tag
 */
export function placeOf(
  space: Space,
  key: Key,
  host: string,
  tags: readonly string[] = noTags,
): DataPlace {
  const path = pathOf(space.name, key);
  const named = tags.length === 0 ? noTags : tags.map(checkedTag);
  return { space, appKey: key, path, key: recordKeyOf(path, host, space.schema), tags: named };
}

const noTags: readonly string[] = [];

/** Groups equal keys: each place once, with all its spellings. */
export function placesOf<K extends Key>(
  space: Space,
  keys: readonly K[],
  host: string,
): Map<DataPlace, K[]> {
  const byPath = new Map<string, { place: DataPlace; names: K[] }>();
  for (const key of keys) {
    const place = placeOf(space, key, host);
    const known = byPath.get(place.path);
    if (known === undefined) byPath.set(place.path, { place, names: [key] });
    else known.names.push(key);
  }
  return new Map([...byPath.values()].map(({ place, names }) => [place, names]));
}
