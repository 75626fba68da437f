// Gathers an origin's body while it streams to the client. If the body exceeds the buffer or the
// memory budget, the body is streamed to tiers instead. While only the own client reads such a body,
// it sets the pace. Once other requests read it as well, the tiers do.
import { CutBody } from "../base/byte-streams.ts";
import { OutOfTime, patiently, within } from "../base/timeouts.ts";
import type { ByteBudget } from "../cache/byte-budget.ts";
import { type BytePipe, openBytePipe, ClientEnd } from "./client-end.ts";
import type { Continuation } from "./continuation.ts";
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
  /** Streamed to the clients and, if allowed, to tiers. `sent` is as above. */
  | StreamedBody
  /** Sent to the client alone, because memory is short. `sent` is as above. */
  | PassedBody
  /** Truncated, stalled or no longer awaited, so the body must not be stored. */
  | { kind: "cut" };

type StreamedBody = { kind: "streamed"; sent: Promise<void> | undefined };
type PassedBody = { kind: "passed"; sent: Promise<void> };
type StreamPlan = Omit<GatherPlan, "bufferBytes" | "budget">;

/** A body, its readers, and its memory limits. */
export interface GatherPlan {
  readonly reader: ChunkReader;
  /** The client's end; `undefined` without a client. */
  readonly client: BytePipe | undefined;
  /** The relay to clients that join later, and to the own client of a streamed body. */
  readonly relay: Relay;
  /** How the own client, or the fill itself, continues a body that breaks off. */
  readonly continuation: Continuation;
  readonly betweenBytesMs: number;
  /** Returns whether other requests have waited for this fill. */
  readonly isAwaited: () => boolean;
  readonly bufferBytes: number;
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
  /** Called once if the body is streamed, with whether a tier may store it. */
  readonly onStreaming: (mayStore: boolean) => void;
}

/**
 * Gathers a body while its client reads it. Settles once the body is complete or truncated, even if
 * the client is still reading. Never rejects.
 */
export async function gather(plan: GatherPlan): Promise<GatherResult> {
  const { reader, relay } = plan;
  const client = new ClientEnd(plan.client, relay);
  if ((plan.bodyBytes ?? 0) > plan.bufferBytes) return streamOn(plan, client);
  try {
    for (;;) {
      const chunk = await reader.read();
      if (chunk === undefined) break;
      // End the fill before the runtime ends it. Otherwise the fill's share of the budget would
      // never be released.
      if (client.hasLeft) relay.ownHasLeft();
      const isOverdue = !client.isReading && relay.isOverdue;
      if (!relay.isComing || isOverdue) throw new CutBody(unawaited);
      client.queue(chunk);
      relay.hasBegun ||= client.hasBegun;
      const isHeld = relay.push(chunk);
      if (!isHeld || relay.bytes > plan.bufferBytes) return await streamOn(plan, client);
    }
    if (plan.bodyBytes !== null && plan.bodyBytes !== relay.bytes) {
      throw new CutBody("The body was shorter than its Content-Length.");
    }
  } catch (cause) {
    client.abort(cause);
    relay.end("cut");
    void reader.cancel();
    return { kind: "cut" };
  }
  const blob = new Blob([...relay.chunks]);
  const { budget } = plan;
  const hasBegun = () => client.hasBegun || !relay.endsWithClient;
  const release = budget.untilRead(budget.hold(blob, blob.size), hasBegun);
  client.shareFrom(blob, { bytes: () => budget.shareOf(blob), release });
  relay.end("whole");
  return { kind: "whole", blob, sent: client.close().finally(release) };
}

const unawaited = "No client waits for the body any more.";

/**
 * Streams the rest of the body. If the only client disconnects, nothing is stored. If a tier fails, the
 * clients and the other tiers still receive the body. If memory is short, nobody else gets the body.
 */
async function streamOn(plan: StreamPlan, client: ClientEnd): Promise<StreamedBody | PassedBody> {
  const { relay, bodyBytes, streamBytesMax, streamCount = 1 } = plan;
  const chunks = [...relay.chunks];
  const hasRoom = relay.open();
  void relay.beat();
  const own = client.handOver();
  const sent = own && relay.sendOwn(own, plan.continuation);
  const mayPass = !hasRoom && !plan.isAwaited() && !relay.isShared;
  const rest = mayPass ? sent && plan.reader.rest() : undefined;
  if (sent !== undefined && rest !== undefined) {
    plan.onStreaming(false);
    relay.pass(rest);
    return { kind: "passed", sent };
  }
  const mayStream = streamBytesMax > 0 && (bodyBytes ?? 0) <= streamBytesMax;
  const ends = Array.from({ length: mayStream ? streamCount : 0 }, (_, nth) => {
    return new TierEnd(plan, nth);
  });
  plan.onStreaming(mayStream);
  const isStoring = () => ends.some(({ isOver }) => !isOver);
  const write = (chunk: Uint8Array) => Promise.all(ends.map((end) => end.write(chunk)));
  const cut = () => ends.forEach((end) => end.cut());
  const source = resumedReader(plan);
  try {
    for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
      await write(chunk);
    }
    await relay.room(isStoring);
    for (;;) {
      const isForOne = plan.client !== undefined && !plan.isAwaited();
      if ((isForOne && !relay.isRead) || relay.isOverdue) throw new CutBody(unawaited);
      const chunk = await source.read(relay.fillBudget.pieceBytesMax);
      if (!relay.isComing) throw new CutBody(unawaited);
      if (chunk === undefined) break;
      relay.push(chunk);
      if (relay.bytes > streamBytesMax) cut();
      await write(chunk);
      await relay.room(isStoring);
    }
    relay.end("whole");
    await Promise.all(ends.map((end) => end.complete(relay.bytes)));
  } catch {
    relay.end("cut");
    cut();
    await source.cancel();
  }
  return { kind: "streamed", sent };
}

/** Relays the rest of a body, which no tier stores. Its readers have read the bytes before it. */
export async function relayRest(
  plan: Omit<StreamPlan, "streamBytesMax" | "onOverflow" | "onStreaming">,
): Promise<void> {
  const client = new ClientEnd(plan.client, plan.relay);
  if (client.writer !== undefined) client.writer.hasBegun = true;
  const unstored = { streamBytesMax: 0, onOverflow: () => {}, onStreaming: () => {} };
  const { sent } = await streamOn({ ...plan, ...unstored }, client);
  plan.relay.settle(false);
  await sent;
}

/** The number of range requests for a body that breaks off. */
const rangeRequestsMax = 2;

/** Returns a function that reads a body. If the body breaks off, it continues with a range request. */
function resumedReader({ relay, bodyBytes, continuation, ...plan }: StreamPlan) {
  let { reader } = plan;
  let rangeRequests = 0;
  const read = async (chunkBytesMax: number): Promise<Chunk | undefined> => {
    const leftBytes = bodyBytes === null ? null : bodyBytes - relay.bytes;
    try {
      const chunk = await reader.read(chunkBytesMax);
      if (chunk !== undefined || (leftBytes ?? 0) <= 0) return chunk;
      throw new CutBody("The body was shorter than its Content-Length.");
    } catch (cause) {
      rangeRequests += 1;
      const rest =
        rangeRequests <= rangeRequestsMax ? await continuation.ofOrigin(relay.bytes) : undefined;
      if (rest === undefined) throw cause;
      reader = new ChunkReader(rest, plan.betweenBytesMs, leftBytes);
      return read(chunkBytesMax);
    }
  };
  return { read, cancel: () => reader.cancel() };
}

type Chunk = Uint8Array<ArrayBuffer>;

/** The time that a tier may leave a chunk unread. */
const stallMsMax = 2_000;

/** A tier's stream, and its final length or `cut`. */
class TierEnd {
  readonly #writer: BytePipe["writer"];
  readonly #completed = Promise.withResolvers<number | "cut">();
  isOver = false;

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
    if (this.isOver) return;
    await within(this.#writer.write(chunk), stallMsMax).catch(() => this.cut());
  }

  async complete(bytes: number): Promise<void> {
    if (this.isOver) return;
    const isClosed = await within(this.#writer.close(), stallMsMax).then(
      () => true,
      () => false,
    );
    this.isOver = true;
    this.#completed.resolve(isClosed ? bytes : "cut");
  }

  /**
   * Ends the tier's stream early. Does not await the abort, because the abort of an unread
   * stream never settles.
   */
  cut(): void {
    if (this.isOver) return;
    this.isOver = true;
    this.#completed.resolve("cut");
    void this.#writer.abort(new CutBody("The body was cut short.")).catch(() => undefined);
  }
}

const usualChunkBytes = 65_536;
/** The smallest buffer. It is never 0, so that bytes beyond the stated length can be read. */
const chunkBytesMin = 1_024;

/** Reads one body in chunks, with a timeout per chunk. */
export class ChunkReader {
  readonly #stream: ReadableStream<Chunk>;
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
    this.#stream = stream;
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

  /** Returns the stream for another reader; `undefined` if chunks were read ahead. */
  rest(): ReadableStream<Chunk> | undefined {
    if (this.#ahead.length > 0 || this.#hasEnded || this.#reading !== undefined) return undefined;
    (this.#bytes ?? this.#plain)?.releaseLock();
    return this.#stream;
  }

  /** Returns the next chunk; `undefined` at the end. Rejects if the body breaks off or stalls. */
  async read(chunkBytesMax = usualChunkBytes): Promise<Chunk | undefined> {
    if (this.#ahead.length > 0 || this.#hasEnded) return this.#ahead.shift();
    const reading = this.#reading ?? this.#next(chunkBytesMax);
    this.#reading = undefined;
    try {
      return await within(reading, this.#betweenBytesMs);
    } catch (cause) {
      if (!(cause instanceof OutOfTime)) throw cause;
      void this.cancel();
      throw new CutBody("The origin's body stalled.", { cause });
    }
  }

  async #next(chunkBytesMax = usualChunkBytes): Promise<Chunk | undefined> {
    const bytes = this.#bytes;
    const chunk = await (bytes === undefined
      ? this.#given()
      : this.#buffered(bytes, chunkBytesMax));
    this.#leftBytes -= chunk?.byteLength ?? 0;
    return chunk;
  }

  async #given(): Promise<Chunk | undefined> {
    const chunk: unknown = (await this.#plain?.read())?.value;
    if (chunk === undefined || chunk instanceof Uint8Array) return chunk as Chunk | undefined;
    throw new TypeError("The origin's body contains something other than bytes.");
  }

  async #buffered(
    bytes: ReadableStreamBYOBReader,
    chunkBytesMax: number,
  ): Promise<Chunk | undefined> {
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
