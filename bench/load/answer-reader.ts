// Finds the head and the end of each HTTP/1.1 response on one connection. The parser is so cheap
// that a load generator can check every response.
export interface Head {
  readonly status: number;
  /** The status line and all header fields as received. */
  readonly text: string;
}

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = "0\r\n\r\n";

export class AnswerReader {
  readonly #onHead: (head: Head) => void;
  #unread: Buffer = Buffer.alloc(0);
  #body: "before" | "chunked" | { leftBytes: number } = "before";
  /** The last received characters of a chunked body. */
  #tail = "";

  constructor(onHead: (head: Head) => void) {
    this.#onHead = onHead;
  }

  /**
   * @returns whether the chunk completes a response
   * @throws Error for bytes after the end of the body. Also throws errors of `onHead`
   */
  take(chunk: Buffer): boolean {
    const bodyPart = this.#body === "before" ? this.#takeHead(chunk) : chunk;
    if (bodyPart === undefined || !this.#isLast(bodyPart)) return false;
    this.#body = "before";
    this.#unread = Buffer.alloc(0);
    this.#tail = "";
    return true;
  }

  /** @returns the bytes after the head; `undefined` while the head is incomplete */
  #takeHead(chunk: Buffer): Buffer | undefined {
    const read = this.#unread.length === 0 ? chunk : Buffer.concat([this.#unread, chunk]);
    const end = read.indexOf(headEnd);
    if (end < 0) {
      this.#unread = read;
      return undefined;
    }
    const text = read.toString("latin1", 0, end + 2);
    const status = Number(text.slice("HTTP/1.1 ".length, "HTTP/1.1 200".length));
    const length = /\r\ncontent-length: (\d+)/i.exec(text)?.[1];
    const isChunked = /\r\ntransfer-encoding: chunked/i.test(text) && status !== 304;
    // A 304 has no body, but may have a Content-Length (RFC 9110 §8.6).
    this.#body = isChunked ? "chunked" : { leftBytes: status === 304 ? 0 : Number(length ?? 0) };
    this.#onHead({ status, text });
    return read.subarray(end + headEnd.length);
  }

  #isLast(part: Buffer): boolean {
    if (this.#body === "before") return false;
    if (this.#body === "chunked") {
      const ending = part.subarray(-lastChunk.length).toString("latin1");
      this.#tail = (this.#tail + ending).slice(-lastChunk.length);
      return this.#tail === lastChunk;
    }
    const leftBytes = this.#body.leftBytes - part.length;
    if (leftBytes < 0) throw new Error("The body is longer than its Content-Length.");
    this.#body.leftBytes = leftBytes;
    return leftBytes === 0;
  }
}
