// The lines of the log, and the log of an isolate, which limits the number of lines.
import { isWithinMs } from "../base/elapsed.ts";

/** The events. docs/logs.md lists all of them; a test checks this. */
export const logEvents = [
  "started",
  "start-refused",
  "fault",
  "purge",
  "purge-refused",
  "refresh-dropped",
  "hook",
  "operator-refused",
  "invalidation-lost",
  "outward",
  "switch",
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
  "part-failed",
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

const charsMax = 80;

/** Matches words and paths. Queries, mail addresses and encoded text need other characters. */
const plain = /^[\p{L}\p{N} .,;:#/()'"_-]*$/u;
/** Matches text that may be a key, a token or an IP address. */
const suspect = /[\p{L}\p{N}_-]{25,}|\d+\.\d+\.\d+\.\d+|[\da-f]*:[\da-f]*:/iu;

/**
 * Returns the first 80 characters; `undefined` if the reason is absent, or may contain a query, a
 * secret or an address. The journal's entry has the full text.
 */
export function loggedReason(reason: string | undefined): string | undefined {
  if (reason === undefined || reason === "") return undefined;
  if (!plain.test(reason) || suspect.test(reason)) return undefined;
  return reason.slice(0, charsMax);
}

const windowMs = 60_000;

/** The maximum number of lines per event and minute. */
const usualLinesMax = 60;
/**
 * Higher limits for events whose rate depends on operators (`purge`) or on the configuration
 * (`request`).
 */
const linesMax: Partial<Record<LogEvent, number>> = { purge: 600, request: 600 };

interface Window {
  readonly startedAtMs: number;
  lines: number;
  leftOut: number;
}

interface BoundedLogSettings {
  readonly write: Log;
  readonly nowAtMs: () => number;
  readonly version: string;
}

/** One instance per isolate. */
export class BoundedLog {
  readonly #settings: BoundedLogSettings;
  readonly #windows = new Map<LogEvent, Window>();
  /** The isolate's colo; `undefined` until a request or a variable provides it. */
  colo: string | undefined;

  constructor(settings: BoundedLogSettings) {
    this.#settings = settings;
  }

  /**
   * Writes a line, within its event's limit per minute. The first omitted line causes a line
   * `left-out` at once. After the minute, the next call writes another line `left-out`, with the
   * number of omitted lines.
   */
  readonly write: Log = (line) => {
    const atMs = this.#settings.nowAtMs();
    this.#endWindows(atMs);
    const window = this.#windowOf(line.event, atMs);
    const max = linesMax[line.event] ?? usualLinesMax;
    window.lines += 1;
    if (window.lines <= max) return this.#written(line, atMs);
    window.leftOut += 1;
    if (window.leftOut > 1) return;
    const message = `More than ${max} lines of "${line.event}" in a minute: Tidemark leaves out the others.`;
    this.#written({ event: "left-out", level: "warn", message, of: line.event, lines: null }, atMs);
  };

  #windowOf(event: LogEvent, atMs: number): Window {
    const known = this.#windows.get(event);
    if (known !== undefined) return known;
    const window = { startedAtMs: atMs, lines: 0, leftOut: 0 };
    this.#windows.set(event, window);
    return window;
  }

  /** Ends windows after a minute, and logs how many lines were omitted. */
  #endWindows(atMs: number): void {
    for (const [event, { startedAtMs, leftOut }] of this.#windows) {
      if (isWithinMs(windowMs, startedAtMs, atMs)) continue;
      this.#windows.delete(event);
      if (leftOut === 0) continue;
      const message = `${leftOut} lines of "${event}" were left out in a minute.`;
      this.#written({ event: "left-out", level: "warn", message, of: event, lines: leftOut }, atMs);
    }
  }

  #written({ event, level, message, ...fields }: LogLine, atMs: number): void {
    const { write, version } = this.#settings;
    const ts = new Date(atMs).toISOString();
    write({ ts, level, event, message, version, colo: this.colo, ...fields });
  }
}
