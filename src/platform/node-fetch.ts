// `fetch` of an origin on Node. The runtime's own decodes each body and leaves its Content-Encoding and
// Content-Length as they were; here the bytes stay as the origin sent them.
import { FixedLengthStream } from "../base/byte-streams.ts";
import { pauseUnheld } from "../base/patience.ts";
import { type ClientRequest, httpModule, type IncomingMessage } from "./node-http.ts";

/** As on Workers. Node's default of 16 KiB is less than one long list of tags. */
const headBytesMax = 131_072;

/** Fields of the connection that Node's client writes itself. */
const ofConnection = ["connection", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"];

/** RFC 9110 §6.4.1, §15.3.6: responses that have no content. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Sends a request, and resolves with the response once its head has come. A body that ends before its
 * Content-Length fails. Bytes that an idle connection gets end that connection.
 *
 * @param init.signal also ends the body
 * @throws Error for an origin that cannot be reached, or whose response breaks RFC 9112's rules of framing
 */
export async function nodeFetch(url: string, init: RequestInit): Promise<Response> {
  const { method = "GET", signal } = init;
  const headers = new Headers(init.headers);
  for (const name of ofConnection) headers.delete(name);
  const upload = await uploadOf(init, headers);
  // A length without a body would take the next request on the connection for the body.
  if (!upload) headers.delete("content-length");
  const answered = Promise.withResolvers<Response>();
  const request = httpModule(new URL(url).protocol).request(url, {
    method,
    headers: Object.fromEntries(headers),
    signal: signal ?? new AbortController().signal,
    maxHeaderSize: headBytesMax,
    insecureHTTPParser: false,
    // Some origins send a body all the same. One that comes late would answer whoever asks next.
    agent: method === "HEAD" ? false : undefined,
  });
  // By default Node drops the fields after the two thousandth, such as a Cache-Control.
  request.maxHeadersCount = 0;
  request.on("response", (incoming) => {
    incoming.on("error", () => undefined);
    if (upload) incoming.on("close", () => void endUpload(request));
    // Node takes a reset for the end of a body that has neither a length nor chunks.
    else request.on("error", (cause) => !incoming.complete && incoming.destroy(cause));
    try {
      answered.resolve(responseOf(incoming, method));
    } catch (cause) {
      request.destroy();
      answered.reject(cause);
    }
  });
  // No upgrade was asked for.
  request.on("upgrade", () => request.destroy());
  request.on("error", answered.reject);
  request.on("close", () => answered.reject(new Error("The origin closed the connection.")));
  if (upload) void send(upload, request);
  else request.end();
  return answered.promise;
}

/** A body, of which the first chunk has been read. */
interface Upload {
  readonly first: Uint8Array;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
}

/**
 * An upload of exactly the stated length; in chunks where none is stated. A server of Node has a stream
 * for each request that could have a body: only its first chunk shows whether there is one.
 *
 * @throws whatever the signal is aborted with before that
 */
async function uploadOf(
  { body, signal }: RequestInit,
  headers: Headers,
): Promise<Upload | undefined> {
  if (!body) return undefined;
  const length = headers.get("content-length") ?? "";
  const isMeasured = /^\d+$/.test(length);
  const stream = body as ReadableStream<Uint8Array>;
  const source = isMeasured ? stream.pipeThrough(new FixedLengthStream(Number(length))) : stream;
  const reader = source.getReader();
  const givenUp = new Promise<never>((_, reject) => {
    signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });
  const { done, value: first } = await Promise.race([reader.read(), givenUp]).catch((cause) => {
    reader.cancel(cause).catch(() => undefined);
    throw cause;
  });
  if (done) return undefined;
  if (!isMeasured) {
    headers.delete("content-length");
    // Node frames a body of DELETE or OPTIONS only if it is told how.
    headers.set("transfer-encoding", "chunked");
  }
  return { first, reader };
}

/** How long an upload may go on behind the whole of its answer. */
const uploadBehindAnswerMs = 1_000;

/** A server that has answered does not tell when the client leaves: the rest may never come, nor fail. */
async function endUpload(request: ClientRequest): Promise<void> {
  await pauseUnheld(uploadBehindAnswerMs);
  request.destroy();
}

/** An upload that fails takes the request with it; a response that has come already stays. */
async function send({ first, reader }: Upload, request: ClientRequest): Promise<void> {
  const closed = new Promise<void>((resolve) => request.once("close", resolve));
  // Whoever waits for more of the body then waits for nothing.
  void closed.then(() => reader.cancel()).catch(() => undefined);
  let next: ReadableStreamReadResult<Uint8Array> = { done: false, value: first };
  try {
    for (; !next.done; next = await reader.read()) {
      const { value } = next;
      if (request.destroyed) throw new Error("The origin takes no more of the body.");
      if (request.write(value)) continue;
      const drained = new Promise<void>((resolve) => request.once("drain", resolve));
      await Promise.race([drained, closed]);
    }
    request.end();
  } catch (cause) {
    request.destroy(cause as Error);
    reader.cancel(cause).catch(() => undefined);
  }
}

/** @throws Error for what cannot be passed on as it came */
function responseOf(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage = "", rawHeaders } = incoming;
  if (status < 200 || status > 599) throw new Error("The origin's status is not final.");
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  // RFC 9112 §7: no other transfer coding was asked for, and this one has been taken off.
  const coding = headers.get("transfer-encoding")?.trim().toLowerCase();
  if (coding !== undefined && coding !== "chunked") throw new Error("An unknown transfer coding.");
  const hasNoBody = method === "HEAD" || bodiless.has(status);
  if (hasNoBody) discard(incoming, status);
  const body = hasNoBody ? null : bodyOf(incoming);
  const statusText = /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage) ? statusMessage : "";
  return new Response(body, { status, statusText, headers });
}

function discard(incoming: IncomingMessage, status: number): void {
  // 205 alone can be followed by bytes, which may have no end.
  if (status === 205) incoming.destroy();
  else incoming.resume();
}

/** Read at the pace of whoever takes it; given up, it closes the connection at once. */
function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next();
        if (done === true) controller.close();
        else controller.enqueue(value);
      },
      cancel: () => void incoming.destroy(),
    },
    { highWaterMark: 0 },
  );
}
