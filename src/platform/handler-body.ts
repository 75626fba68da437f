// What a handler returns under Content-Encoding: bytes in that coding, or bytes that a `fetch` of its
// own has decoded already. Nothing tells the two apart but the bytes.

/** Enough to tell a text from what is packed. */
const lookedAtBytes = 16;

/**
 * A body that is decoded goes on without its coding, and with a weak entity tag: a strong one is of
 * other bytes. What cannot be told stays as it is.
 *
 * @param response whatever a handler has returned
 */
export async function withTrueCoding(response: Response): Promise<Response> {
  const coding = codingOf(response);
  if (coding === undefined || response.body === null) return response;
  const reader = response.body.getReader();
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  while (bytes < lookedAtBytes) {
    const { done, value } = await reader.read();
    if (done) break;
    chunks.push(value);
    bytes += value.byteLength;
  }
  const head = new Uint8Array(await new Blob(chunks as Uint8Array<ArrayBuffer>[]).arrayBuffer());
  const headers = new Headers(response.headers);
  if (bytes > 0 && !isIn(coding, head, response)) {
    for (const name of ["content-encoding", "content-length"]) headers.delete(name);
    const tag = headers.get("etag");
    if (tag?.startsWith('"') === true) headers.set("etag", `W/${tag}`);
  }
  const rest = new ReadableStream<Uint8Array>({
    start: (controller) => void (bytes > 0 && controller.enqueue(head)),
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
  const { status, statusText } = response;
  return new Response(rest, { status, statusText, headers, encodeBody: "manual" });
}

/** Also where a server of Node has put a class of its own in the place of the runtime's. */
export function isResponse(returned: unknown): returned is Response {
  return Object.prototype.toString.call(returned) === "[object Response]";
}

/** @returns `undefined` for no coding that a runtime decodes, and for a part, whose head may be any */
function codingOf(response: Response): string | undefined {
  if (!isResponse(response) || response.bodyUsed || response.status === 206) {
    return undefined;
  }
  const last = response.headers.get("content-encoding")?.split(",").at(-1)?.trim().toLowerCase();
  return ["gzip", "x-gzip", "br", "zstd", "deflate"].find((known) => known === last);
}

/** Is this the head of a body in that coding? (RFC 1952 §2.3.1, RFC 8878 §3.1.1, RFC 1950 §2.2) */
function isIn(coding: string, head: Uint8Array, { type }: Response): boolean {
  const [first = 0, second = 0, third = 0, fourth = 0] = head;
  if (coding === "zstd")
    return first === 0x28 && second === 0xb5 && third === 0x2f && fourth === 0xfd;
  // Node's `fetch` has decoded all the others, and says by this that it made the response.
  if (type === "basic") return false;
  if (coding.endsWith("gzip")) return first === 0x1f && second === 0x8b;
  const isZlib = first % 16 === 8 && (first * 256 + second) % 31 === 0;
  // RFC 7932 has no magic number. What is packed is no text, and what is decoded nearly always is one.
  return (coding === "deflate" && isZlib) || !isText(head);
}

function isText(head: Uint8Array): boolean {
  // The last letter may be cut in two.
  const text = new TextDecoder().decode(head, { stream: true });
  // eslint-disable-next-line no-control-regex
  return !/[\0-\x08\x0b\x0e-\x1f\x7f\ufffd]/.test(text);
}
