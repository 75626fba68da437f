// One request of a client, and what it saw; connections are kept, up to 400 to each colo.
import { Agent, request } from "node:http";

/** workerd closes what is idle for 5 s; to be closed just as it is used again is no failed answer. */
const idleMsMax = 3_000;

const agent = new Agent({ keepAlive: true, maxSockets: 400, timeout: idleMsMax });

export interface Sent {
  readonly method?: string;
  readonly body?: string;
  /** What has no whole answer by then has none; absent, it may take any time. */
  readonly waitTimeoutMs?: number;
}

export interface Seen {
  /** Epoch milliseconds with fractions: all processes of this machine share the clock. */
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** Until the head of the answer; the same as `tookMs` where none came. */
  readonly headTookMs: number;
  /** 0 when no whole answer came. */
  readonly status: number;
  readonly cacheStatus: string;
  readonly body: string;
  /** Of the body as it came. */
  readonly bodyBytes: number;
  /** What `Content-Length` says; `undefined` without one. */
  readonly statedBytes: number | undefined;
}

export const nowAtMs = (): number => performance.timeOrigin + performance.now();

const noAnswer = { status: 0, cacheStatus: "", body: "", bodyBytes: 0, statedBytes: undefined };

/** Never throws: a broken connection is an answer of status 0. */
export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  { method = "GET", body: sent, waitTimeoutMs }: Sent = {},
): Promise<Seen> {
  const startedAtMs = nowAtMs();
  return new Promise((resolve) => {
    let settled = false;
    const seen = (of: Partial<Seen> = {}) => {
      if (settled) return;
      settled = true;
      clearTimeout(impatience);
      const tookMs = nowAtMs() - startedAtMs;
      resolve({ ...noAnswer, startedAtMs, tookMs, headTookMs: tookMs, ...of });
    };
    const asking = request(url, { agent, method, headers }, (response) => {
      const headTookMs = nowAtMs() - startedAtMs;
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", () => seen());
      response.once("close", () => {
        const cacheStatus = String(response.headers["cache-status"] ?? "");
        const status = response.complete ? (response.statusCode ?? 0) : 0;
        const body = Buffer.concat(chunks);
        const length = response.headers["content-length"];
        seen({
          headTookMs,
          status,
          cacheStatus,
          body: body.toString(),
          bodyBytes: body.length,
          statedBytes: length === undefined ? undefined : Number(length),
        });
      });
    });
    asking.once("error", () => seen());
    const impatience =
      waitTimeoutMs === undefined ? undefined : setTimeout(() => asking.destroy(), waitTimeoutMs);
    asking.end(sent);
  });
}
