// The log of an isolate. It adds time, version and colo to each line, and limits the number of
// lines.
import { isWithinMs } from "../base/elapsed.ts";
import type { Log, LogEvent, LogLine } from "./log-line.ts";

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

export interface BoundedLogSettings {
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
