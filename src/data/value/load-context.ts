// The context of a load: the stored value so far, and settings for the new one.
import type { Duration } from "../../config/written-route.ts";
import { OperatorError } from "../../base/operator-error.ts";
import { tagBytes, tagBytesMax } from "../../purge/journal/purge-target.ts";
import type { Frozen } from "./frozen.ts";
import type { Key } from "./key.ts";
import { msOf } from "./lifetime-text.ts";

/** The context of one value that is being loaded. */
export interface LoadContext<T> {
  /** Adds tags to the value, in addition to those of the namespace. */
  readonly tags: (...tags: readonly string[]) => void;
  /** Sets how long this value answers, instead of the namespace's `fresh`. */
  readonly fresh: (lifetime: Duration) => void;
  /** Returns the value to the caller without storing it. */
  readonly skip: () => void;
  /** Fails the load. The stale value answers if it may. */
  readonly fail: (reason?: string) => never;
  /** The stored value, if the source may confirm it; otherwise `undefined`. */
  readonly stale: Frozen<T> | null | undefined;
  /** Return its result instead of a value to confirm the stored value. Throws if there is none. */
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

/** Loads one value. Returns `null` if there is none. */
export type Load<T> = (context: LoadContext<T>) => T | null | Promise<T | null>;

/**
 * Loads missing values. The map has for each key a value, `null`, or an `Error` if the load of that key failed.
 */
export type LoadMany<T, K extends Key = Key> = (
  keys: readonly K[],
  context: LoadManyContext<T, K>,
) => ReadonlyMap<K, T | null | Error> | Promise<ReadonlyMap<K, T | null | Error>>;

/** A load that called `fail`. */
export class LoadFailed extends Error {
  override readonly name: string = "LoadFailed";
}

/** A load that took longer than `hardTimeoutMs`. */
export class LoadTimedOut extends LoadFailed {
  override readonly name = "LoadTimedOut";
}

/** Returned by a load instead of a value, to confirm the stored one. */
export const notModified: unique symbol = Symbol("not modified");

/** The settings that one load has made for its value. */
export class LoaderContext implements LoadContext<unknown> {
  readonly tagsNamed = new Set<string>();
  freshMs: number | undefined = undefined;
  isSkipped = false;
  readonly #staleNow: () => unknown;
  /** As first returned to the load. Whether it may be confirmed is checked again after the load. */
  #stale: { readonly value: unknown } | undefined = undefined;
  readonly signal: AbortSignal;

  /** @param stale returns the stored value, or `undefined` */
  constructor(stale: () => unknown, signal: AbortSignal) {
    this.#staleNow = stale;
    this.signal = signal;
  }

  // Properties, so that a load can destructure its context.
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
      why: "There is no older value, or a purge covers it.",
      hint: "Call it only if stale is not undefined.",
    });
  };
}

/**
 * Trims a tag, as is done for tags of pages.
 *
 * @throws OperatorError for a tag that no purge can name
 */
export function checkedTag(tag: string): string {
  const trimmed = typeof tag === "string" ? tag.trim() : "";
  if (trimmed !== "" && tagBytes(trimmed) <= tagBytesMax) return trimmed;
  throw new OperatorError({
    what: "A tag of data is refused.",
    why:
      trimmed === "" ? "It is empty, or not a string." : `It is longer than ${tagBytesMax} bytes.`,
    hint: "Use a short string, such as author:7, so that a purge can name it.",
  });
}
