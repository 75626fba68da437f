// Describes errors for the log. The text of an external error may quote addresses, commands or stored data.
import { faultOf } from "./operator-error.ts";

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

/**
 * Returns the name of an error's class, and its first stack frame; for Tidemark's own errors the reason and the
 * fix. `what` of such an error may have the key of a value, so it is left out.
 */
export function describedError(cause: unknown): string {
  const fault = faultOf(cause);
  return `${errorName(cause)}: ${fault === undefined ? firstFrame(cause) : `${fault.why} ${fault.hint}`}`;
}
