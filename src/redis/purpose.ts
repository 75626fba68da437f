// Purposes under which Redis round trips are counted.

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
  /** Lists keys and heads of records, to show an operator what a purge would cover. */
  | "listing"
  | "metrics"
  | "health"
  /** The database's free space, and the ballast that is freed when it is full. */
  | "room"
  /** Writes a batch of changes into a slice. */
  | "write-behind, accepted"
  | "write-behind, read"
  | "write-behind, flushed";
