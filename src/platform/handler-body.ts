// Detects whether a handler's body with Content-Encoding is still encoded, or was decoded by the
// handler's own `fetch`. Only the bytes show the difference.
import { bytesOf } from "../base/byte-streams.ts";
import { patiently } from "../base/timeouts.ts";

/** The number of bytes needed to distinguish text from compressed data. */
const lookedAtBytes = 16;

/**
 * The number of bytes needed to identify a coding with a magic number. Other codings need
 * `lookedAtBytes`, and each read beyond `markBytes` waits at most `noMoreAfterMs`.
 */
const markBytes = 4;
const noMoreAfterMs = 50;

/** Fields that describe the encoded body (RFC 9530 §2, §3). */
const ofEncodedBytes = [
  "content-encoding",
  "content-length",
  "content-digest",
  "repr-digest",
  "digest",
  "content-md5",
];

/**
 * Removes the fields that describe the encoded body if the body is already decoded. In that case,
 * also weakens the entity tag, because the tag identifies the encoded bytes. Waits only for the
 * first bytes.
 *
 * @param response the return value of a handler
 * @param signal ends the wait
 * @throws TypeError for a body that does not consist of bytes
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
      // Enqueue the chunks unchanged, because the first chunk may be a whole body.
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

/**
 * Reads the first chunks.
 *
 * @returns `next`: a further read that is still pending, if any
 */
async function beginningOf(reader: Reader, enoughBytes: number) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  let next: ReturnType<Reader["read"]> | undefined;
  while (bytes < enoughBytes) {
    next = reader.read();
    const read = await (bytes < markBytes ? next : patiently(next, noMoreAfterMs));
    // If the read fails, `next` passes its error on.
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
 * Weakens the entity tag of a 304 if the request contained the tag's weak form. A handler that
 * forwards a `fetch` returns the strong tag of the encoded body, but the stored body is decoded.
 *
 * @param sent the fields that the handler received
 */
export function withTagAsAsked(response: Response, sent: Headers): Response {
  if (!isResponse(response) || response.status !== 304) return response;
  const tag = response.headers.get("etag") ?? "";
  const requestTags = sent.get("if-none-match")?.split(/,\s*/) ?? [];
  if (!tag.startsWith('"') || requestTags.includes(tag) || !requestTags.includes(`W/${tag}`))
    return response;
  const headers = new Headers(response.headers);
  headers.set("etag", `W/${tag}`);
  return new Response(null, { status: 304, headers });
}

/**
 * Returns whether a value is a response, even of a class with which a Node server has replaced
 * `Response`.
 */
export function isResponse(returned: unknown): returned is Response {
  return Object.prototype.toString.call(returned) === "[object Response]";
}

/**
 * Returns the last applied coding. Returns `undefined` for none, for codings that no runtime
 * decodes, and for a partial response, whose first bytes can be anything.
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

/**
 * Returns whether these first bytes are in that coding (RFC 1952 §2.3.1, RFC 8878 §3.1.1, RFC 1950
 * §2.2).
 */
function isIn(coding: string, head: Uint8Array, { type }: Response): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = head;
  if (coding === "zstd")
    return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd;
  // Node's `fetch` gives its responses the type `basic`, and decodes all codings except zstd.
  if (type === "basic") return false;
  // The single byte 0x3b is an empty body that brotli compressed with default settings.
  if (coding === "br" && head.length === 1 && first === 0x3b) return true;
  if (coding.endsWith("gzip")) return first === 0x1f && second === 0x8b;
  const isZlib = first % 16 === 8 && (first * 256 + second) % 31 === 0;
  // Brotli (RFC 7932) has no magic number. Encoded bodies are not text, but decoded bodies nearly
  // always are.
  return (coding === "deflate" && isZlib) || !isText(head);
}

function isText(head: Uint8Array): boolean {
  // The last character may be incomplete.
  const text = new TextDecoder().decode(head, { stream: true });
  // oxlint-disable-next-line no-control-regex
  return !/[\0-\x08\x0b\x0e-\x1f\x7f\ufffd]/.test(text);
}
