// The context of a load: the stored value, and settings for the new value. Also the options of one call.
import { OperatorError } from "../../base/operator-error.ts";
import { tagBytes, tagBytesMax, quoted } from "../../protocol/purge-order.ts";
import type { ValueReads } from "../../cache/record/record.ts";
import type { Frozen } from "./frozen.ts";
import { type Key, PathMap } from "./data-key.ts";
import { type DataDuration, msOf } from "./lifetime-text.ts";

/** The context of one value during its load. */
export interface LoadContext<T> {
  /** Adds tags to the value, in addition to those of the namespace. */
  readonly tags: (...tags: readonly string[]) => void;
  /**
   * Sets how long this value answers, also `null`, instead of the namespace's lifetimes. A time below 0, such as
   * that until a token expires, is 0.
   */
  readonly fresh: (lifetime: DataDuration) => void;
  /** Returns the value to the caller without storing it. */
  readonly skip: () => void;
  /** Fails the load. A stale value then answers if its lifetimes and purges allow it. */
  readonly fail: (reason?: string) => never;
  /** The stored value, if the source may confirm it; otherwise `undefined`. */
  readonly stale: Frozen<T> | null | undefined;
  /**
   * Confirms the stored value: return this function's result instead of a value. Throws if there is
   * no value to confirm.
   */
  readonly notModified: () => never;
  /** Aborted when the load times out. */
  readonly signal: AbortSignal;
}

/** The context of values that are loaded together. */
export interface LoadManyContext<T, K extends Key = Key> {
  /** @param key as passed to the load */
  readonly of: (key: K) => LoadContext<T>;
  readonly signal: AbortSignal;
}

/** Loads one value. Returns `null` if the value does not exist. */
export type Load<T, V = T | null> = (context: LoadContext<T>) => V | Promise<V>;

/**
 * Loads missing values. The map contains, for each key, a value, `null`, or an `Error` if the load
 * of that key failed. The option `missing` defines the meaning of a key that the map lacks.
 */
export type LoadMany<T, K extends Key = Key, Absent extends null = null> = (
  keys: readonly K[],
  context: LoadManyContext<T, K>,
) => ReadonlyMap<K, T | Absent | Error> | Promise<ReadonlyMap<K, T | Absent | Error>>;

/** Returns a load of several values that calls a load of one value for each key. */
export function ofOne<T, V>(load: Load<T, V>): LoadMany<unknown> {
  return async (keys, context) => {
    const loaded = new Map<Key, unknown>();
    for (const key of keys) loaded.set(key, await load(context.of(key) as LoadContext<T>));
    return loaded;
  };
}

/**
 * Returns the map of a load of several values.
 *
 * @throws OperatorError for another answer, such as the list of a DataLoader
 */
export function mapOf(answer: ReadonlyMap<Key, unknown> | null | undefined): PathMap<Key, unknown> {
  // A map of another realm is no instance of this one's `Map`.
  if (typeof answer?.get === "function") return new PathMap(answer);
  throw new OperatorError({
    what: "A load of several values failed.",
    why: "It returned no Map.",
    hint: "Return a Map with the value of each key. A list does not name the keys.",
  });
}

/** The meaning of a key that is absent from a load's map. */
export type MissingKeyPolicy = "absent" | "error";

/** Returns a load whose map also contains the keys that the source lacks. */
export function completedBy(missing: MissingKeyPolicy, load: LoadMany<unknown>): LoadMany<unknown> {
  if (missing === "error") return load;
  return async (keys, context) => {
    const found = mapOf(await load(keys, context));
    return new Map(keys.map((key) => [key, found.has(key) ? found.get(key) : null]));
  };
}

/** The error of a load that called `fail`. */
export class LoadFailed extends Error {
  override readonly name: string = "LoadFailed";
}

/** The error of a load that took longer than `hardTimeoutMs`. */
export class LoadTimedOut extends LoadFailed {
  override readonly name = "LoadTimedOut";
}

/** Result of a load that confirms the stored value. */
export const notModified: unique symbol = Symbol("not modified");

/** The context that a load receives for one value. It holds the settings that the load chooses. */
export class LoaderContext implements LoadContext<unknown> {
  readonly tagsNamed = new Set<string>();
  freshMs: number | undefined = undefined;
  /** The option `fresh` of the call, which does not apply to `null`. */
  valueFreshMs: number | undefined = undefined;
  staleMs: number | undefined = undefined;
  isSkipped = false;
  /** The values that the load has read; `undefined` before its end. */
  reads: ValueReads | undefined = undefined;
  readonly #staleNow: () => unknown;
  #hasEnded = false;
  /**
   * The stored value as first returned to the load. Whether the load may confirm it is checked
   * again after the load.
   */
  #stale: { readonly value: unknown } | undefined = undefined;
  readonly #signalOf: () => AbortSignal;

  /** @param stale returns the stored value, or `undefined` */
  constructor(stale: () => unknown, signalOf: () => AbortSignal) {
    this.#staleNow = stale;
    this.#signalOf = signalOf;
  }

  get signal(): AbortSignal {
    return this.#signalOf();
  }

  /**
   * Adds the tags of the values that the load has read, and refuses later calls of the context, which would have no
   * effect. A value made of a stale one, or of too many, is not stored.
   */
  end(reads: ValueReads): void {
    this.reads = reads;
    for (const name of reads.names) this.tagsNamed.add(name);
    this.isSkipped ||= reads.isStale || reads.areTooMany;
    this.#hasEnded = true;
  }

  #check(call: string): void {
    if (!this.#hasEnded) return;
    throw new OperatorError({
      what: `A load has called ${call}() after its end, which has no effect.`,
      why: "The value is made, and its tags and lifetime are fixed, when the load returns.",
      hint: `Call ${call}() before the load returns: wait for the work that decides it.`,
    });
  }

  // Properties, so that a load can destructure its context.
  readonly tags = (...tags: readonly string[]): void => {
    this.#check("tags");
    for (const tag of tags) this.tagsNamed.add(checkedTag(tag));
  };

  readonly fresh = (lifetime: DataDuration): void => {
    this.#check("fresh");
    this.freshMs = typeof lifetime === "number" && lifetime < 0 ? 0 : msOf(lifetime);
  };

  readonly skip = (): void => {
    this.#check("skip");
    this.isSkipped = true;
  };

  readonly fail = (reason = "The load has failed."): never => {
    throw new LoadFailed(reason);
  };

  get stale(): unknown {
    this.#stale ??= { value: this.#staleNow() };
    return this.#stale.value;
  }

  readonly notModified = (): never => {
    if (this.stale !== undefined) return notModified as never;
    throw new OperatorError({
      what: "notModified() was called without an older value.",
      why: "There is no older value, or a purge covers it.",
      hint: "Call it only if stale is not undefined.",
    });
  };
}

/**
 * Trims a tag, like the tags of pages.
 *
 * @throws OperatorError for a tag that no purge can name
 */
export function checkedTag(tag: string): string {
  const trimmed = typeof tag === "string" ? tag.trim() : "";
  if (trimmed !== "" && tagBytes(trimmed) <= tagBytesMax) return trimmed;
  throw new OperatorError({
    what: "A tag of data is invalid.",
    why:
      trimmed === "" ? "It is empty, or not a string." : `It is longer than ${tagBytesMax} bytes.`,
    hint: "Use a short string, such as author:7, so that a purge can name it.",
  });
}

/** Options of `getOrSet`. `fresh` and `stale` apply only if this call loads the value. */
export interface CallOptions {
  /**
   * Replaces the namespace's `fresh`. A load that calls `fresh` of its context overrides this
   * option. `null` keeps the lifetime `negative` of the namespace.
   */
  readonly fresh?: DataDuration | undefined;
  /** Replaces the namespace's `stale`. */
  readonly stale?: DataDuration | undefined;
  /**
   * Tags in addition to those of the namespace and of the load. A purge of one of them covers a stored value for this
   * call, even if the value was stored without the tag.
   */
  readonly tags?: readonly string[] | undefined;
  /** Whether to load even if a value is stored or another call is loading it. */
  readonly forceFresh?: boolean | undefined;
  /**
   * Aborting the signal rejects the call with the signal's reason. A running load continues, and
   * its value is stored. If the signal is already aborted, no load begins.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Returns a load whose values have these lifetimes.
 *
 * @throws OperatorError for an invalid duration
 */
export function withLifetimes(
  load: LoadMany<unknown>,
  { fresh, stale }: Pick<CallOptions, "fresh" | "stale">,
): LoadMany<unknown> {
  if (fresh === undefined && stale === undefined) return load;
  const valueFreshMs = fresh === undefined ? undefined : msOf(fresh);
  const staleMs = stale === undefined ? undefined : msOf(stale);
  return async (keys, context) => {
    for (const key of keys) {
      Object.assign(context.of(key) as LoaderContext, { valueFreshMs, staleMs });
    }
    return load(keys, context);
  };
}

const optionsOf = {
  getOrSet: ["fresh", "stale", "tags", "forceFresh", "signal"],
  getOrSetMany: ["missing"],
  lookUp: ["tags"],
  purge: ["tags", "keys", "urls", "prefixes", "everything", "soft", "refresh", "reason"],
  set: ["fresh", "stale", "tags", "everywhere", "start", "endsTags"],
  wrap: ["key"],
  write: ["fresh", "stale", "tags"],
} as const;

const lists: readonly string[] = ["tags", "endsTags", "keys", "urls", "prefixes"];
const flags: readonly string[] = ["forceFresh", "everywhere", "everything", "soft"];

/**
 * @throws OperatorError for options that are no object, an option that the call does not have, names without a list,
 *   and a flag or a start in another form
 */
export function checkOptions(call: keyof typeof optionsOf, given: object): void {
  const known: readonly string[] = optionsOf[call];
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    const hint = `Write an object with some of these: ${known.join(", ")}.`;
    throw invalidCall(call, "Its options are not an object.", hint);
  }
  for (const name in given) {
    const value: unknown = Reflect.get(given, name);
    if (!known.includes(name)) {
      throw new OperatorError({
        what: `A call of \`${call}\` is invalid: ${quoted(name)}.`,
        why: "It has a field that is none of its options.",
        hint: `Use only these: ${known.join(", ")}.`,
      });
    }
    if (value === undefined) continue;
    if (lists.includes(name) && !Array.isArray(value)) {
      const hint = `Write a list, also of one name: ${name}: ["…"].`;
      throw invalidCall(call, `${name} is not a list.`, hint);
    }
    if (flags.includes(name) && typeof value !== "boolean") {
      throw invalidCall(call, `${name} is not a boolean.`, "Write true or false.");
    }
    // Without `await`, it is a promise.
    if (name === "start" && !("stamp" in Object(value))) {
      const hint = "Pass a start of the result of lookUp, or await cache.start().";
      throw invalidCall(call, "start is not the start of a load.", hint);
    }
  }
}

/** @throws OperatorError if a parameter is not a function, such as the promise of a started load */
export function checkFunction(call: string, name: string, given: unknown): void {
  if (typeof given === "function") return;
  const hint = "Pass a function, such as () => readArticle(42).";
  throw invalidCall(call, `${name} is not a function.`, hint);
}

function invalidCall(call: string, why: string, hint: string): OperatorError {
  return new OperatorError({ what: `A call of \`${call}\` is invalid.`, why, hint });
}
