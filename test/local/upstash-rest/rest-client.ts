// Two ways to call the REST server: raw requests, and the client of the product.
import { Redis } from "@upstash/redis/cloudflare";
import type { UpstashRestServer } from "../../../local/upstash-rest-server.ts";

type Address = Pick<UpstashRestServer, "url" | "token">;

/** Options of `expect.poll`: looks at a condition often, and fails late. */
export const waitTimeout = { interval: 5, timeout: 120_000 };

export interface RestRequest {
  method?: string;
  path?: string;
  /** Sent as JSON, unless it is text or bytes. Default: no body. */
  body?: unknown;
  /** Default: the server's own token. */
  authorization?: string;
}

export async function ask(
  server: Address,
  asked: RestRequest,
): Promise<{ status: number; answer: unknown }> {
  const { body, authorization = `Bearer ${server.token}` } = asked;
  const isReady = body === undefined || typeof body === "string" || body instanceof Uint8Array;
  const response = await fetch(`${server.url}${asked.path ?? "/"}`, {
    method: asked.method ?? (body === undefined ? "GET" : "POST"),
    headers: { authorization },
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

/**
 * Runs one command, and returns its result. Throws on an error, so that a failed set-up is noticed.
 */
export async function run(server: Address, ...command: unknown[]): Promise<unknown> {
  const { answer } = await ask(server, { body: command });
  const { result, error } = answer as { result?: unknown; error?: string };
  if (error !== undefined) throw new Error(`${JSON.stringify(command)} failed: ${error}`);
  return result;
}

/** Creates a client with the options that the product sets. */
export function sdkClient(server: Address): Redis {
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
