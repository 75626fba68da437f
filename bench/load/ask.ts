// Sends one request of a client, and records the result. Keeps up to 400 connections to each colo.
import { Agent, request } from "node:http";

/**
 * The longest time that a connection may be idle. workerd closes an idle connection after 5 s, and
 * a request at that moment would fail.
 */
const idleMsMax = 3_000;

const agent = new Agent({ keepAlive: true, maxSockets: 400, timeout: idleMsMax });

interface Sent {
  readonly method?: string;
  readonly body?: string;
  /** The time-out of the whole response. If absent, there is no time-out. */
  readonly waitTimeoutMs?: number;
}

interface Seen {
  /** Epoch milliseconds with fractions. All processes of this machine share the clock. */
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** 0 if the response is missing or incomplete. */
  readonly status: number;
  readonly cacheStatus: string;
  /** The value of `Content-Type`; empty if there is none. */
  readonly contentType: string;
  readonly body: string;
}

export const nowAtMs = (): number => performance.timeOrigin + performance.now();

const noAnswer = { status: 0, cacheStatus: "", contentType: "", body: "" };

/** Sends a request. Never throws: a broken connection yields status 0. */
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
      resolve({ ...noAnswer, startedAtMs, tookMs, ...of });
    };
    const asking = request(url, { agent, method, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", () => seen());
      response.once("close", () => {
        const cacheStatus = String(response.headers["cache-status"] ?? "");
        const status = response.complete ? (response.statusCode ?? 0) : 0;
        const contentType = response.headers["content-type"] ?? "";
        seen({ status, cacheStatus, contentType, body: Buffer.concat(chunks).toString() });
      });
    });
    asking.once("error", () => seen());
    const impatience =
      waitTimeoutMs === undefined ? undefined : setTimeout(() => asking.destroy(), waitTimeoutMs);
    asking.end(sent);
  });
}
