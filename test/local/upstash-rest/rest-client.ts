// The two ways the suites speak to the REST server: raw requests, and the client of the product.
import { Redis } from "@upstash/redis/cloudflare";
import type { UpstashRestServer } from "../../../local/upstash-rest-server.ts";

/** For `expect.poll`: a stated condition is looked at often, and given up late. */
export const waitTimeout = { interval: 5, timeout: 15_000 };

export interface RestRequest {
  method?: string;
  path?: string;
  /** Sent as JSON unless it is text or bytes already; absent means no body. */
  body?: unknown;
  headers?: Record<string, string>;
  /** Absent means the server's own. */
  authorization?: string;
}

export async function ask(
  server: UpstashRestServer,
  asked: RestRequest,
): Promise<{ status: number; answer: unknown }> {
  const { body, authorization = `Bearer ${server.token}` } = asked;
  const isReady = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(`${server.url}${asked.path ?? "/"}`, {
    method: asked.method ?? (body === undefined ? "GET" : "POST"),
    headers: { ...asked.headers, authorization },
    body: isReady
      ? ((body as string | Uint8Array<ArrayBuffer> | undefined) ?? null)
      : JSON.stringify(body),
  });
  const text = await response.text();
  return {
    status: response.status,
    answer: text === "" ? undefined : (JSON.parse(text) as unknown),
  };
}

/** One command, and its result; throws on any error so that a set-up cannot fail unseen. */
export async function run(server: UpstashRestServer, ...command: unknown[]): Promise<unknown> {
  const { answer } = await ask(server, { body: command });
  const { result, error } = answer as { result?: unknown; error?: string };
  if (error !== undefined) throw new Error(`${JSON.stringify(command)} failed: ${error}`);
  return result;
}

/** With the options that the product gives it. */
export function sdkClient(server: { url: string; token: string }): Redis {
  return new Redis({
    url: server.url,
    token: server.token,
    retry: { retries: 0 },
    automaticDeserialization: false,
    enableAutoPipelining: false,
    responseEncoding: false,
    signal: () => AbortSignal.timeout(5_000),
  });
}
