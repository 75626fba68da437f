// A load generator in a separate process. Each connection sends its next request as soon as it has
// the response to the previous one. The generator checks every response. It uses no client library,
// because a library would cost more than a hit and distort the measurement.
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { answerCalls } from "./part.ts";

export interface Volley {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly connections: number;
  readonly requestCount: number;
  /** Whether every request has a unique URL: `url` with a unique suffix. */
  readonly newUrls: boolean;
  /** The expected status of every response, and a text that its head must contain. */
  readonly expected: { readonly status: number; readonly said: string };
}

export interface Volleyed {
  readonly seconds: number;
}

/** A text that differs in each process, so that no response comes from data of an earlier bench. */
const run = Date.now().toString(36);
let urlCount = 0;

const calls = { fire };
export type VolleyCalls = typeof calls;

/** @throws Error for the first unexpected response, with its status and `Cache-Status` */
async function fire(volley: Volley): Promise<Volleyed> {
  const { hostname, port } = new URL(volley.url);
  const opening = Array.from({ length: volley.connections }, async () => {
    const socket = connect({ host: hostname, port: Number(port), noDelay: true });
    await once(socket, "connect");
    return socket;
  });
  const sockets = await Promise.all(opening);
  let leftCount = volley.requestCount;
  const request = requestOf(volley);
  const next = () => {
    leftCount -= 1;
    return leftCount < 0 ? undefined : request();
  };
  const startedAtMs = performance.now();
  try {
    await Promise.all(sockets.map((socket) => converse(socket, next, volley)));
  } finally {
    for (const socket of sockets) socket.destroy();
  }
  return { seconds: (performance.now() - startedAtMs) / 1_000 };
}

function requestOf({ url, headers, newUrls }: Volley): () => string {
  const { pathname, host } = new URL(url);
  const fields = Object.entries({ host, ...headers }).map(([name, value]) => `${name}: ${value}`);
  const rest = ` HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
  const fixed = `GET ${pathname}${rest}`;
  if (!newUrls) return () => fixed;
  return () => {
    urlCount += 1;
    return `GET ${pathname}-${run}-${urlCount}${rest}`;
  };
}

/** Sends one request after the other until `next` returns `undefined`. */
function converse(
  socket: Socket,
  next: () => string | undefined,
  { url, expected }: Volley,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const reader = new AnswerReader((head) => {
      if (head.status !== expected.status || !head.text.includes(expected.said))
        throw new Error(`${url} must give ${expectedSaid(expected)}, but gives ${headSaid(head)}.`);
    });
    const ask = () => {
      const request = next();
      if (request === undefined) resolve();
      else socket.write(request, "latin1");
    };
    socket.on("data", (chunk: Buffer) => {
      try {
        if (reader.take(chunk)) ask();
      } catch (cause) {
        socket.destroy();
        reject(cause);
      }
    });
    socket.once("error", reject);
    socket.once("close", () => reject(new Error(`${url} closed a connection.`)));
    ask();
  });
}

const expectedSaid = ({ status, said }: Volley["expected"]): string => `${status} with "${said}"`;

function headSaid({ status, text }: Head): string {
  return `${status} with "${/\r\ncache-status: ([^\r]*)/i.exec(text)?.[1] ?? ""}"`;
}

answerCalls(calls);

export interface Head {
  readonly status: number;
  /** The status line and all header fields as received. */
  readonly text: string;
}

const headEnd = Buffer.from("\r\n\r\n");
const lastChunk = "0\r\n\r\n";

class AnswerReader {
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
