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
  let next = await chunks.next();
  for (; next.done !== true; next = await chunks.next()) {
    head = Buffer.concat([head, Buffer.from(next.value)]);
    if (head.length >= 2) break;
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of { [Symbol.asyncIterator]: () => chunks }) yield Buffer.from(chunk);
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return whole();
  return pipeline(Readable.from(whole()), createGunzip(), () => undefined);
}

class LogLines {
  readonly #settings: ReadSettings;
  readonly #read: LinesRead;
  /** The first lines, until they have decided the format. */
  #sample: string[] | undefined;
  #rest = "";
  #number = 0;
  #waiting: LogEntry[] = [];
  #playedAtMs = -Infinity;

  constructor(settings: ReadSettings) {
    this.#settings = settings;
    const { format } = settings;
    const counts = { requests: 0, others: 0, bad: 0, firstBad: [], late: 0, judged: 0, hits: 0 };
    this.#read = { format: format ?? "common", ...counts };
    if (format === undefined) this.#sample = [];
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    // One character more than the limit is enough to refuse the line at its end.
    this.#rest = (lines.pop() ?? "").slice(0, lineCharsMax + 1);
    for (const line of lines) this.#line(line);
  }

  end(): LinesRead {
    this.#line(this.#rest);
    this.#detect();
    this.#playFirst(this.#waiting.length);
    const { requests, others, bad, firstBad, format } = this.#read;
    if (bad > badShareMax * (requests + others + bad)) {
      const lines = firstBad.map(({ number, text }) => `${number} (${text})`).join(", ");
      throw failure({
        what: `${this.#settings.name} is not in the format ${format}.`,
        why: `${bad} lines cannot be read, first ${lines}.`,
        hint: "Pass --format with the log's format, or remove these lines.",
      });
    }
    return this.#read;
  }

  #line(line: string): void {
    this.#number += 1;
    if (this.#sample === undefined) return this.#parsed(line, this.#number);
    this.#sample.push(line);
    if (this.#sample.length >= sampledLines) this.#detect();
  }

  #detect(): void {
    const lines = this.#sample;
    if (lines === undefined) return;
    const format = formatOf(lines.filter(({ length }) => length <= lineCharsMax));
    if (format === undefined && lines.some((line) => line.trim() !== "")) {
      throw usageError({
        what: `${this.#settings.name} is in an unknown format.`,
        why: "Its first lines are neither Common nor Combined, nor JSON of Logpush or Tidemark.",
        hint: "Convert the log to Combined in UTF-8, or pass --format to see the malformed lines.",
      });
    }
    this.#read.format = format ?? "common";
    this.#sample = undefined;
    for (const [at, line] of lines.entries()) {
      this.#parsed(line, this.#number - lines.length + 1 + at);
    }
  }

  #parsed(written: string, number: number): void {
    const line = written.endsWith("\r") ? written.slice(0, -1) : written;
    if (line === "") return;
    if (line.length > lineCharsMax) return this.#bad(number, "a line of over 64 KiB");
    const entry = formats[this.#read.format](line);
    if (entry === undefined) return this.#bad(number, line.slice(0, 60));
    if (entry === "other") return void (this.#read.others += 1);
    this.#read.requests += 1;
    if (entry.wasHit !== undefined) this.#read.judged += 1;
    if (entry.wasHit === true) this.#read.hits += 1;
    this.#waiting.push(entry);
    if (this.#waiting.length >= 2 * sortedCount) this.#playFirst(sortedCount);
  }

  #bad(number: number, text: string): void {
    this.#read.bad += 1;
    if (this.#read.firstBad.length < firstBadMax) this.#read.firstBad.push({ number, text });
  }

  #playFirst(count: number): void {
    this.#waiting.sort((one, other) => one.atMs - other.atMs);
    const spreadMs = this.#read.format === "common" ? 1_000 : 0;
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
      if (endAtMs < this.#playedAtMs) this.#read.late += until - from;
      const beginAtMs = Math.max(writtenAtMs, this.#playedAtMs);
      const stepMs = Math.max(0, endAtMs - beginAtMs) / (until - from);
      for (const [nth, entry] of entries.slice(from, until).entries()) {
        this.#playedAtMs = beginAtMs + nth * stepMs;
        this.#settings.play({ ...entry, atMs: this.#playedAtMs });
      }
    }
  }
}
