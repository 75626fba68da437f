// The port of a sink: the application's database, to which flushes write the changes of a set.

/**
 * The position up to which a set's changes have been applied: all earlier slices, and in this slice
 * all keys up to `key`. Keys are in the order of their UTF-8 bytes.
 */
export interface Mark {
  /** The number of the slice. */
  readonly slice: number;
  /** The last applied key; `null` once the whole slice is applied. */
  readonly key: string | null;
}

/** The change of one key of a counter in a slice. */
export interface Add {
  readonly key: string;
  /** A whole number, which may be negative. */
  readonly by: number;
  /**
   * Whether the key was removed in the slice. `by` then replaces the database's value, instead of
   * being added to it.
   */
  readonly isReset: boolean;
}

/** The change of one key of a buffer in a slice. */
export interface Put {
  readonly key: string;
  /** The newest value, encoded; `null` if the key was removed. */
  readonly value: string | null;
}

/** A part of a slice, in the order of the keys. */
export interface Chunk<Change> {
  readonly set: string;
  readonly slice: number;
  /** At most 500 changes; may be empty. */
  readonly changes: readonly Change[];
  /** The new mark of the set. */
  readonly mark: Mark;
}

/** Values and the mark, as of one moment. */
export interface ReadFromSink<Value> {
  /** Omits keys that the database does not have. */
  readonly values: ReadonlyMap<string, Value>;
  /** `undefined` before the set's first chunk. */
  readonly mark: Mark | undefined;
}

export interface Sink<Change, Value> {
  /**
   * In one transaction, applies each change whose (slice, key) is past the set's mark, and moves the
   * mark, but never back. A chunk may be sent several times, even by several flushers at once.
   *
   * @throws if the database has not confirmed the chunk, which is then sent again. An error with
   *   `refusesRow: true` states that a row was refused, and that nothing was applied
   */
  apply(chunk: Chunk<Change>): Promise<void>;
  /** Reads values and mark in one statement, as of one moment. */
  read(set: string, keys: readonly string[]): Promise<ReadFromSink<Value>>;
}

/** The sink of a counter. A key without a row has the value 0. */
export interface CounterSink extends Sink<Add, number> {
  /** Returns the largest values in descending order; equal values in the order of their keys. */
  top(set: string, count: number): Promise<readonly (readonly [key: string, value: number])[]>;
}

/** The sink of a buffer. */
export type BufferSink = Sink<Put, string>;
