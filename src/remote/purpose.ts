// The purposes by which calls are counted: Redis commands, and calls to Durable Objects.

export type CallPurpose =
  | "look-up"
  | "fill"
  | "Vary marker"
  | "freshening"
  | "removal"
  | "lock"
  | "journal read"
  | "journal read at the primary"
  /** Opens a stream of hints of new entries. */
  | "journal hints"
  | "journal mark"
  | "purge, written"
  | "purge, read back"
  | "hot keys"
  /** Reads the secret of the names of records. */
  | "secret"
  | "probe"
  | "switch"
  /** Reads and changes the states of targets of outward purges. */
  | "outward"
  /** Lists keys and heads of records, to show an operator what a purge would cover. */
  | "listing"
  | "metrics"
  | "health"
  /** Checks free space; creates the ballast, and deletes it if the database is full. */
  | "room"
  /** Writes a batch of changes into a slice. */
  | "write-behind, accepted"
  | "write-behind, read"
  | "write-behind, flushed";

/** Returns the purpose of a write of a record. */
export function purposeOf(
  { kind }: { readonly kind: "response" | "vary" },
  { body }: { readonly body: "unchanged" | "new" },
): CallPurpose {
  if (kind === "vary") return "Vary marker";
  return body === "unchanged" ? "freshening" : "fill";
}
