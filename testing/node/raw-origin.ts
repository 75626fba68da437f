// An origin on a real socket that sends a test's bytes unchanged.
import { createServer, type Socket } from "node:net";
import { gzipSync } from "node:zlib";
import { type Listening, listening } from "../listening.ts";

/** The action on the connection after the bytes: keep it open, end it, or reset it. */
type Ending = "keep" | "end" | "reset";

export interface RawAnswerScript {
  readonly bytes: string | Buffer;
  readonly ending?: Ending;
  /** Delays the bytes. */
  readonly after?: Promise<void>;
}

/** @param request the whole request, head and body, as a latin1 string */
type RawScript = (request: string) => RawAnswerScript | undefined;

export interface RawOrigin extends Listening {
  /** Every request, head and body, as a latin1 string, in the order of arrival. */
  readonly seen: string[];
  /** The number of open connections. */
  readonly openCount: number;
}

/** Starts an origin on loopback. A request stays unanswered if `script` returns `undefined`. */
export async function startRawOrigin(script: RawScript): Promise<RawOrigin> {
  const seen: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => undefined);
    let pending = "";
    socket.on("data", (chunk) => {
      pending += chunk.toString("latin1");
      for (;;) {
        const lengthChars = requestChars(pending);
        if (lengthChars === undefined) return;
        const request = pending.slice(0, lengthChars);
        pending = pending.slice(lengthChars);
        seen.push(request);
        void send(socket, script(request));
      }
    });
  });
  return {
    ...(await listening(server)),
    seen,
    get openCount() {
      return sockets.size;
    },
  };
}

async function send(socket: Socket, answer: RawAnswerScript | undefined): Promise<void> {
  if (answer === undefined) return;
  const { bytes, ending = "keep", after } = answer;
  await after;
  socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes, () => {
    if (ending === "end") socket.end();
    if (ending === "reset") socket.resetAndDestroy();
  });
}

/** @returns the length of the first request in characters; `undefined` while it is incomplete */
function requestChars(text: string): number | undefined {
  const headEnd = text.indexOf("\r\n\r\n");
  if (headEnd < 0) return undefined;
  const bodyAt = headEnd + 4;
  const head = text.slice(0, bodyAt);
  if (/^transfer-encoding:\s*chunked/im.test(head)) {
    const end = text.indexOf("0\r\n\r\n", bodyAt);
    return end < 0 ? undefined : end + 5;
  }
  const [, length = "0"] = /^content-length:\s*(\d+)/im.exec(head) ?? [];
  const whole = bodyAt + Number(length);
  return text.length < whole ? undefined : whole;
}

/** An answer that an attacker hides in a body. */
export const forged = "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nforged";

/** A gzip body of n bytes. In its decoded form, the forged answer begins after n bytes. */
export const splittingGzip = (() => {
  for (let pad = 1; ; pad += 1) {
    const packed = gzipSync(Buffer.from("A".repeat(pad) + forged));
    if (packed.length === pad) return packed;
  }
})();
