// What a handler returns under Content-Encoding: bytes in that coding, or bytes that a `fetch` of its
// own has decoded already. Nothing tells the two apart but the bytes.
import { bytesOf } from "../base/byte-streams.ts";
import { patiently } from "../base/patience.ts";

/** Enough to tell a text from what is packed. */
const lookedAtBytes = 16;

/** Enough where a coding has a mark at its beginning; of the others, where no more comes just now. */
const markBytes = 4;
const noMoreAfterMs = 50;

/** What is said of a body as it was encoded (RFC 9530 §2, §3). */
const ofEncodedBytes = [
  "content-encoding",
  "content-length",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
];

/**
 * A body that is decoded goes on without its coding, and with a weak entity tag: a strong one is of
 * other bytes. What cannot be told stays as it is. Nothing is held back but until its first bytes.
 *
 * @param response whatever a handler has returned
 * @param signal   ends the wait for them
 * @throws TypeError for a body that is not made of bytes
 */
export async function withTrueCoding(response: Response, signal: AbortSignal): Promise<Response> {
  const coding = codingOf(response);
  if (coding === undefined || response.body === null) return response;
  const reader = response.body.getReader();
  const giveUp = () => void reader.cancel().catch(() => undefined);
  signal.addEventListener("abort", giveUp, { once: true });
  const hasMark = coding !== "br" && coding !== "deflate";
  const beginning = await beginningOf(reader, hasMark ? markBytes : lookedAtBytes).catch(
    (cause) => {
      giveUp();
      throw cause;
    },
  );
  signal.removeEventListener("abort", giveUp);
  const { chunks } = beginning;
  const head = Uint8Array.from(chunks.flatMap((chunk) => [...chunk.subarray(0, lookedAtBytes)]));
  const headers = new Headers(response.headers);
  if (head.length > 0 && !isIn(coding, head, response)) {
    for (const name of ofEncodedBytes) headers.delete(name);
    const tag = headers.get("etag");
    if (tag?.startsWith('"') === true) headers.set("etag", `W/${tag}`);
  }
  let { next } = beginning;
  const whole = new ReadableStream<Uint8Array>({
    start(controller) {
      // As they are: the first may be all of a body that was held whole.
      for (const chunk of chunks) controller.enqueue(chunk);
    },
    async pull(controller) {
      const reading = next ?? reader.read();
      next = undefined;
      const { done, value } = await reading;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText } = response;
  return new Response(whole, { status, statusText, headers, encodeBody: "manual" });
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** @returns `next`: a read behind its first chunks that has not ended yet */
async function beginningOf(reader: Reader, enoughBytes: number) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let next: ReturnType<Reader["read"]> | undefined;
  while (bytes < enoughBytes) {
    next = reader.read();
    const read = await (bytes < markBytes ? next : patiently(next, noMoreAfterMs));
    // What breaks off behind them is for whoever reads on.
    if (typeof read === "string") break;
    next = undefined;
    if (read.done) break;
    const { value } = read;
    const chunk = value instanceof Uint8Array ? value : bytesOf(value);
    chunks.push(chunk);
    bytes += chunk.byteLength;
  }
  return { chunks, next };
}

/**
 * A 304 of a handler that hands on a `fetch` has the strong tag of the encoded body. Asked by the weak one
 * of a decoded body, it says that this is as it was.
 *
 * @param sent the fields that the handler was asked with
 */
export function withTagAsAsked(response: Response, sent: Headers): Response {
  if (!isResponse(response) || response.status !== 304) return response;
  const tag = response.headers.get("etag") ?? "";
  const asked = sent.get("if-none-match")?.split(/,\s*/) ?? [];
  if (!tag.startsWith('"') || asked.includes(tag) || !asked.includes(`W/${tag}`)) return response;
  const headers = new Headers(response.headers);
  headers.set("etag", `W/${tag}`);
  return new Response(null, { status: 304, headers });
}

/** Also where a server of Node has put a class of its own in the place of the runtime's. */
export function isResponse(returned: unknown): returned is Response {
  return Object.prototype.toString.call(returned) === "[object Response]";
}

/**
 * @returns the one that was put on last; `undefined` for none, for one that no runtime decodes, and for a
 *   part, whose head may be any
 */
function codingOf(response: Response): string | undefined {
  if (!isResponse(response) || response.bodyUsed || response.status === 206) return undefined;
  const codings =
    response.headers
      .get("content-encoding")
      ?.toLowerCase()
      .split(/\s*,\s*/) ?? [];
  return codings.every((coding) => decoded.has(coding)) ? codings.at(-1) : undefined;
}

const decoded: ReadonlySet<string> = new Set(["gzip", "x-gzip", "br", "zstd", "deflate"]);

/** Is this the head of a body in that coding? (RFC 1952 §2.3.1, RFC 8878 §3.1.1, RFC 1950 §2.2) */
function isIn(coding: string, head: Uint8Array, { type }: Response): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = head;
  if (coding === "zstd")
    return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd;
  // Node's `fetch` has decoded all the others, and says by this that it made the response.
  if (type === "basic") return false;
  // Nothing at all, packed by brotli as it is by default.
  if (coding === "br" && head.length === 1 && first === 0x3b) return true;
  if (coding.endsWith("gzip")) return first === 0x1f && second === 0x8b;
  const isZlib = first % 16 === 8 && (first * 256 + second) % 31 === 0;
  // RFC 7932 has no magic number. What is packed is no text, and what is decoded nearly always is one.
  return (coding === "deflate" && isZlib) || !isText(head);
}

function isText(head: Uint8Array): boolean {
  // The last letter may be cut in two.
  const text = new TextDecoder().decode(head, { stream: true });
  // oxlint-disable-next-line no-control-regex
  return !/[\0-\x08\x0b\x0e-\x1f\x7f\ufffd]/.test(text);
}
