// The two kinds of changes: adds of a counter and puts of a buffer. Each kind defines how to merge
// changes, encode them in a slice, and apply them to the sink's value.
import type { Add, Put } from "./sinks/sink.ts";

/** A put with its order in the slice. The put with the highest sequence is the newest. */
export interface SequencedPut extends Put {
  /** Microseconds by the clock of the isolate. Unique for a set in an isolate. */
  readonly sequence: number;
}

/** The encoding of changes in a slice. */
export interface ChangeTexts<Change> {
  readonly name: "counter" | "buffer";
  readonly textOf: (change: Change) => string;
  /** Decodes a change. Returns `undefined` for an invalid text. */
  readonly changeIn: (key: string, text: string) => Change | undefined;
}

export interface ChangeKind<Change, Value> extends ChangeTexts<Change> {
  /** Merges two changes of one key in a batch. */
  readonly joined: (earlier: Change, later: Change) => Change;
  /**
   * The time that determines a batch's slice. A batch of adds belongs to the slice in which
   * it is sent, which may be an hour later if its request ends early. A batch of puts belongs to the
   * slice of its last put, so that it cannot overwrite later puts of other isolates.
   */
  readonly slicedAt: "sending" | "last-change";
  /** Returns the value after the change; `undefined` if the key then has no value. */
  readonly applied: (value: Value | undefined, change: Change) => Value | undefined;
}

export const adds: ChangeKind<Add, number> = {
  name: "counter",
  joined: (earlier, later) => (later.isReset ? later : { ...earlier, by: earlier.by + later.by }),
  slicedAt: "sending",
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
  slicedAt: "last-change",
  textOf: ({ sequence, value }) => `${sequence}${value === null ? "-" : `=${value}`}`,
  changeIn(key, text) {
    const [, sequence, sign, value] = /^(\d+)([-=])(.*)$/s.exec(text) ?? [];
    if (sequence === undefined || value === undefined) return undefined;
    return { key, value: sign === "-" ? null : value, sequence: Number(sequence) };
  },
  applied: (_, { value }) => value ?? undefined,
};
