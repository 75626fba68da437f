// The totals as they lie in Redis: a word that names this very text, a space, and JSON.
import * as z from "zod/mini";
import { formOf, jsonIn, sumsIn } from "./sums-text.ts";
import type { ColoState, Totals } from "./totals.ts";

/** Raised with every change of form that an older reader would take wrongly. */
const form = "1";

/** What stands under the key. */
export type HeldTotals =
  | {
      readonly kind: "held";
      /** Names this very text; empty where none stands, or what stands is nothing of ours. */
      readonly version: string;
      /** `undefined` where there are none that can be read: counting begins anew. */
      readonly totals: Totals | undefined;
      /** Something stands there that cannot be read. */
      readonly isBroken: boolean;
    }
  /** A newer form, which must not be written over. */
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
});

/** @param random text without white space, that no other text of totals has */
export function totalsText({ startedAtMs, sums, colos, windows }: Totals, random: string): string {
  const plain = {
    startedAtMs,
    sums: formOf(sums),
    colos: Object.fromEntries(colos),
    windows: windows.map((window) => ({ ...window, sums: formOf(window.sums) })),
  };
  return `${form}.${random} ${JSON.stringify(plain)}`;
}

/** @param text of the key; `null` where nothing stands. Never throws */
export function totalsIn(text: unknown): HeldTotals {
  if (typeof text !== "string")
    return { kind: "held", version: "", totals: undefined, isBroken: false };
  const [, version = "", number, json] = /^((\d{1,9})\.[\w-]+) (.*)$/s.exec(text) ?? [];
  if (number !== undefined && number !== form) return { kind: "newer" };
  const totals = readTotals(jsonIn(json));
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
  return { startedAtMs: data.startedAtMs, sums, colos, windows };
}
