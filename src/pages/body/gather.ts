// Gathers an origin's body while it streams to the client. If the body exceeds the buffer or the
// memory budget, the body is streamed to tiers instead. These tiers and the client then receive the
// rest in lock-step, at the pace of the slowest.
import { OutOfTime, patiently, within } from "../../base/timeouts.ts";
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

/** Reads one body in chunks, with a timeout per chunk. */
export class ChunkReader {
  readonly #betweenBytesMs: number;
  readonly #bytes: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Chunk> | undefined;
  /** The bytes of the stated length that have not arrived yet. */
  #leftBytes: number;
  /** The chunks that were read ahead, and the read that has not settled or has failed. */
  readonly #ahead: Chunk[] = [];
  #reading: Promise<Chunk | undefined> | undefined;
  #hasEnded = false;

  /**
   * @param betweenBytesMs the timeout of each chunk
   * @param bodyBytes the stated length, so that a small body gets a small buffer; `null` if unknown
   */
  constructor(
    stream: ReadableStream<Chunk>,
    betweenBytesMs: number,
    bodyBytes: number | null = null,
  ) {
    this.#betweenBytesMs = betweenBytesMs;
    this.#leftBytes = bodyBytes ?? Infinity;
    try {
      this.#bytes = stream.getReader({ mode: "byob" });
    } catch {
      // A stream that code creates need not be a byte stream.
      this.#plain = stream.getReader();
    }
  }

  /**
   * Reads ahead for at most `ms`, with one timer. `read` returns the same chunks again.
   *
   * @returns the body; `undefined` if it has not ended by then, or not at its stated length
   */
  async wholeWithin(ms: number): Promise<Blob | undefined> {
    let isOver = false;
    const readAhead = async () => {
      while (this.#leftBytes >= 0 && !this.#hasEnded) {
        this.#reading = this.#next();
        const chunk = await this.#reading;
        // `read` returns this chunk.
        if (isOver) return;
        this.#reading = undefined;
        if (chunk === undefined) this.#hasEnded = true;
        else this.#ahead.push(chunk);
      }
    };
    await patiently(readAhead(), ms);
    isOver = true;
    return this.#hasEnded && this.#leftBytes === 0 ? new Blob(this.#ahead) : undefined;
  }

  /** Returns the next chunk; `undefined` at the end. Rejects if the body breaks off or stalls. */
  async read(): Promise<Chunk | undefined> {
    if (this.#ahead.length > 0 || this.#hasEnded) return this.#ahead.shift();
    const reading = this.#reading ?? this.#next();
    this.#reading = undefined;
    try {
      return await within(reading, this.#betweenBytesMs);
    } catch (cause) {
      if (!(cause instanceof OutOfTime)) throw cause;
      void this.cancel();
      throw new Error("The origin's body stalled.", { cause });
    }
  }

  async #next(): Promise<Chunk | undefined> {
    const chunk = await (this.#bytes === undefined ? this.#given() : this.#buffered(this.#bytes));
    this.#leftBytes -= chunk?.byteLength ?? 0;
    return chunk;
  }

  async #given(): Promise<Chunk | undefined> {
    const chunk: unknown = (await this.#plain?.read())?.value;
    if (chunk === undefined || chunk instanceof Uint8Array) return chunk as Chunk | undefined;
    throw new TypeError("The origin's body contains something other than bytes.");
  }

  async #buffered(bytes: ReadableStreamBYOBReader): Promise<Chunk | undefined> {
    const chunkBytes = Math.min(chunkBytesMax, Math.max(chunkBytesMin, this.#leftBytes));
    const { done, value } = await bytes.read(new Uint8Array(chunkBytes));
    if (done || value === undefined) return undefined;
    // A short chunk must not keep its long buffer alive.
    return value.byteLength < chunkBytes / 4 ? value.slice() : value;
  }

  /** Discards the rest of the body. Never rejects. */
  async cancel(): Promise<void> {
    await (this.#bytes ?? this.#plain)?.cancel().catch(() => undefined);
  }
}
