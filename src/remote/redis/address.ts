// The address of a Redis database, and how commands reach it.
import type { Log } from "../../observe/log-line.ts";
import type { TroubleWords } from "../trouble.ts";
import type { Command, Form } from "./redis.ts";

/** Sends commands like `Send`, within the timeout. */
export type Transport = (
  form: Form,
  commands: readonly Command[],
  timeoutMs: number,
) => Promise<readonly unknown[]>;

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

/** The address of Upstash's REST interface, as the database's page in the console shows it. */
export interface RestAddress {
  readonly url: string;
  readonly token: string;
}

/** Returns how commands reach the database of a REST address. */
export type ReachRest = (address: RestAddress) => Transport;

/**
 * Subscribes to a channel of the database of a REST address, until the signal.
 *
 * @param heard receives nothing once the subscription has begun, and then the text of each message
 * @throws like `Transport`, if the subscription does not begin
 */
export type SubscribeRest = (
  address: RestAddress,
  channel: string,
  heard: (text?: string) => void,
  signal: AbortSignal,
) => Promise<void>;

/** The address of a database, and the texts about its troubles. */
export interface RedisAddress extends RestAddress {
  /** Default: those for Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
  /** Sends commands over a connection. `url` and `token` are then unused. */
  readonly transport?: Transport | undefined;
  /**
   * Starts to wait for the first connection, unless the wait has begun. Returns whether the wait
   * has ended and there was never a connection. Absent for HTTP, which has no connection.
   */
  readonly hasNeverConnected?: (() => boolean) | undefined;
  /** As in `Connection`. Default: `false`. */
  readonly isCluster?: boolean;
  /** Waits for entries of a stream over a second connection. Absent for HTTP. */
  readonly watch?: ((stream: WatchedStream) => StreamHints) | undefined;
}
