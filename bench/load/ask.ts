// One request of a client, and what it saw; connections are kept, up to 400 to each colo.
import { Agent, request } from "node:http";

const agent = new Agent({ keepAlive: true, maxSockets: 400 });

export interface Seen {
  /** Epoch milliseconds with fractions: all processes of this machine share the clock. */
  readonly startedAtMs: number;
  readonly tookMs: number;
  /** 0 when no whole answer came. */
  readonly status: number;
  readonly cacheStatus: string;
  readonly body: string;
}

export const nowAtMs = (): number => performance.timeOrigin + performance.now();

/** Never throws: a broken connection is an answer of status 0. */
export function ask(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Seen> {
  const startedAtMs = nowAtMs();
  return new Promise((resolve) => {
    let settled = false;
    const seen = (status: number, cacheStatus: string, body: string) => {
      if (settled) return;
      settled = true;
      resolve({ startedAtMs, tookMs: nowAtMs() - startedAtMs, status, cacheStatus, body });
    };
    const asking = request(url, { agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", () => seen(0, "", ""));
      response.once("close", () => {
        const cacheStatus = String(response.headers["cache-status"] ?? "");
        const status = response.complete ? (response.statusCode ?? 0) : 0;
        seen(status, cacheStatus, Buffer.concat(chunks).toString());
      });
    });
    asking.once("error", () => seen(0, "", ""));
    asking.end();
  });
}
