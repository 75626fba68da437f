// What may be said of an error that came from outside.

/** Which kind of error, never its text, which may quote addresses, commands or what was stored. */
export function errorName(cause: unknown): string {
  const name: unknown = cause instanceof Error ? cause.name : undefined;
  return typeof name === "string" ? name : "unknown";
}

/** Where an error arose, for the operator's log; its text may quote what must not be there. */
export function firstFrame(cause: unknown): string {
  const lines = cause instanceof Error ? (cause.stack ?? "").split("\n") : [];
  return lines.find((line) => line.trim().startsWith("at "))?.trim() ?? "no stack";
}
