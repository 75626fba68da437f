// Encodes totals for Redis: a version that identifies the text, a space, and JSON.
import * as z from "zod/mini";
import { jsonIn } from "../base/json-text.ts";
import { formOf, sumsIn } from "./sums-text.ts";
import type { ColoState, Totals } from "./totals.ts";

/** Incremented with every incompatible change of the format. */
const form = "1";

/** The value under the totals' key. */
export type HeldTotals =
  | {
      readonly kind: "held";
      /** Identifies the text; empty if the key has no text of this form. */
      readonly version: string;
      /** `undefined` if there are no readable totals, so counting starts over. */
      readonly totals: Totals | undefined;
      /** Whether the value exists but is unreadable. */
      readonly isBroken: boolean;
    }
  /** The text has a newer format, and must not be overwritten. */
  | { readonly kind: "newer" };

const amount = z.number().check(z.nonnegative());
const rate = z.nullable(amount);
const totalsForm = z.object({
  startedAtMs: amount,
  sums: z.unknown(),
  colos: z.record(
    z.string(),
    z.object({
      atMs: amount,
      lagMs: rate,
      lagWorstMs: rate,
      viewAgeMs: rate,
      memoryBytes: amount,
      memoryRecords: amount,
    }),
  ),
  windows: z.array(z.object({ fromAtMs: amount, sums: z.unknown() })),
  history: z.optional(z.unknown()),
});

/**
 * Encodes totals.
 *
 * @param random a unique string of letters, digits, `_` and `-`
 */
export function totalsText(
  { startedAtMs, sums, colos, windows, history }: Totals,
  random: string,
): string {
  const plain = {
    startedAtMs,
    sums: formOf(sums),
    colos: Object.fromEntries(colos),
    windows: windows.map((window) => ({ ...window, sums: formOf(window.sums) })),
    history,
  };
  return `${form}.${random} ${JSON.stringify(plain)}`;
}

/**
 * Decodes totals. Never throws.
 *
 * @param text the key's value; `null` if the key does not exist
 * @param isSealed whether the text has a valid seal; otherwise counting starts over
 */
export function totalsIn(text: unknown, isSealed = true): HeldTotals {
  if (typeof text !== "string")
    return { kind: "held", version: "", totals: undefined, isBroken: false };
  const [, version = "", number, json] = /^((\d{1,9})\.[\w-]+) (.*)$/s.exec(text) ?? [];
  if (isSealed && number !== undefined && number !== form) return { kind: "newer" };
  const totals = isSealed ? readTotals(jsonIn(json)) : undefined;
  return { kind: "held", version, totals, isBroken: totals === undefined };
}

function readTotals(value: unknown): Totals | undefined {
  const { data } = z.safeParse(totalsForm, value);
  const sums = sumsIn(data?.sums);
  if (data === undefined || sums === undefined) return undefined;
  const windows = data.windows.flatMap((window) => {
    const ofWindow = sumsIn(window.sums);
    return ofWindow ? [{ fromAtMs: window.fromAtMs, sums: ofWindow }] : [];
  });
  const colos: ReadonlyMap<string, ColoState> = new Map(Object.entries(data.colos));
  return { startedAtMs: data.startedAtMs, sums, colos, windows, history: data.history };
}
