// Fetches from an origin on Node. Node's own `fetch` decodes bodies, but keeps Content-Encoding and
// Content-Length. `nodeFetch` returns the origin's bytes unchanged.
import { FixedLengthStream } from "../base/byte-streams.ts";
import { bodiless } from "../base/with-fields.ts";
import { pauseUnheld } from "../base/timeouts.ts";
import { InvalidResponse } from "./origin-health.ts";
import type { Platform } from "./platform.ts";

/** The limit of a response's fields, as on Workers. Many tags exceed Node's default of 16 KiB. */
const headBytesMax = 131_072;

/** Connection fields that Node's client writes itself. */
const ofConnection = ["connection", "expect", "host", "keep-alive", "transfer-encoding", "upgrade"];

/**
 * Sends a request, and resolves with the response once its fields have arrived. If the body ends
 * before its Content-Length, its stream fails. Unexpected bytes on an idle connection close the
 * connection.
 *
 * @param init.signal also ends the body
 * @param init.host `Host`, in place of the URL's. A certificate must be that of the URL
 * @throws Error if the origin cannot be reached, or violates RFC 9112 (`troubleBy`)
 */
export async function nodeFetch(
  url: string,
  init: Parameters<Platform["fetch"]>[1],
): Promise<Response> {
  const { method = "GET", signal, host } = init;
  const { protocol, hostname } = new URL(url);
  const headers = new Headers(init.headers);
  for (const name of ofConnection) headers.delete(name);
  if (host !== undefined) headers.set("host", host);
  const upload = await uploadOf(init, headers);
  // A length without a body would make the origin read the next request as the body.
  if (!upload) headers.delete("content-length");
  const answered = Promise.withResolvers<Response>();
  const request = httpModule(protocol).request(url, {
    method,
    // By default, Node takes this name from `Host`.
    servername: /^[\d.]+$|^\[/.test(hostname) ? "" : hostname,
    headers: Object.fromEntries(headers),
    signal: signal ?? new AbortController().signal,
    maxHeaderSize: headBytesMax,
    insecureHTTPParser: false,
    // Some origins send a body even in response to HEAD. On a shared connection, the next request
    // would receive the body as its response.
    agent: method === "HEAD" ? false : undefined,
  });
  // By default, Node drops all fields after the first two thousand, which may include
  // Cache-Control.
  request.maxHeadersCount = 0;
  request.on("response", (incoming) => {
    incoming.on("error", () => undefined);
    if (upload) incoming.on("close", () => void endUpload(request));
    // Node treats a reset as the end of a body that has neither a length nor chunks.
    else request.on("error", (cause) => !incoming.complete && incoming.destroy(cause));
    try {
      answered.resolve(responseOf(incoming, method));
    } catch (cause) {
      request.destroy();
      answered.reject(cause);
    }
  });
  // No upgrade was requested. Node has removed its listeners, so an error of the socket would end the process.
  request.on("upgrade", () => {
    answered.reject(notFinal());
    request.destroy();
  });
  request.on("error", answered.reject);
  request.on("close", () => answered.reject(new Error("The origin closed the connection.")));
  if (upload) void send(upload, request);
  else request.end();
  return answered.promise;
}

const notFinal = () => new InvalidResponse("The status is not final.");

/** A request body whose first chunk was already read. */
interface Upload {
  readonly first: Uint8Array;
  readonly reader: ReadableStreamDefaultReader<Uint8Array>;
}

/**
 * Prepares an upload with exactly the stated length, or in chunks if none is stated. A Node server
 * creates a stream for every request that may have a body, so only the first chunk shows whether
 * there is a body.
 *
 * @throws the reason of the signal
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
    // Without this field, Node does not frame a body of DELETE or OPTIONS.
    headers.set("transfer-encoding", "chunked");
  }
  return { first, reader };
}

/** The time for which an upload may continue after the complete response. */
const uploadBehindAnswerMs = 1_000;

/**
 * Ends an upload that still continues a second after the complete response. A server does not
 * report a client that disconnects after the response, so the rest of the upload may never arrive.
 */
async function endUpload(request: ClientRequest): Promise<void> {
  await pauseUnheld(uploadBehindAnswerMs);
  request.destroy();
}

/** Sends the body. A failure destroys the request, but not a complete response. */
async function send({ first, reader }: Upload, request: ClientRequest): Promise<void> {
  const closed = new Promise<void>((resolve) => request.once("close", resolve));
  // Ends the wait for the rest of the body.
  void closed.then(() => reader.cancel()).catch(() => undefined);
  let next: ReadableStreamReadResult<Uint8Array> = { done: false, value: first };
  try {
    for (; !next.done; next = await reader.read()) {
      const { value } = next;
      if (request.destroyed) throw new Error("The origin accepts no more of the body.");
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

/**
 * Converts the response.
 *
 * @throws InvalidResponse if it cannot be forwarded
 */
function responseOf(incoming: IncomingMessage, method: string): Response {
  const { statusCode: status = 0, statusMessage = "", rawHeaders } = incoming;
  if (status < 200 || status > 599) throw notFinal();
  const headers = new Headers();
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    headers.append(rawHeaders[index] ?? "", rawHeaders[index + 1] ?? "");
  }
  const hasNoBody = method === "HEAD" || bodiless.has(status);
  if (hasNoBody) discard(incoming, status);
  const body = hasNoBody ? null : bodyOf(incoming);
  const statusText = /^[\t\x20-\x7e\x80-\xff]*$/.test(statusMessage) ? statusMessage : "";
  return new Response(body, { status, statusText, headers });
}

function discard(incoming: IncomingMessage, status: number): void {
  // Only after a 205 can an origin still send bytes, possibly without end.
  if (status === 205) incoming.destroy();
  else incoming.resume();
}

/** Reads the body at the consumer's pace. Canceling closes the connection at once. */
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

/** A response of an origin in Node's client. */
interface IncomingMessage extends AsyncIterable<Uint8Array> {
  readonly statusCode?: number;
  readonly statusMessage?: string;
  /** Names and values in turn, as received. */
  readonly rawHeaders: readonly string[];
  /** Whether the response was received completely. */
  readonly complete: boolean;
  on(event: "error", listener: (cause: Error) => void): this;
  on(event: "close", listener: () => void): this;
  resume(): this;
  destroy(cause?: Error): this;
}

/** A request to an origin. */
interface ClientRequest {
  /** 0: no limit. */
  maxHeadersCount: number | null;
  on(event: "response", listener: (incoming: IncomingMessage) => void): this;
  on(event: "upgrade", listener: () => void): this;
  on(event: "error", listener: (cause: Error) => void): this;
  on(event: "close" | "drain", listener: () => void): this;
  once(event: "close" | "drain", listener: () => void): this;
  write(chunk: Uint8Array): boolean;
  end(): this;
  destroy(cause?: Error): this;
  readonly destroyed: boolean;
}

interface HttpModule {
  request(
    url: string,
    options: {
      readonly method: string;
      /** The name in the TLS handshake, which the certificate must have; empty for an address. */
      readonly servername: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly signal: AbortSignal;
      readonly maxHeaderSize: number;
      readonly insecureHTTPParser: boolean;
      /** `false`: uses a separate connection, and closes it after the response. */
      readonly agent: false | undefined;
    },
  ): ClientRequest;
}

const runtime = globalThis as {
  readonly process?: { getBuiltinModule?(name: string): HttpModule | undefined };
};

/**
 * Returns the module for a protocol.
 *
 * @param protocol the protocol of a URL: `http:` or `https:`
 * @throws Error if the runtime lacks the module
 */
function httpModule(protocol: string): HttpModule {
  const found = runtime.process?.getBuiltinModule?.(
    protocol === "https:" ? "node:https" : "node:http",
  );
  if (found === undefined)
    throw new Error("Origins with a URL need Workers, or Node 22.12 or newer.");
  return found;
}
