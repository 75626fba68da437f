// The way from a database client to its database, and the results of its round trips.
import type { DatabaseConditionSettings, Of } from "./database-condition.ts";
import type { RedisPurpose } from "./purpose.ts";
import type { Trouble } from "../observe/condition.ts";
import type { RedisTrouble, TroubleWords } from "./trouble.ts";

/** `shut-off`, `writes-refused`: the command was not sent, because of earlier failures. */
export type RedisCause = RedisTrouble | "shut-off" | "writes-refused";

/** The result of one round trip. */
export type RedisAnswer<T> =
  | { kind: "answered"; value: T }
  | { kind: "unavailable"; cause: RedisCause };

/** Makes one round trip over a handle for this call only. */
export type Run<Handle, T> = (handle: Handle) => Promise<T>;

export interface Call<Handle, T> {
  readonly purpose: RedisPurpose;
  readonly run: Run<Handle, T>;
}

/** One call on its way. A way with a queue adds what it knows about the queue (docs/adr/0056). */
export interface Trip {
  readonly purpose: RedisPurpose;
  readonly timeoutMs: number;
  readonly of: Of;
  /** When the call was made, or got its connection. */
  sentAtMs: number;
  /** Returns whether the runtime may have queued the call behind the application's own requests. */
  hasQueued?: () => boolean;
  /** Notes a timeout. Returns whether it is the store's first one in the call's invocation. */
  isFirstTimeout?: (store: object) => boolean;
}

/** The troubles of a database, as its client knows them. */
export interface DatabaseHealth {
  /** The last trouble that affected more than writes. */
  readonly trouble: Trouble<RedisTrouble> | undefined;
  /** The last trouble that affected only writes. */
  readonly troubleWithWrites: Trouble<RedisTrouble> | undefined;
  /** Whether the database is shut off, except for probes. */
  readonly isShutOff: boolean;
  /** Whether the database answers reads but refuses writes. One write per pause is tried. */
  readonly refusesWrites: boolean;
  /** Texts about the troubles. Default: those for Upstash's REST interface. */
  readonly words?: TroubleWords | undefined;
}

export interface DatabaseClientSettings extends DatabaseConditionSettings {
  /** The maximum timeout of reads. Default: 1 s. */
  readonly readTimeoutMsMax?: number;
  /** The maximum pause between probes while the database is shut off. Default: 30 s. */
  readonly pauseMsMax?: number;
}

/** The way to a database. */
export interface Way<Handle> {
  /** Returns a handle whose calls reject after the timeout. */
  readonly handleFor: (trip: Trip) => Handle;
  readonly ping: Run<Handle, unknown>;
  /** Classifies and counts the error of a call. */
  readonly failed: (cause: unknown) => RedisTrouble;
  /**
   * Deletes the ballast, because the database rejected a write as full. The write is then retried
   * once. Absent without ballast.
   */
  readonly freeRoom?: Run<Handle, unknown> | undefined;
}
