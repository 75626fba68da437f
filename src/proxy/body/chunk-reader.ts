// Reads a body in chunks that are as large as possible. Default readers return small chunks.
import { OutOfTime, within } from "../../base/timeouts.ts";

const chunkBytesMax = 65_536;
/** The smallest buffer. It is never 0, so that bytes beyond the stated length can be read. */
const chunkBytesMin = 1_024;

/** Reads one body in chunks, with a timeout per chunk. */
export class ChunkReader {
  readonly #betweenBytesMs: number;
  readonly #bytes: ReadableStreamBYOBReader | undefined;
  readonly #plain: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>> | undefined;
  /** The bytes of the stated length that have not arrived yet. */
  #leftBytes: number;

  /**
   * @param betweenBytesMs the timeout of each chunk
   * @param bodyBytes the stated length, so that a small body gets a small buffer; `null` if unknown
   */
  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
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

  /** Returns the next chunk; `undefined` at the end. Rejects if the body breaks off or stalls. */
  async read(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await within(this.#next(), this.#betweenBytesMs);
    } catch (cause) {
      if (!(cause instanceof OutOfTime)) throw cause;
      void this.cancel();
      throw new Error("The origin's body stalled.", { cause });
    }
  }

  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#bytes === undefined) {
      const chunk: unknown = (await this.#plain?.read())?.value;
      if (chunk === undefined || chunk instanceof Uint8Array)
        return chunk as Uint8Array<ArrayBuffer> | undefined;
      throw new TypeError("The origin's body contains something other than bytes.");
    }
    const chunkBytes = Math.min(chunkBytesMax, Math.max(chunkBytesMin, this.#leftBytes));
    const { done, value } = await this.#bytes.read(new Uint8Array(chunkBytes));
    if (done || value === undefined) return undefined;
    this.#leftBytes -= value.byteLength;
    // A short chunk must not keep its long buffer alive.
    return value.byteLength < chunkBytes / 4 ? value.slice() : value;
  }

  /** Discards the rest of the body. Never rejects. */
  async cancel(): Promise<void> {
    await (this.#bytes ?? this.#plain)?.cancel().catch(() => undefined);
  }
}
