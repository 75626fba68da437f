// What an application says of a namespace of data: its options, their defaults, what is refused.
import * as z from "zod/mini";
import { dataTierNames, listed, reach, type TierName } from "../../config/tier-names.ts";
import { durationSeconds } from "../../config/duration.ts";
import { between, duration, fields } from "../../config/forms.ts";
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { type Codec, structuredJson } from "../../base/codec.ts";
import type { Key } from "./key.ts";
import type { LoadMany } from "./load-context.ts";

/** What is said of one namespace. */
export interface NamespaceOptions<T, K extends Key = Key> {
  /** How long a value answers after it was loaded. */
  readonly fresh: Duration;
  /** After that, how long it may still answer: while it is loaded anew, or if the load fails. */
  readonly stale?: Duration | undefined;
  /** How long `null` answers, which says that there is nothing; unless set, `null` is not stored. */
  readonly negative?: Duration | undefined;
  /** Raise it with the form of the values: one of another schema is never served. 0 unless set. */
  readonly schema?: number | undefined;
  /** Of each value, beside those that its load names; `null` has those of a list alone. */
  readonly tags?: readonly string[] | ((value: T, key: K) => readonly string[]) | undefined;
  /** The load for calls that bring none, and for values that are refreshed behind `get`. */
  readonly load?: LoadMany<T, K> | undefined;
  /** The cron trigger loads each of these keys if it is missing, or has the age of `refresh`. */
  readonly keys?: readonly K[] | (() => readonly K[] | Promise<readonly K[]>) | undefined;
  /** A value of this age or more is loaded anew behind the answer, and by the cron trigger. */
  readonly refresh?: Duration | undefined;
  /** A share of `fresh`, 0 to 1. Chance shortens each lifetime by up to this share; 0 unless set. */
  readonly jitter?: number | undefined;
  /** Calls at the same time share one load: in this isolate, or in the world, by a lease. */
  readonly collapse?: "isolate" | "global" | undefined;
  /** How long a call waits for a load where a stale value may answer instead; not at all unless set. */
  readonly softTimeoutMs?: number | undefined;
  /** How long a load may take. After that it is aborted, and has failed; 30,000 unless set. */
  readonly hardTimeoutMs?: number | undefined;
  /** How long a call waits for another isolate's load; 5,000 unless set. */
  readonly patienceMs?: number | undefined;
  /** After a failed load, how long the stale value answers before the next one; `"10s"` unless set. */
  readonly retryAfter?: Duration | undefined;
  /** All three unless set. */
  readonly tiers?: readonly TierName[] | undefined;
  /** In place of structured JSON. */
  readonly codec?: Codec<T> | undefined;
}

/** A namespace as it was checked, every option filled in. */
export interface Space {
  readonly name: string;
  readonly freshMs: number;
  readonly staleMs: number;
  readonly negativeMs: number | undefined;
  readonly schema: number;
  /** `null` bears what every value does. */
  readonly tagsOf: (value: unknown, key: Key) => readonly string[];
  readonly load: LoadMany<unknown> | undefined;
  /** `undefined` where the cron trigger keeps nothing loaded. */
  readonly keys: (() => readonly Key[] | Promise<readonly Key[]>) | undefined;
  readonly refreshMs: number | undefined;
  readonly jitter: number;
  readonly isGlobal: boolean;
  readonly softTimeoutMs: number;
  readonly hardTimeoutMs: number;
  readonly patienceMs: number;
  readonly retryAfterMs: number;
  readonly tiers: readonly TierName[];
  readonly codec: Codec;
}

const nameForm = /^[\w.-]{1,64}$/;

const isFunction = (value: unknown): boolean => typeof value === "function";

const codecForm = z.custom<Codec>(
  (codec: Partial<Codec> | null) =>
    typeof codec === "object" &&
    typeof codec?.name === "string" &&
    isFunction(codec.encode) &&
    isFunction(codec.decode),
  "must be { name, encode, decode }",
);

/** A timer of more than 24 days would end at once. */
const timerMs = z
  .number("must be a number of milliseconds, such as 200")
  .check(...between(1, 86_400_000, "a day"));

const form = fields("a namespace", {
  fresh: duration,
  stale: duration,
  negative: duration,
  schema: z.int("must be a whole number, such as 2"),
  tags: z.custom(
    (tags) =>
      isFunction(tags) || (Array.isArray(tags) && tags.every((tag) => typeof tag === "string")),
    "must be a list of tags, or a function that makes one of a value and its key",
  ),
  load: z.custom<LoadMany<unknown>>(isFunction, "must be a function of keys"),
  keys: z.custom(
    (keys) => isFunction(keys) || Array.isArray(keys),
    "must be a list of keys, or a function that gives one",
  ),
  refresh: duration,
  jitter: z.number("must be a number from 0 to 1").check(...between(0, 1)),
  collapse: z.enum(["isolate", "global"], 'must be "isolate" or "global"'),
  softTimeoutMs: timerMs,
  hardTimeoutMs: timerMs,
  patienceMs: timerMs,
  retryAfter: duration,
  tiers: z.readonly(
    z
      .array(
        z.enum(dataTierNames, `has a tier that is none of ${listed(dataTierNames)}`),
        'must be a list of tiers, such as ["memory", "shared"]',
      )
      .check(z.refine((names) => names.length > 0, "is empty")),
  ),
  codec: codecForm,
});

/** @throws OperatorError that names the namespace, each option that is wrong, and what would be right */
export function spaceOf<T, K extends Key>(name: string, options: NamespaceOptions<T, K>): Space {
  const faults = faultsOf(name, options);
  if (faults.length > 0) {
    throw new OperatorError({
      what: `The namespace ${JSON.stringify(name)} is refused.`,
      why: faults.join(" "),
      mend: 'Write cache.namespace("articles", { fresh: "5m" }), and correct the options named here.',
    });
  }
  const {
    tags = [],
    load,
    keys,
    codec = structuredJson,
    tiers = dataTierNames,
    ...given
  } = options;
  const ms = (written: string | undefined) => (durationSeconds(written) ?? 0) * 1_000;
  const { negative, refresh } = given;
  return {
    name,
    freshMs: ms(given.fresh),
    staleMs: ms(given.stale),
    negativeMs: negative === undefined ? undefined : ms(negative),
    schema: given.schema ?? 0,
    tagsOf: typeof tags === "function" ? ofValues(tags as TagsOf) : () => tags,
    load: load as LoadMany<unknown> | undefined,
    keys: typeof keys === "object" ? () => keys : keys,
    refreshMs: refresh === undefined ? undefined : ms(refresh),
    jitter: given.jitter ?? 0,
    isGlobal: given.collapse === "global",
    softTimeoutMs: given.softTimeoutMs ?? 0,
    hardTimeoutMs: given.hardTimeoutMs ?? 30_000,
    patienceMs: given.patienceMs ?? 5_000,
    retryAfterMs: ms(given.retryAfter ?? "10s"),
    tiers: dataTierNames.filter((tier) => tiers.includes(tier)),
    codec: codec as Codec,
  };
}

/** A function for tags is asked about values alone. */
function ofValues(tags: TagsOf): TagsOf {
  return (value, key) => (value === null ? [] : tags(value, key));
}

type TagsOf = Space["tagsOf"];

type Plain = Omit<NamespaceOptions<never>, "tags" | "codec" | "load" | "keys"> & {
  readonly load?: unknown;
  readonly keys?: unknown;
};

function faultsOf(name: string, options: Plain): string[] {
  const faults: string[] = [];
  if (!nameForm.test(name))
    faults.push("Its name is not 1 to 64 letters, digits, dots, dashes or _.");
  const checked = z.safeParse(form, options);
  const issues = checked.error?.issues ?? [];
  faults.push(
    ...issues.map(({ path, message }) => `${path.join(".") || "Its options"} ${message}.`),
  );
  if (issues.length > 0) return faults;
  if (options.fresh === undefined) faults.push("fresh is missing: how long does a value answer?");
  if (durationSeconds(options.fresh) === 0) faults.push("fresh is no time: nothing would be kept.");
  if (options.softTimeoutMs !== undefined && options.stale === undefined) {
    faults.push("softTimeoutMs needs a stale value to answer with: add stale.");
  }
  const { tiers = dataTierNames } = options;
  if (options.collapse === "global" && !reach(tiers, "world")) {
    faults.push('collapse: "global" shares by way of Redis: add "shared" to tiers.');
  }
  if (options.keys === undefined) return faults;
  if (options.load === undefined) faults.push("keys needs load, which the cron trigger calls.");
  if (options.refresh === undefined) {
    faults.push("keys needs refresh: at which age is a value loaded anew?");
  }
  if (!reach(tiers, "world")) {
    faults.push('keys needs "shared" in tiers: the cron trigger fills Redis, for all isolates.');
  }
  return faults;
}
