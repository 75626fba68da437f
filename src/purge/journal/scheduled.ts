// ScheduleChange purges (docs/purge-protocol-special.md, rule 30): the entries that plan one, cancel it, and
// put it into effect, and the schedule that keeps them.
import * as v from "valibot";
import { jsonIn, listIn } from "../../base/json-text.ts";
import { dataIn } from "../../base/schemas.ts";
import { nothing, type PurgeTargets } from "./purge-target.ts";

/** The steps of a scheduled purge, as its entries state them. A later one supersedes an earlier one. */
const scheduledStates = ["planned", "cancelled", "effective"] as const;

type ScheduledState = (typeof scheduledStates)[number];

/** The part of an entry that concerns a scheduled purge. */
export interface ScheduleChange {
  /** Identifies the scheduled purge: 1 to 64 characters of base64url. */
  readonly id: string;
  readonly state: ScheduledState;
  /** The instant of the purge, in epoch milliseconds. */
  readonly atMs: number;
  /** A cancel counts only if the journal accepted it before this instant: `atMs` less the largest N. */
  readonly cancelBeforeMs: number;
  /** The purged targets; none in a cancel. The entry's own `targets` are empty. */
  readonly targets: PurgeTargets;
}

/** The largest number of plans and effects in a schedule, and of bytes of their texts. */
export const scheduledMax = 256;
export const scheduledBytesMax = 262_144;

/** The number of cancels in a schedule from which on it takes no plan. */
export const cancelledMax = 1_024;

/** How far ahead the instant of a scheduled purge may be. */
export const scheduledMsMax = 366 * 86_400_000;

/**
 * How long the schedule keeps a purge after its instant: more than the largest N, A and `settleSeconds`
 * together, because by rule 7 (b) a view that begins after the effect may use a response from before it.
 */
export const scheduledKeptMs = 3 * 3_600_000;

const instant = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const form = v.object({
  id: v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/)),
  state: v.picklist(scheduledStates),
  atMs: instant,
  cancelBeforeMs: instant,
  tags: v.optional(v.array(v.string()), []),
  prefixes: v.optional(v.array(v.string()), []),
});

/** Encodes the field of an entry. The targets of an effect are those of the entry, for older Workers. */
export function encodeScheduled({ targets, ...scheduled }: ScheduleChange): string {
  return JSON.stringify(scheduled.state === "planned" ? { ...scheduled, ...targets } : scheduled);
}

/**
 * Parses the field of an entry. Returns `undefined` for an invalid field. Never throws.
 *
 * @param own the targets of the entry itself
 */
export function readScheduled(json: string, own: PurgeTargets): ScheduleChange | undefined {
  const read = dataIn(form, jsonIn(json));
  if (read === undefined) return undefined;
  const { tags, prefixes, ...scheduled } = read;
  const { state } = scheduled;
  const named = state === "planned" ? { tags, prefixes } : nothing;
  return { ...scheduled, targets: state === "effective" ? own : named };
}

/** A line of the schedule: the last state of a scheduled purge. */
export interface ScheduledLine {
  readonly id: string;
  readonly state: ScheduledState;
  readonly atMs: number;
  /** The entry in the form of a reply of XRANGE. */
  readonly item: unknown;
  /** The length of the text in UTF-8. */
  readonly bytes: number;
}

/** Returns the text of a line. The last part is JSON. */
export function scheduledText({ id, state, atMs }: ScheduleChange, item: unknown): string {
  return `${state} ${id} ${atMs} ${JSON.stringify(item)}`;
}

const encoder = new TextEncoder();

/** Returns the length of a text in UTF-8. */
export const bytesIn = (text: string): number => encoder.encode(text).length;

/** Parses the lines of a schedule. Skips texts of any other form. */
export function scheduledLines(texts: unknown): readonly ScheduledLine[] {
  return listIn(texts).flatMap((line) => {
    const text = String(line);
    const [, state, id = "", atMs, json] = /^(\w+) (\S+) (\d+) (.*)$/s.exec(text) ?? [];
    const known = scheduledStates.find((one) => one === state);
    return known === undefined
      ? []
      : [{ id, state: known, atMs: Number(atMs), item: jsonIn(json), bytes: bytesIn(text) }];
  });
}

/**
 * Why a schedule did not take an entry. `held`: it has the same or a later state of this purge. `full`:
 * it has no room for another plan. `unknown`: it has no purge to cancel. `late`: the time of a cancel
 * has passed.
 */
export type ScheduleRefusal = "held" | "full" | "unknown" | "late";

/** Returns whether a state replaces another one. */
export function supersedes(state: ScheduledState, held: ScheduledState | undefined): boolean {
  return held === undefined || scheduledStates.indexOf(state) > scheduledStates.indexOf(held);
}

/**
 * Returns why the schedule does not take an entry; `undefined` if it does. In Redis, a script decides
 * the same.
 *
 * @param bytes the length of the entry's text
 * @param nowMs the journal's clock
 */
export function scheduleRefusal(
  { id, state, cancelBeforeMs }: ScheduleChange,
  texts: readonly string[],
  { bytes, nowMs }: { readonly bytes: number; readonly nowMs: number },
): ScheduleRefusal | undefined {
  const lines = scheduledLines(texts);
  const held = lines.find((line) => line.id === id)?.state;
  if (state === "cancelled" && held === undefined) return "unknown";
  if (state === "cancelled" && held === "effective") return "late";
  const isOpen = held === undefined || (held === "planned" && state !== "planned");
  if (!isOpen) return "held";
  if (state === "cancelled") return nowMs >= cancelBeforeMs ? "late" : undefined;
  if (state === "effective") return undefined;
  const standing = lines.filter((line) => !isOver(line, nowMs));
  const open = standing.filter((line) => line.state !== "cancelled");
  const bytesHeld = open.reduce((sum, line) => sum + line.bytes, 0);
  const isFull = open.length >= scheduledMax || bytesHeld + bytes > scheduledBytesMax;
  return isFull || standing.length - open.length >= cancelledMax ? "full" : undefined;
}

/** Returns whether the schedule may drop a line. A plan stays until its effect. */
export function isOver(
  { state, atMs }: Pick<ScheduledLine, "state" | "atMs">,
  nowMs: number,
): boolean {
  return state !== "planned" && nowMs > atMs + scheduledKeptMs;
}
