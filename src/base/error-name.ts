// Describes external errors without their text, which may quote addresses, commands or stored data.

/** Returns the name of an error's class. */
export function errorName(cause: unknown): string {
  const name: unknown = cause instanceof Error ? cause.name : undefined;
  return typeof name === "string" ? name : "unknown";
}

/**
 * Returns the first stack frame of an error, for the operator's log; `no stack` if the stack lacks the
 * message. The frames follow the message, whose own lines may look like frames.
 */
export function firstFrame(cause: unknown): string {
  if (!(cause instanceof Error)) return "no stack";
  const [message, stack] = [cause.message, cause.stack].map(String) as [string, string];
  const messageAt = stack.indexOf(message);
  const frames = messageAt < 0 ? "" : stack.slice(messageAt + message.length);
  return /\n *(at .*)/.exec(frames)?.[1] ?? "no stack";
}
