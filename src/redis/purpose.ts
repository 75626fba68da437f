// What Redis is asked for: a word that each round trip is counted under.

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
  | "health";
