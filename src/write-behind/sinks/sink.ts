// The port of a sink: the application's database, to which the flush of a set brings its changes.

/**
 * How far a set's changes have been applied: those of all earlier slices, and of this slice the keys up to
 * this one. Keys are in the order of their UTF-8 bytes.
 */
export interface Mark {
  /** Number of the slice of time. */
  readonly slice: number;
  /** The last key that was applied; `null` once all of the slice was. */
  readonly key: string | null;
}

/** What a slice holds for one key of a counter. */
export interface Add {
  readonly key: string;
  /** A whole number; it may be below 0. */
  readonly by: number;
  /** The key was removed within the slice: `by` is added to 0, and not to what the database holds. */
  readonly isReset: boolean;
}

/** What a slice holds for one key of a buffer. */
export interface Put {
  readonly key: string;
  /** The newest value, encoded; `null` where the key was removed. */
  readonly value: string | null;
}

/** A part of a slice, in the order of its keys. */
export interface Chunk<Change> {
  readonly set: string;
  readonly slice: number;
  /** 500 at most; it may be empty. */
  readonly changes: readonly Change[];
  /** What the set's mark becomes. */
  readonly mark: Mark;
}

/** Values, and the mark that stood beside them at the same moment. */
export interface ReadFromSink<Value> {
  /** Keys that the database does not hold are absent. */
  readonly values: ReadonlyMap<string, Value>;
  /** `undefined` before the set's first chunk. */
  readonly mark: Mark | undefined;
}

export interface Sink<Change, Value> {
  /**
   * In one transaction: applies each change whose (slice, key) lies past the set's mark, and then moves the
   * mark, never back. The same chunk may come again, also from several flushers at once.
   *
   * @throws if nobody knows whether the database has it; it is then sent again
   */
  apply(chunk: Chunk<Change>): Promise<void>;
  /** In one statement, so that values and mark are of one moment. */
  read(set: string, keys: readonly string[]): Promise<ReadFromSink<Value>>;
}

/** Of a counter: a key that it does not hold counts as 0. */
export interface CounterSink extends Sink<Add, number> {
  /** The largest values, the largest first; equal ones in the order of their keys. */
  top(set: string, count: number): Promise<readonly (readonly [key: string, value: number])[]>;
}

/** Of a buffer. */
export type BufferSink = Sink<Put, string>;
