// What a load is given: what stands in the cache so far, and a way to say how its value is to be kept.
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { tagBytes, tagBytesMax } from "../../purge/journal/purge-target.ts";
import type { Frozen } from "./frozen.ts";
import type { Key } from "./key.ts";
import { msOf } from "./lifetime-text.ts";

/** Of one value that is being loaded. */
export interface LoadContext<T> {
  /** Names tags by which the value can be purged, beside those of the namespace. */
  readonly tags: (...tags: readonly string[]) => void;
  /** How long this value answers, in place of the namespace's `fresh`. */
  readonly fresh: (lifetime: Duration) => void;
  /** The value is handed out, and not stored. */
  readonly skip: () => void;
  /** Ends the load as failed: the stale value answers, if there is one that may. */
  readonly fail: (reason?: string) => never;
  /** The older value, if the source may be asked whether it still holds; `undefined` otherwise. */
  readonly stale: Frozen<T> | null | undefined;
  /** Return its result in place of a value: the older value still holds. Throws if there is none. */
  readonly notModified: () => never;
  /** Aborted when the load has taken as long as it may. */
  readonly signal: AbortSignal;
}

/** Of values that are loaded together. */
export interface LoadManyContext<T, K extends Key = Key> {
  /** @param key as it was given to the load */
  readonly of: (key: K) => LoadContext<T>;
  readonly signal: AbortSignal;
}

/** Loads one value; `null` says that there is none. */
export type Load<T> = (context: LoadContext<T>) => T | null | Promise<T | null>;

/**
 * Loads missing values. For each key the map has a value, or `null`, or an `Error` if the load of that key
 * has failed.
 */
export type LoadMany<T, K extends Key = Key> = (
  keys: readonly K[],
  context: LoadManyContext<T, K>,
) => ReadonlyMap<K, T | null | Error> | Promise<ReadonlyMap<K, T | null | Error>>;

/** A load has failed by its own word. */
export class LoadFailed extends Error {
  override readonly name: string = "LoadFailed";
}

/** A load has taken longer than `hardTimeoutMs`. */
export class LoadTimedOut extends LoadFailed {
  override readonly name = "LoadTimedOut";
}

/** Stands for the older value. */
export const notModified: unique symbol = Symbol("not modified");

/** What one load has said of its value. */
export class Saying implements LoadContext<unknown> {
  readonly tagsNamed = new Set<string>();
  freshMs: number | undefined = undefined;
  isSkipped = false;
  readonly #staleNow: () => unknown;
  /** As it was first handed out: whether it may still be confirmed is asked again at the end. */
  #stale: { readonly value: unknown } | undefined = undefined;
  readonly signal: AbortSignal;

  /** @param stale gives the older value, or `undefined` */
  constructor(stale: () => unknown, signal: AbortSignal) {
    this.#staleNow = stale;
    this.signal = signal;
  }

  // Properties, so that a load may take them out of its context.
  readonly tags = (...tags: readonly string[]): void => {
    for (const tag of tags) this.tagsNamed.add(checkedTag(tag));
  };

  readonly fresh = (lifetime: string): void => {
    this.freshMs = msOf(lifetime);
  };

  readonly skip = (): void => {
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
      why: "There is none, or a purge covers it.",
      mend: "Call it only if stale is not undefined.",
    });
  };
}

/**
 * @returns the tag without white space around it, as tags of pages are stored
 * @throws OperatorError for a tag that no purge could name
 */
export function checkedTag(tag: string): string {
  const trimmed = typeof tag === "string" ? tag.trim() : "";
  if (trimmed !== "" && tagBytes(trimmed) <= tagBytesMax) return trimmed;
  throw new OperatorError({
    what: "A tag of data is refused.",
    why: trimmed === "" ? "It is empty, or no text." : `It is over ${tagBytesMax} bytes.`,
    mend: "Name a shorter text, such as author:7: no purge could name this one.",
  });
}
