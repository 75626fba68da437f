// What may be said of an error that came from outside.

/** Which kind of error, never its text, which may quote addresses, commands or what was stored. */
export function errorName(cause: unknown): string {
  return cause instanceof Error ? cause.name : "unknown";
}
