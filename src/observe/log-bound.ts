// The log of an isolate: adds the instant, the version and the colo to each line, and bounds the lines.
import { isWithinMs } from "../base/elapsed.ts";
import type { Log, LogEvent, LogLine } from "./log-line.ts";

const windowMs = 60_000;

/** Lines of one event in a minute. */
const usualLinesMax = 60;
/** For these events, an operator or a configured share decides how many lines there are. */
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

/** Lives as long as its isolate. */
export class BoundedLog {
  readonly #settings: BoundedLogSettings;
  readonly #windows = new Map<LogEvent, Window>();
  /** Where this isolate runs; `undefined` until a request, or a variable, has told. */
  colo: string | undefined;

  constructor(settings: BoundedLogSettings) {
    this.#settings = settings;
  }

  /** Writes the line, unless its event has used up its lines of this minute. Then a line tells how many are left out. */
  readonly write: Log = (line) => {
    const atMs = this.#settings.nowAtMs();
    this.#endWindows(atMs);
    const window = this.#windowOf(line.event, atMs);
    const max = linesMax[line.event] ?? usualLinesMax;
    window.lines += 1;
    if (window.lines <= max) return this.#written(line, atMs);
    window.leftOut += 1;
    if (window.leftOut > 1) return;
    const message = `There are more than ${max} lines of "${line.event}" in a minute: the others of it are left out.`;
    this.#written({ event: "left-out", level: "warn", message, of: line.event, lines: null }, atMs);
  };

  #windowOf(event: LogEvent, atMs: number): Window {
    const known = this.#windows.get(event);
    if (known !== undefined) return known;
    const window = { startedAtMs: atMs, lines: 0, leftOut: 0 };
    this.#windows.set(event, window);
    return window;
  }

  /** A clock that was set back ends none for longer than it is off. */
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
