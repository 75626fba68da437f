// Reads a body in chunks, with a timeout for each.
import { OutOfTime, patiently, within } from "../../base/timeouts.ts";

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
