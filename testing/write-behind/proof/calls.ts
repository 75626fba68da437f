// The calls from the driver of a run to a place, and their answers, as JSON.
import type { FlushResult, SetKey } from "../../../src/write-behind/write-behind.ts";

/** The sets: adds to `sales` are durable, and those to `views` are not. */
export const setNames = ["sales", "views"] as const;
export type SetName = (typeof setNames)[number];

/** One add in a call of `add`. */
export type OneAdd = readonly [key: number, by: number];

export type BehindCall =
  | { readonly op: "add"; readonly set: SetName; readonly adds: readonly OneAdd[] }
  | { readonly op: "read"; readonly set: SetName; readonly keys: readonly number[] }
  | { readonly op: "flush" };

/** The outcome of a durable add. */
export type Told = "accepted" | "refused" | "in-doubt";

/** The counts in `stats()`. */
export interface SettledCalls {
  readonly accepted: number;
  readonly lost: number;
  readonly inDoubt: number;
}

export interface BehindAnswer {
  /** The isolate or process that answered. */
  readonly life: string;
  readonly settled: Readonly<Record<SetName, SettledCalls>>;
  /** The outcomes of durable adds, in order. */
  readonly outcomes?: readonly Told[];
  /** The values of the read keys, in order. */
  readonly values?: readonly number[];
  readonly flushed?: Readonly<Record<string, FlushResult>>;
  /** The name and message of the error, if the call failed. */
  readonly failed?: string;
}

export const keyOf = (key: number): SetKey => `article-${key}`;
