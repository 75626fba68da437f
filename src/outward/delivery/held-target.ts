// Reads and changes the stored state of one target.
import { type Entry, type EntryPlace, acceptedAtMs } from "../../purge/journal/entry.ts";
import type { Unavailable } from "../../purge/journal/journal.ts";
import type { OutwardPorts } from "../port/outward-target.ts";
import { readTargetState, type TargetState } from "./target-state.ts";

export type WrittenState = Omit<TargetState, "id">;

/** A state, and the version of its text. */
export interface VersionedState {
  readonly kind: "held";
  readonly version: string;
  readonly state: WrittenState;
}

export type Change = "overtaken" | "unavailable";

/**
 * A new target receives purges from this time before its first delivery. The deployment with the
 * target may have accepted purges before it delivered any: a new cron trigger may take 15 minutes to
 * start.
 */
export const lookBackMs = 1_200_000;

/** The maximum number of attempts to settle a state that others change meanwhile. */
const settlesMax = 4;

export class HeldTarget {
  readonly #name: string;
  readonly #ports: OutwardPorts;

  constructor(name: string, ports: OutwardPorts) {
    this.#name = name;
    this.#ports = ports;
  }

  /** Reads the state. Creates it for a new target, and for one whose state was lost. */
  async open(): Promise<VersionedState | "empty-journal" | Change> {
    const found = await this.read();
    if (found.kind === "unavailable") return "unavailable";
    if (found.kind === "held") return found;
    const newest = await this.#ports.journal.newestFirst(newestCount);
    if ("kind" in newest) return "unavailable";
    if (newest[0] === undefined) return "empty-journal";
    const state = found.isLost ? resetTo(newest[0], "state-lost") : this.#beginning(newest);
    return this.replace(found.version, { buckets: {}, ...state });
  }

  async read(): Promise<
    | VersionedState
    | { readonly kind: "none"; readonly version: string; readonly isLost: boolean }
    | Unavailable
  > {
    const read = await this.#ports.subscribers.read([this.#name]);
    if (read.kind === "unavailable") return read;
    const { version, text } = read.states[0] ?? { version: "", text: undefined };
    const state = text === undefined ? undefined : readTargetState(text);
    if (state === undefined) return { kind: "none", version, isLost: text !== undefined };
    return { kind: "held", version, state };
  }

  /** Stores a state, if nobody else has changed it. */
  async replace(version: string, state: WrittenState): Promise<VersionedState | Change> {
    const { subscribers, randomText } = this.#ports;
    const text = JSON.stringify({ ...state, id: randomText() });
    const replaced = await subscribers.replace(this.#name, version, text);
    if (replaced.kind !== "replaced") return replaced.kind;
    return { kind: "held", version: replaced.version, state };
  }

  /** Changes the state while this isolate has the lease, even if others change it meanwhile. */
  async settle(
    held: VersionedState,
    change: (state: WrittenState) => WrittenState,
  ): Promise<VersionedState | Change> {
    const holder = held.state.lease?.holder;
    let current = held;
    for (let tries = 0; tries < settlesMax; tries += 1) {
      const replaced = await this.replace(current.version, change(current.state));
      if (replaced !== "overtaken") return replaced;
      const read = await this.read();
      if (read.kind === "unavailable") return "unavailable";
      if (read.kind === "none" || read.state.lease?.holder !== holder) return "overtaken";
      current = read;
    }
    return "overtaken";
  }

  /** Returns the beginning of a new target: the newest entry from before the look back. */
  #beginning(newest: readonly Entry[]): Partial<WrittenState> {
    const beforeAtMs = this.#ports.nowAtMs() - lookBackMs;
    const start = newest.find(({ position }) => acceptedAtMs(position) < beforeAtMs);
    if (start !== undefined) return { cursor: { position: start.position, n: start.n } };
    return resetTo(newest[0] ?? { position: "0-0", n: "" }, "new");
  }
}

/** The number of entries in which a new target looks for its beginning. */
const newestCount = 128;

export function resetTo(
  { position, n }: EntryPlace,
  why: NonNullable<WrittenState["reset"]>["why"],
): Pick<WrittenState, "reset"> {
  return { reset: { position, n, why } };
}
