// A client that sends bytes unchanged, and parses the responses of one connection strictly by RFC
// 9112 §6.3. Bytes after the last response are an error.
import { connect } from "node:net";

export interface RawReply {
  readonly status: number;
  /** Names in lower case. Values of a repeated field are joined with commas. */
  readonly fields: ReadonlyMap<string, string>;
  readonly body: Buffer;
  /** Whether the connection ended before the body. */
  readonly isCut: boolean;
}

/**
 * Sends requests on one connection, and reads until the server closes it. The last request must
 * have `Connection: close`.
 */
export async function exchange(
  url: string,
  requests: readonly string[],
  host = "127.0.0.1",
): Promise<RawReply[]> {
  const socket = connect(Number(new URL(url).port), host);
  const chunks: Buffer[] = [];
  socket.on("data", (chunk) => chunks.push(chunk));
  socket.on("error", () => undefined);
  const closed = new Promise((resolve) => socket.on("close", resolve));
  socket.write(requests.join(""), "latin1");
  await closed;
  const methods = requests.map((request) => request.slice(0, request.indexOf(" ")));
  return repliesIn(Buffer.concat(chunks), methods);
}

/** Creates an HTTP/1.1 request without a body. @param lines fields, such as `Accept: text/html` */
export function rawGet(path: string, lines: readonly string[] = []): string {
  const fields = lines.some((line) => /^host:/i.test(line)) ? lines : ["Host: site.test", ...lines];
  return `GET ${path} HTTP/1.1\r\n${fields.join("\r\n")}\r\n\r\n`;
}

/** @throws Error for bytes that are not an answer, or for more answers than requests */
function repliesIn(bytes: Buffer, methods: readonly string[]): RawReply[] {
  const replies: RawReply[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const method = methods[replies.length];
    if (method === undefined) throw new Error(`More answers than requests: ${rest.toString()}`);
    const headEnd = rest.indexOf("\r\n\r\n");
    if (headEnd < 0) throw new Error(`No answer: ${rest.toString("latin1").slice(0, 200)}`);
    const [first = "", ...lines] = rest.subarray(0, headEnd).toString("latin1").split("\r\n");
    const [, status] = /^HTTP\/1\.[01] (\d{3})(?: |$)/.exec(first) ?? [];
    if (status === undefined) throw new Error(`No status line: ${first.slice(0, 200)}`);
    rest = rest.subarray(headEnd + 4);
    if (status.startsWith("1")) continue;
    const fields = fieldsIn(lines);
    const { body, isCut, left } = bodyIn(rest, Number(status), method, fields);
    replies.push({ status: Number(status), fields, body, isCut });
    rest = left;
  }
  return replies;
}

function fieldsIn(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>();
  for (const line of lines) {
    const [, name = "", value = ""] = /^([^:\s]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === "") throw new Error(`No field: ${line}`);
    const before = fields.get(name.toLowerCase());
    fields.set(name.toLowerCase(), before === undefined ? value : `${before}, ${value}`);
  }
  return fields;
}

const none = Buffer.alloc(0);

function bodyIn(
  rest: Buffer,
  status: number,
  method: string,
  fields: ReadonlyMap<string, string>,
): { body: Buffer; isCut: boolean; left: Buffer } {
  if (method === "HEAD" || status === 204 || status === 304) {
    return { body: none, isCut: false, left: rest };
  }
  if (fields.has("transfer-encoding")) return chunkedIn(rest);
  const length = fields.get("content-length");
  if (length === undefined) return { body: rest, isCut: false, left: none };
  if (!/^\d+$/.test(length)) throw new Error(`No length: ${length}`);
  const bytes = Number(length);
  return {
    body: rest.subarray(0, bytes),
    isCut: rest.length < bytes,
    left: rest.subarray(bytes),
  };
}

function chunkedIn(rest: Buffer): { body: Buffer; isCut: boolean; left: Buffer } {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = rest.indexOf("\r\n", at);
    if (lineEnd < 0) return { body: Buffer.concat(chunks), isCut: true, left: none };
    const bytes = Number.parseInt(rest.subarray(at, lineEnd).toString("latin1"), 16);
    if (Number.isNaN(bytes)) throw new Error("No chunk.");
    at = lineEnd + 2;
    if (bytes === 0)
      return { body: Buffer.concat(chunks), isCut: false, left: rest.subarray(at + 2) };
    chunks.push(rest.subarray(at, at + bytes));
    at += bytes + 2;
    if (at > rest.length) return { body: Buffer.concat(chunks), isCut: true, left: none };
  }
}
