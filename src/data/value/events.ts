// Events of a data cache, for an application's own logs, metrics and traces.
import { guarded } from "../../base/guarded.ts";
import type { TierName } from "../../config/tier-names.ts";
import { errorName } from "../../base/error-name.ts";
import { type Log, logOf } from "../../observe/log-line.ts";
import type { Key } from "./data-key.ts";
import type { DataPlace } from "./space.ts";

/** A use of one key. */
interface OfKey {
  readonly namespace: string;
  /** The key as the application passed it. */
  readonly key: Key;
}

/** One event of this isolate or process. Other isolates and processes have events of their own. */
export type DataEvent =
  /** A stored value answered. `stale`: the value had expired, or was softly purged. */
  | (OfKey & { readonly type: "hit"; readonly tier: TierName; readonly stale: boolean })
  /** The load of another call answered. */
  | (OfKey & { readonly type: "collapsed" })
  /** No tier and no other call had a usable value: the call loaded one, found none, or failed. */
  | (OfKey & { readonly type: "miss" })
  /** A load of one or more keys ended. `startedAtMs`: epoch milliseconds. `errors`: failed keys only. */
  | {
      readonly type: "load";
      readonly namespace: string;
      readonly keys: readonly Key[];
      readonly startedAtMs: number;
      readonly tookMs: number;
      readonly errors: ReadonlyMap<Key, unknown>;
    }
  /** `set` or `write` succeeded. `tiers`: the tiers that hold the value. */
  | (OfKey & { readonly type: "write"; readonly tiers: readonly TierName[] })
  /** A load or a write failed. The call rejects, or `getOrSetMany` returns the error in `errors`. */
  | (OfKey & { readonly type: "error"; readonly error: unknown })
  /** The journal accepted a call of `delete`, `expire`, `clear` or `purge`. */
  | {
      readonly type: "purge";
      readonly tags: readonly string[];
      /** Keys with their namespace. */
      readonly keys: readonly Key[];
      /** URLs of pages. */
      readonly urls: readonly string[];
      /** Prefixes of keys and of pages. */
      readonly prefixes: readonly Key[];
      readonly everything: boolean;
      readonly soft: boolean;
      /** The position in the journal. */
      readonly position: string;
    };

/** Receives events synchronously, so it should return fast. The cache catches its errors. */
export type OnDataEvent = (event: DataEvent) => void;

/** Passes events to the application's listener. Counts the listener's errors, and logs the first. */
export class EventListener {
  #failures = 0;
  readonly #listener: OnDataEvent;
  readonly #log: Log;

  constructor(listener: OnDataEvent, log: Log) {
    this.#listener = listener;
    this.#log = logOf("data", log);
  }

  /** The number of the listener's errors. */
  get failures(): number {
    return this.#failures;
  }

  emit(event: DataEvent): void {
    guarded(
      () => this.#listener(event),
      (cause) => this.#failed(cause),
    );
  }

  #failed(cause: unknown): void {
    this.#failures += 1;
    if (this.#failures > 1) return;
    const message = `The function \`onEvent\` of the data cache failed with ${errorName(cause)}: correct it.`;
    this.#log({ event: "listener-failed", level: "error", message });
  }
}

/** Runs a write of one key, and emits its result or its error to the listener, if there is one. */
export function emitting(
  place: DataPlace,
  write: () => Promise<readonly TierName[]>,
  { events }: { readonly events: EventListener | undefined },
): Promise<readonly TierName[]> {
  return events === undefined ? write() : emittingTo(events, place, write);
}

async function emittingTo(
  events: EventListener,
  { space, appKey: key }: DataPlace,
  write: () => Promise<readonly TierName[]>,
): Promise<readonly TierName[]> {
  const { name: namespace } = space;
  try {
    const tiers = await write();
    events.emit({ type: "write", namespace, key, tiers });
    return tiers;
  } catch (error) {
    events.emit({ type: "error", namespace, key, error });
    throw error;
  }
}
