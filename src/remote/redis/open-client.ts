// Creates an SDK client.
import { Redis } from "@upstash/redis/cloudflare";
import type { Log } from "../../observe/log-line.ts";
import type { TroubleWords } from "../trouble.ts";
import { isOfUpstash, withKeyLocks } from "./key-locks.ts";

/** Replaces the SDK's HTTP request. Answers in the same format within the timeout. */
export type Carry = (
  request: Parameters<Parameters<Redis["use"]>[0]>[0],
  timeoutMs: number,
) => Promise<{ result?: never; error?: string }>;

/** A stream of the database, as its reader knows it. */
export interface WatchedStream {
  readonly key: string;
  /** The ID of the last entry that the reader knows; `undefined` if it has read none. */
  readonly end: () => string | undefined;
  /** Reads the newer entries. */
  readonly read: () => Promise<unknown>;
  readonly tell: Log;
}

/** Hints that a stream has new entries. No reader may depend on them. */
export interface StreamHints {
  /** Whether hints arrive, and if not, why. */
  readonly state: string;
  /** Begins to wait for entries, unless this is under way. Call it after each read. */
  start(): void;
}

/** The address of a database, and the texts about its troubles. */
export interface RedisAddress {
  /** Default: those for Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
  readonly url: string;
  readonly token: string;
  /** The keys of SEAL_KEY; the first one seals. Default: nothing is sealed. */
  readonly sealKeys?: readonly string[] | undefined;
  /** Sends commands without HTTP. `url` and `token` are then unused. */
  readonly carry?: Carry | undefined;
  /**
   * Starts to wait for the first connection, unless the wait has begun. Returns whether the wait
   * has ended and there was never a connection. Absent for HTTP, which has no connection.
   */
  readonly hasNeverConnected?: (() => boolean) | undefined;
  /** Whether `carry` may send a command twice. HTTP does not. */
  readonly mayResend?: boolean;
  /** Waits for entries of a stream over a second connection. Absent for HTTP. */
  readonly watch?: ((stream: WatchedStream) => StreamHints) | undefined;
}

/** @param timeoutMs the timeout of each call */
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
  if (isOfUpstash(url)) redis.use((request, send) => send(withKeyLocks(request)));
  if (carry !== undefined) redis.use((request) => carry(request, timeoutMs));
  return redis;
}
