// Streams an access log, compressed or not, in the order of its times, with limited memory.
import { pipeline, Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { failure, usageError } from "../command-error.ts";
import { type FormatName, formatOf, formats, type LogEntry, type ReadLine } from "./formats.ts";

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
}

const lineCharsMax = 1_048_576;
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
  const lines = new LogLines(settings);
  try {
    const decoder = new TextDecoder();
    for await (const chunk of await unpacked(stream)) {
      lines.add(decoder.decode(chunk, { stream: true }));
    }
  } catch (cause) {
    if (cause instanceof Error && cause.name === "CommandError") throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    const hint = "Check the path, and that the file is complete.";
    throw failure({ what: `${settings.name} cannot be read.`, why, hint }, "failed", cause);
  }
  return lines.end();
}

/** Unpacks gzip, which the first two bytes show. */
async function unpacked(stream: Readable): Promise<AsyncIterable<Uint8Array>> {
  const chunks = stream[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await chunks.next();
    if (next.done === true) break;
    head = Buffer.concat([head, Buffer.from(next.value as string | Uint8Array)]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    for await (const chunk of chunks) yield Buffer.from(chunk as string | Uint8Array);
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return whole();
  return pipeline(Readable.from(whole()), createGunzip(), () => undefined);
}

class LogLines {
  readonly #settings: ReadSettings;
  readonly #read: LinesRead;
  readonly #sample: string[] = [];
  #parse: ReadLine | undefined;
  #rest = "";
  #isTooLong = false;
  #number = 0;
  #waiting: LogEntry[] = [];
  #playedAtMs = -Infinity;

  constructor(settings: ReadSettings) {
    this.#settings = settings;
    const { format } = settings;
    const counts = { requests: 0, others: 0, bad: 0, firstBad: [], late: 0, judged: 0, hits: 0 };
    this.#read = { format: format ?? "common", ...counts };
    if (format !== undefined) this.#parse = formats[format];
  }

  add(text: string): void {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
    if (this.#rest.length <= lineCharsMax) return;
    this.#rest = "";
    this.#isTooLong = true;
  }

  end(): LinesRead {
    this.#line(this.#rest);
    if (this.#parse === undefined) this.#detect();
    this.#playFirst(this.#waiting.length);
    const { requests, others, bad, firstBad } = this.#read;
    if (bad > badShareMax * (requests + others + bad)) {
      const lines = firstBad.map(({ number, text }) => `${number} (${text})`).join(", ");
      throw failure({
        what: `${this.#settings.name} is not in the format ${this.#read.format}.`,
        why: `${bad} lines cannot be read, first ${lines}.`,
        hint: "Pass --format with the log's format, or remove these lines.",
      });
    }
    return this.#read;
  }

  #line(written: string): void {
    this.#number += 1;
    const isTooLong = this.#isTooLong;
    this.#isTooLong = false;
    const line = written.endsWith("\r") ? written.slice(0, -1) : written;
    if (isTooLong) return this.#bad(this.#number, "a line of over 1 MiB");
    if (this.#parse !== undefined) return this.#parsed(line, this.#number);
    this.#sample.push(line);
    if (this.#sample.length >= sampledLines) this.#detect();
  }

  #detect(): void {
    const lines = this.#sample.filter((line) => line !== "");
    const format = formatOf(lines);
    if (format === undefined && lines.length > 0) {
      throw usageError({
        what: `${this.#settings.name} is in an unknown format.`,
        why: "Its first lines are neither Common nor Combined, nor JSON of Logpush or Tidemark.",
        hint: "Convert the log to Combined, or pass --format to see the malformed lines.",
      });
    }
    this.#read.format = format ?? "common";
    this.#parse = formats[this.#read.format];
    const first = this.#number - this.#sample.length + 1;
    for (const [nth, line] of this.#sample.entries()) this.#parsed(line, first + nth);
  }

  #parsed(line: string, number: number): void {
    if (line === "") return;
    const entry = this.#parse?.(line);
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
    for (const entry of this.#waiting.slice(0, count)) {
      const isLate = entry.atMs < this.#playedAtMs;
      if (isLate) this.#read.late += 1;
      else this.#playedAtMs = entry.atMs;
      this.#settings.play(isLate ? { ...entry, atMs: this.#playedAtMs } : entry);
    }
    this.#waiting = this.#waiting.slice(count);
  }
}
