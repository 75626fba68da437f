// The kinds of changes: adds of a counter and puts of a buffer. Each kind defines how to merge
// changes, encode them in a slice, and apply them to the sink's value.
import type { Add, Put } from "./sinks/sink.ts";

/** A put and its sequence. Within a slice, a key's put with the highest sequence is the newest. */
export interface SequencedPut extends Put {
  /** Microseconds by the isolate's clock, raised if necessary to increase with each put of a set. */
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
   * The time that selects a batch's slice. `sending`: the time when the batch is full or first sent.
   * This may be an hour after its changes if their request ended. `last-change`: the time of its
   * last change, so that the batch cannot overwrite later puts of other isolates.
   */
  readonly slicedAt: "sending" | "last-change";
  /** Returns the value after the change; `undefined` if the change removes the value. */
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
