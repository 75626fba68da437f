// Streams an access log, compressed or not, in the order of its times, with limited memory.
import { addAbortSignal, pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { CommandError, failure, interruption, usageError } from "../command-error.ts";
import { type FormatName, formatOf, formats, type LogEntry } from "./formats.ts";

/** The lines of a log, by their fate. */
export interface LinesRead {
  format: FormatName;
  /** The lines with requests. */
  requests: number;
  /** The lines of events that are no requests. */
  others: number;
  /** The lines that cannot be read. */
  bad: number;
  /** The first of them. */
  readonly firstBad: { readonly number: number; readonly text: string }[];
  /** The requests that are too far behind earlier ones, and count at the time of these. */
  late: number;
  /** The requests whose line says whether a cache answered, and those that one answered. */
  judged: number;
  hits: number;
}

interface ReadSettings {
  /** The name in errors. */
  readonly name: string;
  readonly format: FormatName | undefined;
  /** Receives the requests in the order of their times. */
  readonly play: (entry: LogEntry) => void;
  readonly interrupted?: AbortSignal;
}

/** Twice the longest line that a server writes. */
const lineCharsMax = 65_536;
/** The share of lines that may be malformed. */
const badShareMax = 0.2;
const firstBadMax = 3;
/** The lines that decide the format. */
const sampledLines = 50;
/** The requests that are sorted: servers write a line at the end of its request. */
const sortedCount = 2_000;

/**
 * @param stream the bytes of the log, plain or as gzip
 * @throws CommandError if the stream fails, the format is unknown, or too many lines are malformed
 */
export async function readLog(stream: Readable, settings: ReadSettings): Promise<LinesRead> {
  const { name, interrupted } = settings;
  const lines = new LogLines(settings);
  try {
    if (interrupted !== undefined) addAbortSignal(interrupted, stream);
    const decoder = new TextDecoder();
    for await (const chunk of await unpacked(stream)) {
      lines.add(decoder.decode(chunk, { stream: true }));
    }
  } catch (cause) {
    if (interrupted?.aborted === true) throw interruption("Nothing was simulated.");
    if (cause instanceof CommandError) throw cause;
    const why = `${cause instanceof Error ? cause.message : String(cause)}.`;
    const hint = "Check the path, and that the file is complete.";
    throw failure({ what: `${name} cannot be read.`, why, hint }, "failed", cause);
  }
  return lines.end();
}

/** Unpacks gzip, which the first two bytes show. */
async function unpacked(stream: Readable): Promise<AsyncIterable<Uint8Array>> {
  const chunks: AsyncIterator<string | Uint8Array> = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, Buffer.from(next.value)]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) yield Buffer.from(chunk);
  }
  const isGzip = head[0] === 0x1f && head[1] === 0x8b;
  return isGzip ? pipeline(Readable.from(whole()), createGunzip(), () => undefined) : whole();
}

class LogLines {
  readonly #settings: ReadSettings;
  readonly #counts = { requests: 0, others: 0, bad: 0, late: 0, judged: 0, hits: 0 };
  readonly #firstBad: LinesRead["firstBad"] = [];
  #format: FormatName | undefined;
  /** Whole lines, until the first of them have decided the format. */
  #lines: string[] = [];
  #rest = "";
  #number = 0;
  #waiting: LogEntry[] = [];
  #playedAtMs = -Infinity;

  constructor(settings: ReadSettings) {
    this.#settings = settings;
    this.#format = settings.format;
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    // One character more than the limit is enough to refuse the line at its end.
    this.#rest = (lines.pop() ?? "").slice(0, lineCharsMax + 1);
    for (const line of lines) this.#lines.push(line);
    if (this.#format !== undefined || this.#lines.length >= sampledLines) this.#parse();
  }

  end(): LinesRead {
    this.#lines.push(this.#rest);
    this.#parse();
    this.#playFirst(this.#waiting.length);
    const [format, firstBad] = [this.#format ?? "common", this.#firstBad];
    const { requests, others, bad } = this.#counts;
    if (bad > badShareMax * (requests + others + bad)) {
      throw failure({
        what: `${this.#settings.name} is not in the format ${format}.`,
        why: `${bad} lines cannot be read, first ${placesOf(firstBad)}.`,
        hint: "Pass --format with the log's format, or remove these lines.",
      });
    }
    return { format, firstBad, ...this.#counts };
  }

  #parse(): void {
    const lines = this.#lines;
    this.#lines = [];
    this.#format ??= this.#formatOf(lines.slice(0, sampledLines));
    for (const line of lines) this.#line(line.endsWith("\r") ? line.slice(0, -1) : line);
  }

  #formatOf(lines: readonly string[]): FormatName | undefined {
    const format = formatOf(lines.filter(({ length }) => length <= lineCharsMax));
    if (format !== undefined || lines.every((line) => line.trim() === "")) return format;
    throw usageError({
      what: `${this.#settings.name} is in an unknown format.`,
      why: "Its first lines are neither Common nor Combined, nor JSON of Logpush or Tidemark.",
      hint: "Convert the log to Combined in UTF-8, or pass --format to see the malformed lines.",
    });
  }

  #line(line: string): void {
    this.#number += 1;
    if (line === "") return;
    const isLong = line.length > lineCharsMax;
    const entry = isLong ? undefined : formats[this.#format ?? "common"](line);
    if (entry === undefined) {
      const text = isLong ? "a line of over 64 KiB" : line.slice(0, 60);
      if (this.#firstBad.length < firstBadMax) this.#firstBad.push({ number: this.#number, text });
      this.#counts.bad += 1;
    } else if (entry === "other") {
      this.#counts.others += 1;
    } else {
      this.#counts.requests += 1;
      if (entry.wasHit !== undefined) this.#counts.judged += 1;
      if (entry.wasHit === true) this.#counts.hits += 1;
      this.#waiting.push(entry);
      if (this.#waiting.length >= 2 * sortedCount) this.#playFirst(sortedCount);
    }
  }

  #playFirst(count: number): void {
    this.#waiting.sort((one, other) => one.atMs - other.atMs);
    const spreadMs = this.#format === "common" ? 1_000 : 0;
    const timeAt = (nth: number) => this.#waiting[nth]?.atMs;
    let cut = count;
    // A second that is not complete waits for its other requests.
    const isWithinSecond = (at: number) => spreadMs > 0 && timeAt(at - 1) === timeAt(at);
    while (cut > 0 && isWithinSecond(cut)) cut -= 1;
    const entries = this.#waiting.splice(0, cut === 0 ? count : cut);
    for (let from = 0, until = 0; from < entries.length; from = until) {
      const { atMs: writtenAtMs } = entries[from] as LogEntry;
      while (entries[until]?.atMs === writtenAtMs) until += 1;
      // Times in whole seconds: without a distance, requests of a second would all be simultaneous.
      const endAtMs = writtenAtMs + spreadMs;
      if (endAtMs < this.#playedAtMs) this.#counts.late += until - from;
      const beginAtMs = Math.max(writtenAtMs, this.#playedAtMs);
      const stepMs = Math.max(0, endAtMs - beginAtMs) / (until - from);
      for (const [nth, entry] of entries.slice(from, until).entries()) {
        this.#playedAtMs = beginAtMs + nth * stepMs;
        this.#settings.play({ ...entry, atMs: this.#playedAtMs });
      }
    }
  }
}

/** Returns the numbers and texts of malformed lines. */
export const placesOf = (lines: LinesRead["firstBad"]): string =>
  lines.map(({ number, text }) => `${number} (${text})`).join(", ");
