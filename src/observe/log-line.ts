// The form of a line of the log: fields for an operator's tools, and a message for people.

/** What a line is about. docs/logs.md has all of them, and a test holds it to this list. */
export const logEvents = [
  "started",
  "start-refused",
  "fault",
  "purge",
  "purge-refused",
  "hook",
  "operator-refused",
  "invalidation-lost",
  "switch",
  "breaker",
  "credentials",
  "database",
  "cache-api",
  "kv",
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

/** `warn`: something is wrong, and pages go on. `error`: somebody was answered with a failure. */
export type LogLevel = "info" | "warn" | "error";

/** `undefined` is left out. */
export type LogValue = string | number | boolean | null | undefined;

/** No value of it holds a secret, a cookie, a query, an address of a person or of an origin. */
export interface LogLine {
  readonly event: LogEvent;
  readonly level: LogLevel;
  /** Whole sentences, for people. */
  readonly message: string;
  readonly [field: string]: LogValue;
}

/** Tells the operator a line. It is called at any time and never throws. */
export type Log = (line: LogLine) => void;

/** The same log for one part: its name goes before each message, and `part` names it for tools. */
export function logOf(part: string, log: Log): Log {
  const name = part.replaceAll("-", " ");
  const title = name.charAt(0).toUpperCase() + name.slice(1);
  return (line) => log({ ...line, message: `${title}: ${line.message}`, part });
}
