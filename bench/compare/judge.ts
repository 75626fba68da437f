// Judges one history by two promises: the bound of Tidemark, and what a system's documentation
// promises.
import { tooOld } from "../histories/demands.ts";
import {
  type Bounds,
  type Fault,
  type HistoryEvent,
  overlaps,
  type Purge,
  type Read,
} from "../histories/events.ts";
import type { PlayedHistory } from "../histories/play.ts";
import type { Excuse } from "./adapter.ts";
import type { Call } from "./plans.ts";

export interface Violation {
  readonly purge: Purge;
  /** The first too old read, or the first without an excuse. */
  readonly read: Read;
  /** Why the read may be too old, whatever the system promises. */
  readonly causes: readonly Excuse[];
  /** Whether the system's own promise forbids the read. */
  readonly isOwn: boolean;
}

export interface Judged extends PlayedHistory<Read, Purge, Call> {
  readonly violations: readonly Violation[];
}

/** The longest time from the origin's answer until a system has stored it in all its stores. */
const storeMsMax = 1_000;

/** Returns at most one violation of the bound for each accepted purge. */
export function violationsIn(
  events: readonly HistoryEvent[],
  faults: readonly Fault[],
  bounds: Bounds,
  excused: readonly Excuse[],
): Violation[] {
  const reads = events.filter((event) => event.kind === "read");
  const purges = events.filter((event) => event.kind === "purge");
  return purges.flatMap((purge) => {
    const old = tooOld(purge, reads, faults, bounds);
    const causesOf = (read: Read) => causesBetween(purge, read, faults);
    const isOwn = (read: Read) => !causesOf(read).some((cause) => excused.includes(cause));
    const read = old.find(isOwn) ?? old[0];
    if (read === undefined) return [];
    return {
      purge,
      read,
      causes: causesOf(read),
      isOwn: isOwn(read),
    };
  });
}

function causesBetween(purge: Purge, read: Read, faults: readonly Fault[]): Excuse[] {
  const [from, to] = read.loadedAtMs;
  const isLate = from <= purge.answeredAtMs && to + storeMsMax >= purge.sentAtMs;
  const isDuringFault = overlaps(faults, purge.sentAtMs, read.answeredAtMs);
  return [
    ...(isLate ? (["late store"] as const) : []),
    ...(isDuringFault ? (["fault"] as const) : []),
  ];
}
