// What the driver of a run asks of a place, and what it is told, as JSON.
import type { FlushResult, SetKey } from "../../../src/data-cache.ts";

/** Adds to `sales` are durable, and those to `views` are not. */
export const setNames = ["sales", "views"] as const;
export type SetName = (typeof setNames)[number];

/** Of one call of `add`. */
export type OneAdd = readonly [key: number, by: number];

export type BehindCall =
  | { readonly op: "add"; readonly set: SetName; readonly adds: readonly OneAdd[] }
  | { readonly op: "read"; readonly set: SetName; readonly keys: readonly number[] }
  | { readonly op: "flush" };

/** What became of a durable add, as its caller was told. */
export type Told = "accepted" | "refused" | "in-doubt";

/** As `stats().sets` has them. */
export interface SettledCalls {
  readonly accepted: number;
  readonly lost: number;
  readonly inDoubt: number;
}

export interface BehindAnswer {
  /** Which isolate or process has answered. */
  readonly life: string;
  readonly settled: Readonly<Record<SetName, SettledCalls>>;
  /** Of durable adds, in their order. */
  readonly outcomes?: readonly Told[];
  /** Of the keys that were read, in their order. */
  readonly values?: readonly number[];
  readonly flushed?: Readonly<Record<string, FlushResult>>;
  /** The call was not done; the name and the message of the error. */
  readonly failed?: string;
}

export const keyOf = (key: number): SetKey => `article-${key}`;
