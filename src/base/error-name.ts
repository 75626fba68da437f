// Describes external errors without their text, which may quote addresses, commands or stored data.

/** Returns the name of an error's class. */
export function errorName(cause: unknown): string {
  const name: unknown = cause instanceof Error ? cause.name : undefined;
  return typeof name === "string" ? name : "unknown";
}

/** Returns the first stack frame of an error, for the operator's log. */
export function firstFrame(cause: unknown): string {
  const lines = cause instanceof Error ? (cause.stack ?? "").split("\n") : [];
  return lines.find((line) => line.trim().startsWith("at "))?.trim() ?? "no stack";
}
