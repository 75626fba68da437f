// Gathers an origin's body while it streams to the client. If the body exceeds the buffer or the
// memory budget, the body is streamed to tiers instead. These tiers and the client then receive the
// rest in lock-step, at the pace of the slowest.
import { patiently, within } from "../../base/timeouts.ts";
import type { ByteBudget } from "../../cache/byte-budget.ts";
import { type BytePipe, openBytePipe, ClientEnd } from "./client-end.ts";
import type { Relay } from "./relay.ts";

/** The result of gathering a body. */
export type GatherResult =
  | {
      kind: "whole";
      blob: Blob;
      /**
       * Settles once the client has read the whole body or disconnected. The caller awaits it only
       * to keep the transfer alive.
       */
      sent: Promise<void>;
    }
  /** Streamed to the client and, if allowed, to tiers. */
  | { kind: "streamed" }
  /** Truncated, stalled or no longer awaited, so the body must not be stored. */
  | { kind: "cut" };

/** A body, its readers, and its memory limits. */
export interface GatherPlan {
  readonly reader: ChunkReader;
  /** The client's end; `undefined` without a client. */
  readonly client: BytePipe | undefined;
  /** The relay to clients that join later; `undefined` if no client can join. */
  readonly relay?: Pick<Relay, "push" | "end" | "isRead" | "room"> | undefined;
  readonly bufferBytes: number;
  /** Returns whether the runtime's time limit for work without a client is over. */
  readonly isOver: () => boolean;
  /** The memory of all fills. A fill that gets no more memory continues as a stream. */
  readonly budget: ByteBudget;
  /** The Content-Length; `null` if there is none. */
  readonly bodyBytes: number | null;
  /** The largest body that may be streamed to a tier; 0 for none. */
  readonly streamBytesMax: number;
  /** The number of tiers that the body is streamed to. Default: 1. */
  readonly streamCount?: number;
  /**
   * Called once for each tier if the body is streamed, with the tier's stream and the body's final
   * length.
   */
  readonly onOverflow: (
    stream: ReadableStream<Uint8Array>,
    completed: Promise<number | "cut">,
    nth: number,
  ) => void;
  /** Called once, before the body's end, if the body cannot be shared in this isolate. */
  readonly onUnshared: () => void;
}

/**
 * Gathers a body while its client reads it. Settles once the body is complete or truncated, even if
 * the client is still reading. Never rejects.
 */
export async function gather(plan: GatherPlan): Promise<GatherResult> {
  const gathered = await gatherAll(plan);
  plan.relay?.end(gathered.kind === "cut" ? "cut" : "whole");
  return gathered;
}

async function gatherAll(plan: GatherPlan): Promise<GatherResult> {
  const { reader } = plan;
  const buffer = new BodyBuffer(plan);
  const client = new ClientEnd(plan.client);
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      // End the fill before the runtime ends it. Otherwise the fill's share of the budget would
      // never be released.
      const isReading = client.isReading || plan.relay?.isRead === true;
      if (!isReading && plan.isOver()) throw new Error("No client waits for the body any more.");
      client.queue(chunk);
      plan.relay?.push(chunk);
      const isHeld = buffer.add(chunk);
      if (!isHeld || buffer.bytes > plan.bufferBytes) {
        plan.onUnshared();
        await streamOn(plan, reader, client, buffer);
        return { kind: "streamed" };
      }
    }
    if (plan.bodyBytes !== null && plan.bodyBytes !== buffer.bytes) {
      throw new Error("The body was shorter than its Content-Length.");
    }
  } catch (cause) {
    buffer.empty();
    client.abort(cause);
    void reader.cancel();
    return { kind: "cut" };
  }
  const blob = buffer.joined();
  client.shareFrom(blob);
  const release = plan.budget.hold(blob, blob.size);
  buffer.empty();
  return { kind: "whole", blob, sent: client.close(plan.budget).finally(release) };
}

/** Larger bodies get no memory that small bodies may need, and are sent while they arrive. */
export const smallBytesMax = 65_536;

/** The chunks so far, and the bytes that they take from the budget. */
class BodyBuffer {
  readonly #budget: ByteBudget;
  /** The stated length, if any. */
  readonly #bodyBytes: number;
  #chunks: Uint8Array<ArrayBuffer>[] = [];
  #takenBytes = 0;
  bytes = 0;

  constructor({ budget, bodyBytes }: Pick<GatherPlan, "budget" | "bodyBytes">) {
    this.#budget = budget;
    this.#bodyBytes = bodyBytes ?? 0;
  }

  /** Adds a chunk. Returns whether the budget had room for it; the chunk is kept in either case. */
  add(chunk: Uint8Array<ArrayBuffer>): boolean {
    this.bytes += chunk.byteLength;
    this.#chunks.push(chunk);
    const isLarge = Math.max(this.bytes, this.#bodyBytes) > smallBytesMax;
    const isHeld = this.#budget.take(chunk.byteLength, isLarge ? "large" : "small");
    if (isHeld) this.#takenBytes += chunk.byteLength;
    return isHeld;
  }

  /** Yields and drops the chunks one by one. Releases their share of the budget at the end. */
  *passedOn(): Generator<Uint8Array> {
    for (let next = this.#chunks.shift(); next !== undefined; next = this.#chunks.shift()) {
      yield next;
    }
    this.empty();
  }

  joined(): Blob {
    return new Blob(this.#chunks);
  }

  empty(): void {
    this.#chunks = [];
    this.#budget.give(this.#takenBytes);
    this.#takenBytes = 0;
  }
}

/**
 * Streams the rest of the body. If the client disconnects, nothing is stored. If a tier fails, the client
 * and the other tiers still receive the body.
 */
async function streamOn(
  plan: GatherPlan,
  reader: ChunkReader,
  client: ClientEnd,
  buffer: BodyBuffer,
): Promise<void> {
  const { bodyBytes, streamBytesMax, streamCount = 1 } = plan;
  const mayStream = streamBytesMax > 0 && (bodyBytes ?? 0) <= streamBytesMax;
  const ends = Array.from({ length: mayStream ? streamCount : 0 }, (_, nth) => {
    return new TierEnd(plan, nth);
  });
  const write = (chunk: Uint8Array) => Promise.all(ends.map((end) => end.write(chunk)));
  const cut = () => ends.forEach((end) => end.cut());
  let sentBytes = buffer.bytes;
  try {
    await Promise.all([client.drained(plan.budget), plan.relay?.room()]);
    for (const chunk of buffer.passedOn()) await write(chunk);
    for (;;) {
      const isOver = plan.client === undefined && plan.relay?.isRead !== true && plan.isOver();
      if (client.hasLeft || isOver) throw new Error("The client left.");
      const chunk = await reader.read();
      if (chunk === undefined) break;
      sentBytes += chunk.byteLength;
      if (sentBytes > streamBytesMax) cut();
      client.queue(chunk);
      plan.relay?.push(chunk);
      await Promise.all([client.drained(), write(chunk), plan.relay?.room()]);
    }
    void client.close(plan.budget);
    await Promise.all(ends.map((end) => end.complete(sentBytes)));
  } catch (cause) {
    buffer.empty();
    client.abort(cause);
    plan.relay?.end("cut");
    cut();
    await reader.cancel();
  }
}

/** The time that a tier may leave a chunk unread. */
const stallMsMax = 2_000;

/** A tier's stream, and its final length or `cut`. */
class TierEnd {
  readonly #writer: BytePipe["writer"];
  readonly #completed = Promise.withResolvers<number | "cut">();
  #isOver = false;

  constructor(
    { bodyBytes, onOverflow }: Pick<GatherPlan, "bodyBytes" | "onOverflow">,
    nth: number,
  ) {
    const { readable, writer } = openBytePipe(bodyBytes);
    this.#writer = writer;
    onOverflow(readable, this.#completed.promise, nth);
  }

  /**
   * Writes a chunk. Ends the stream if the tier stalls, because the client would have to wait.
   */
  async write(chunk: Uint8Array): Promise<void> {
    if (this.#isOver) return;
    await within(this.#writer.write(chunk), stallMsMax).catch(() => this.cut());
  }

  async complete(bytes: number): Promise<void> {
    if (this.#isOver) return;
    const isClosed = await within(this.#writer.close(), stallMsMax).then(
      () => true,
      () => false,
    );
    this.#isOver = true;
    this.#completed.resolve(isClosed ? bytes : "cut");
  }

  /**
   * Ends the tier's stream early. Does not await the abort, because the abort of an unread
   * stream never settles.
   */
  cut(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#completed.resolve("cut");
    void this.#writer.abort(new Error("The body was cut short.")).catch(() => undefined);
  }
}

const chunkBytesMax = 65_536;
/** The smallest buffer. It is never 0, so that bytes beyond the stated length can be read. */
const chunkBytesMin = 1_024;

type Chunk = Uint8Array<ArrayBuffer>;

/** A body to read, and its stated length, so that a small body gets a small buffer; `null` if unknown. */
interface ChunkSource {
  readonly source: ReadableStream<Chunk>;
  /** The timeout between two chunks. */
  readonly betweenBytesMs: number;
  readonly bodyBytes: number | null;
  /** Epoch milliseconds. */
  readonly nowAtMs: () => number;
}

/** A read, and the function that rejects it. */
interface Reading {
  readonly sinceAtMs: number;
  readonly reject: (cause: Error) => void;
}

/**
 * Reads one body in chunks. One timer for the whole body limits the time between two chunks, because
 * a timer costs as much CPU time as a chunk.
 */
export class ChunkReader {
  readonly #of: ChunkSource;
  readonly #bytes: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Chunk> | undefined;
  /** The bytes of the stated length that have not arrived yet. */
  #leftBytes: number;
  readonly #ahead: Promise<Chunk | undefined>[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The present read; `undefined` between reads. */
  #reading: Reading | undefined;

  constructor(of: ChunkSource) {
    this.#of = of;
    this.#leftBytes = of.bodyBytes ?? Infinity;
    try {
      this.#bytes = of.source.getReader({ mode: "byob" });
    } catch {
      // A stream that code creates need not be a byte stream.
      this.#plain = of.source.getReader();
    }
  }

  /** Returns the next chunk; `undefined` at the end. Rejects if the body breaks off or stalls. */
  read(): Promise<Chunk | undefined> {
    return this.#ahead.shift() ?? this.#bounded();
  }

  /**
   * Reads ahead for at most `ms`. `read` returns the same chunks again.
   *
   * @returns the body; `undefined` if it has not ended by then, or not at its stated length
   */
  async wholeWithin(ms: number): Promise<Blob | undefined> {
    const chunks: Chunk[] = [];
    let isOver = false;
    const readAhead = async () => {
      while (!isOver && this.#leftBytes >= 0) {
        const next = this.#bounded();
        this.#ahead.push(next);
        const chunk = await next;
        if (chunk === undefined) return true;
        chunks.push(chunk);
      }
      return false;
    };
    const hasEnded = await patiently(readAhead(), ms);
    isOver = true;
    return hasEnded === true && this.#leftBytes === 0 ? new Blob(chunks) : undefined;
  }

  #bounded(): Promise<Chunk | undefined> {
    return new Promise((resolve, reject) => {
      this.#reading = { sinceAtMs: this.#of.nowAtMs(), reject };
      if (this.#timer === undefined) this.#watch(this.#reading, this.#of.betweenBytesMs);
      const answered = (chunk: Chunk | undefined) => {
        this.#reading = undefined;
        if (chunk === undefined) clearTimeout(this.#timer);
        else this.#leftBytes -= chunk.byteLength;
        resolve(chunk);
      };
      const failed = (cause: unknown) => {
        clearTimeout(this.#timer);
        reject(cause as Error);
      };
      this.#next().then(answered, failed);
    });
  }

  /** Gives up a read after `ms`, or else watches the present read for its own remaining time. */
  #watch(watched: Reading, ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      const reading = this.#reading;
      if (reading === undefined) return;
      const { betweenBytesMs, nowAtMs } = this.#of;
      const leftMs = reading.sinceAtMs + betweenBytesMs - nowAtMs();
      // If the clock was set back, more time than the limit would be left.
      if (reading !== watched && leftMs > 0)
        return this.#watch(reading, Math.min(leftMs, betweenBytesMs));
      void this.cancel();
      reading.reject(new Error("The origin's body stalled."));
    }, ms);
  }

  async #next(): Promise<Chunk | undefined> {
    if (this.#bytes === undefined) {
      const chunk: unknown = (await this.#plain?.read())?.value;
      if (chunk === undefined || chunk instanceof Uint8Array) return chunk as Chunk | undefined;
      throw new TypeError("The origin's body contains something other than bytes.");
    }
    const chunkBytes = Math.min(chunkBytesMax, Math.max(chunkBytesMin, this.#leftBytes));
    const { done, value } = await this.#bytes.read(new Uint8Array(chunkBytes));
    if (done || value === undefined) return undefined;
    // A short chunk must not keep its long buffer alive.
    return value.byteLength < chunkBytes / 4 ? value.slice() : value;
  }

  /** Discards the rest of the body. Never rejects. */
  async cancel(): Promise<void> {
    clearTimeout(this.#timer);
    await (this.#bytes ?? this.#plain)?.cancel().catch(() => undefined);
  }
}
