// A client that does not decode bodies, reuses no connection, and sends any path unchanged.
import { request, type IncomingHttpHeaders } from "node:http";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; repeated Set-Cookie lines as an array. */
  readonly headers: IncomingHttpHeaders;
  /** Names and values as received, in order. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Whether the connection ended before the body. */
  readonly isCut: boolean;
}

export interface RawRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** @param path is sent unchanged, including dot segments and escapes */
export function rawRequest(base: string, path: string, sent: RawRequest = {}): Promise<RawAnswer> {
  const { hostname, port } = new URL(base);
  const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>();
  const { method = "GET", headers = {}, body } = sent;
  const options = { hostname, port, path, method, headers, agent: false };
  const outgoing = request(options, (incoming) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("error", () => undefined);
    incoming.on("close", () =>
      resolve({
        status: incoming.statusCode ?? 0,
        headers: incoming.headers,
        rawHeaders: incoming.rawHeaders,
        body: Buffer.concat(chunks),
        isCut: !incoming.complete,
      }),
    );
  });
  outgoing.on("error", reject);
  outgoing.end(body);
  return promise;
}

/** Returns the value of Cache-Status; empty if the field is absent. */
export function cacheStatusOf(answer: Pick<RawAnswer, "headers">): string {
  return String(answer.headers["cache-status"] ?? "");
}
