// The origin of the ranges bench. Serves generated files by ranges, and records which bytes it
// sends.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { type Listening, listening } from "../../testing/listening.ts";

export interface RangesOrigin extends Listening {
  /** Returns whether the bytes are those of the file from `firstByte` on. */
  isPart(path: string, firstByte: number, bytes: Uint8Array): boolean;
  /**
   * Returns and forgets what was sent since the last call. `twice` counts requests whose range the
   * origin had sent before.
   */
  take(): { requests: number; bytes: number; twice: number };
}

/** @param fileBytes the size of `/file-0.bin` to `/file-3.bin` */
export async function startRangesOrigin(fileBytes: number): Promise<RangesOrigin> {
  const generated = Buffer.alloc(fileBytes);
  for (let at = 0; at + 4 <= fileBytes; at += 4) generated.writeUInt32LE(at, at);
  const files = new Map([0, 1, 2, 3].map((name) => [`/file-${name}.bin`, generated]));
  const sent = new Set<string>();
  let [requests, sentBytes, twice] = [0, 0, 0];

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const bytes = files.get(request.url ?? "");
    if (bytes === undefined) return void response.writeHead(404).end();
    const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
    const fields = {
      "content-type": "application/octet-stream",
      "cache-control": "max-age=86400",
      etag: `"${request.url}"`,
      "accept-ranges": "bytes",
    };
    const firstByte = Number(first ?? 0);
    const lastByte = Math.min(Number(last || Infinity), bytes.byteLength - 1);
    const part = bytes.subarray(firstByte, lastByte + 1);
    requests += 1;
    sentBytes += part.byteLength;
    const range = `${request.url} ${firstByte}-${lastByte}`;
    if (sent.has(range)) twice += 1;
    sent.add(range);
    const contentRange = `bytes ${firstByte}-${lastByte}/${bytes.byteLength}`;
    const ofPart = first === undefined ? {} : { "content-range": contentRange };
    response.writeHead(first === undefined ? 200 : 206, {
      ...fields,
      ...ofPart,
      "content-length": part.byteLength,
    });
    response.end(part);
  };
  return {
    ...(await listening(createServer(answer))),
    isPart: (path, firstByte, bytes) => {
      const whole = files.get(path)?.subarray(firstByte, firstByte + bytes.byteLength);
      return whole !== undefined && Buffer.compare(whole, bytes) === 0;
    },
    take: () => {
      const taken = { requests, bytes: sentBytes, twice };
      [requests, sentBytes, twice] = [0, 0, 0];
      sent.clear();
      return taken;
    },
  };
}
