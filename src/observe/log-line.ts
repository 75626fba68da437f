// The lines of the log, and the log of an isolate, which limits the number of lines.
import { isWithinMs } from "../base/elapsed.ts";

/** The events, with what each says. */
export const logEvents = [
  /** An isolate has started, with its routes, tiers and faults. */
  "started",
  /** The Worker cannot start, because the configuration or a variable is invalid. */
  "start-refused",
  /** A binding, a setting or a secret disables a feature. */
  "fault",
  /**
   * A purge was accepted. `by` is its sender: `admin` (with `ADMIN_TOKEN`), `signed-request` (with
   * `PURGE_SECRET`), `hook:<name>` (a hook) or `varnish` (the dialect of Varnish).
   */
  "purge",
  /**
   * A purge was refused. `rule` is the reason: `not-signed`, `signature` (wrong, or without `PURGE_SECRET`),
   * `timestamp`, `malformed`, `too-large`, `too-slow`, `not-allowed`, `id-reused`, `mapping-failed` or
   * `unavailable`. At most one line a second for each; `leftOut` counts the refusals without a line.
   */
  "purge-refused",
  /**
   * Pages of `refresh` in a purge were given up.
   * @see docs/warming.md#after-a-purge
   */
  "refresh-dropped",
  /** The mapping of a hook failed, or the second purge of a webhook was not accepted. */
  "hook",
  /** A credential of an operator or of a sender of purges is wrong. */
  "operator-refused",
  /**
   * Purges that an answer to an unsafe method caused did not reach the journal.
   * @see docs/purging.md#invalidation-by-unsafe-requests
   */
  "invalidation-lost",
  /**
   * A target of outward purges fails, confirms purges again, or got a purge of everything.
   * @see docs/outward.md
   */
  "outward",
  /**
   * The switch was changed. `how` is `posted` or `learnt`.
   * @see docs/purging.md#the-switch
   */
  "switch",
  /**
   * The circuit breaker of a store or an origin has opened, or closed again.
   * @see docs/origin-load.md#an-origin-that-is-down
   */
  "breaker",
  /** The store refuses the token, as Upstash does after a rotation. */
  "credentials",
  /** Any other trouble of Redis or a Durable Object. */
  "database",
  /** Trouble of the Cache API, or it stores nothing. */
  "cache-api",
  /** Trouble of R2. */
  "r2",
  /** An origin cannot be reached, is slow, or sends invalid answers. */
  "origin",
  /** Loads of a namespace of data fail, or its values cannot be stored. */
  "data-load",
  /** The journal did not accept the purge of written keys. */
  "data-write",
  /**
   * Changes or flushes of a counter or a buffer fail. Only these lines quote errors of the sink's
   * database, without values.
   * @see docs/sinks.md#tables
   */
  "write-behind",
  /** The rate limiter `ORIGIN_LIMITER` does not answer, so no client is limited. */
  "rate-limiter",
  /**
   * Requests for an origin come back to this Worker.
   * @see docs/requests.md#loops
   */
  "loop",
  /** The first tag of an isolate over 256 bytes, which no purge can name. */
  "tag-too-long",
  /** The function `tags` of a route failed. */
  "tags-failed",
  /** The handler of an origin threw an error. */
  "handler-failed",
  /** A request failed, and its client got 500. */
  "request-failed",
  /** Work after an answer failed. */
  "background-failed",
  /** The function `onRequest` or `onEvent` threw an error. */
  "listener-failed",
  /**
   * A part of a route threw an error.
   * @see docs/package.md#parts
   */
  "part-failed",
  /** A report with counts of an isolate was lost. */
  "report-lost",
  /**
   * A finding of health began or ended.
   * @see docs/health.md
   */
  "finding",
  /**
   * A request of the share that `logs.sample` sets.
   * @see docs/logs.md#single-requests
   */
  "request",
  /** Lines of the event in `of` were left out, because there were too many in a minute. */
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
