// The two kinds of changes: adds of a counter, puts of a buffer. How each is joined, written into a slice,
// and added to what the sink holds.
import type { Add, Put } from "./sinks/sink.ts";

/** A put, with its place among all puts of its slice: the highest sequence is the newest. */
export interface SequencedPut extends Put {
  /** Microseconds by the clock of the isolate; in one isolate no two are the same. */
  readonly sequence: number;
}

/** How a slice holds the changes of a kind. */
export interface ChangeTexts<Change> {
  readonly name: "counter" | "buffer";
  readonly textOf: (change: Change) => string;
  /** @returns `undefined` for a text that is none of ours */
  readonly changeIn: (key: string, text: string) => Change | undefined;
}

export interface ChangeKind<Change, Value> extends ChangeTexts<Change> {
  /** Two changes of one key in one batch, as one. */
  readonly joined: (earlier: Change, later: Change) => Change;
  /** @returns the value after the change; `undefined`: there is none */
  readonly applied: (value: Value | undefined, change: Change) => Value | undefined;
}

export const adds: ChangeKind<Add, number> = {
  name: "counter",
  joined: (earlier, later) => (later.isReset ? later : { ...earlier, by: earlier.by + later.by }),
  textOf: ({ by, isReset }) => `${isReset ? "r" : ""}${by}`,
  changeIn(key, text) {
    const [, reset, by] = /^(r?)(-?\d+)$/.exec(text) ?? [];
    return by === undefined ? undefined : { key, by: Number(by), isReset: reset === "r" };
  },
  applied: (value, { by, isReset }) => (isReset ? by : (value ?? 0) + by),
};

export const puts: ChangeKind<SequencedPut, string> = {
  name: "buffer",
  joined: (earlier, later) => (later.sequence > earlier.sequence ? later : earlier),
  textOf: ({ sequence, value }) => `${sequence}${value === null ? "-" : `=${value}`}`,
  changeIn(key, text) {
    const [, sequence, sign, value] = /^(\d+)([-=])(.*)$/s.exec(text) ?? [];
    if (sequence === undefined || value === undefined) return undefined;
    return { key, value: sign === "-" ? null : value, sequence: Number(sequence) };
  },
  applied: (_, { value }) => value ?? undefined,
};
