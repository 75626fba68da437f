// The purposes of Redis commands: each round trip is counted under one of these words.

/** Named by whoever sends a round trip. */
export type RedisPurpose =
  | "look-up"
  | "fill"
  | "Vary marker"
  | "freshening"
  | "removal"
  | "lease"
  | "journal read"
  | "journal read at the primary"
  | "journal mark"
  | "purge, written"
  | "purge, read back"
  | "hot keys"
  | "probe"
  | "switch"
  /** What a purge would cover: keys and heads of records, for an operator. */
  | "listing"
  | "metrics"
  | "health"
  /** How full the database is, and the ballast that is freed when it is full. */
  | "room"
  /** A batch of changes, into a slice of Redis. */
  | "write-behind, accepted"
  | "write-behind, read"
  | "write-behind, flushed";
