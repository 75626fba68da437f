// The SDK's client for one call.
import { Redis } from "@upstash/redis/cloudflare";
import type { DatabaseConditionSettings } from "./database-condition.ts";

/** What the SDK hands to its HTTP client, and how long may be waited for an answer of the same form. */
export type Carry = (
  request: Parameters<Parameters<Redis["use"]>[0]>[0],
  timeoutMs: number,
) => Promise<{ result?: never; error?: string }>;

/** How a database is reached, and how its troubles are told. */
export interface RedisAddress extends Pick<DatabaseConditionSettings, "words"> {
  readonly url: string;
  readonly token: string;
  /** Carries the commands in the place of HTTP; then `url` and `token` are not used. */
  readonly carry?: Carry | undefined;
  /** May that send a command again by itself? HTTP does not. */
  readonly mayResend?: boolean;
}

/**
 * Each call has a new client: a Worker must not use the I/O of one request in another.
 *
 * @param timeoutMs after so long the call fails
 */
export function openClient({ url, token, carry }: RedisAddress, timeoutMs: number): Redis {
  const redis = new Redis({
    url,
    token,
    signal: () => AbortSignal.timeout(timeoutMs),
    retry: { retries: 0 },
    automaticDeserialization: false,
    enableAutoPipelining: false,
    enableTelemetry: false,
    responseEncoding: false,
  });
  if (carry !== undefined) redis.use((request) => carry(request, timeoutMs));
  return redis;
}
