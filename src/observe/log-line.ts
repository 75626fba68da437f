// The form of a log line: fields for programs, and a message for people.

/** The events. docs/logs.md lists all of them; a test checks this. */
export const logEvents = [
  "started",
  "start-refused",
  "fault",
  "purge",
  "purge-refused",
  "purge-probe",
  "hook",
  "operator-refused",
  "invalidation-lost",
  "outward",
  "switch",
  "seal",
  "breaker",
  "credentials",
  "database",
  "cache-api",
  "r2",
  "origin",
  "data-load",
  "data-write",
  "write-behind",
  "rate-limiter",
  "loop",
  "tag-too-long",
  "tags-failed",
  "handler-failed",
  "request-failed",
  "background-failed",
  "listener-failed",
  "report-lost",
  "finding",
  "request",
  "left-out",
] as const;

export type LogEvent = (typeof logEvents)[number];

/**
 * `warn`: something is wrong, or was changed by hand, but requests are answered. `error`: a
 * request, background work or an application's function failed, or the Worker cannot start.
 */
export type LogLevel = "info" | "warn" | "error";

/** A field whose value is `undefined` is left out. */
export type LogValue = string | number | boolean | null | undefined;

/** A log line contains no secret, no cookie, no query, and no address of a client or an origin. */
export interface LogLine {
  readonly event: LogEvent;
  readonly level: LogLevel;
  /** Whole sentences. */
  readonly message: string;
  readonly [field: string]: LogValue;
}

/** Writes a line. May be called at any time, and never throws. */
export type Log = (line: LogLine) => void;

/**
 * Returns a log for one part of the Worker. The log prefixes messages with the part's name, and
 * sets the field `part`.
 */
export function logOf(part: string, log: Log): Log {
  const name = part.replaceAll("-", " ");
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return (line) => log({ ...line, message: `${title}: ${line.message}`, part });
}
