// The SDK's client for one call.
import { Redis } from "@upstash/redis/cloudflare";

/**
 * A client per call: what it holds of a request's I/O must not be used in another.
 *
 * @param timeoutMs after so long the call fails
 */
export function openClient(
  { url, token }: { readonly url: string; readonly token: string },
  timeoutMs: number,
): Redis {
  return new Redis({
    url,
    token,
    signal: () => AbortSignal.timeout(timeoutMs),
    retry: { retries: 0 },
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    responseEncoding: false,
  });
}
