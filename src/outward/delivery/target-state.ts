// The stored state of a target: its cursor, lease, buckets and failures.
import * as z from "zod/mini";
import { jsonIn } from "../../base/json-text.ts";
import { failedOutcomes, type OutwardReset, outwardResets } from "../../protocol/outward.ts";
import type { EntryPlace } from "../../purge/journal/entry.ts";
import type { TargetFailures } from "../port/outward-target.ts";
import type { Buckets } from "./token-bucket.ts";

/** The last delivered entry. `next`: the number of names of the next entry that are delivered. */
export interface Cursor extends EntryPlace {
  readonly next?: { readonly n: string; readonly names: number } | undefined;
}

export interface TargetState {
  /** A random text, so that no two written states are equal. */
  readonly id: string;
  readonly cursor?: Cursor | undefined;
  /** A purge of everything to deliver. Afterwards, the cursor is at this entry. */
  readonly reset?: (EntryPlace & { readonly why: OutwardReset }) | undefined;
  /** The isolate that delivers. */
  readonly lease?: { readonly holder: string; readonly untilAtMs: number } | undefined;
  readonly buckets: Buckets;
  readonly failures?: TargetFailures | undefined;
  readonly lastSuccessAtMs?: number | undefined;
}

const place = {
  position: z.string().check(z.regex(/^\d{1,16}-\d{1,16}$/)),
  n: z.string(),
};

const stateForm = z.object({
  id: z.string(),
  cursor: z.optional(
    z.object({ ...place, next: z.optional(z.object({ n: z.string(), names: z.number() })) }),
  ),
  reset: z.optional(z.object({ ...place, why: z.enum(outwardResets) })),
  lease: z.optional(z.object({ holder: z.string(), untilAtMs: z.number() })),
  buckets: z.record(z.string(), z.object({ tokens: z.number(), atMs: z.number() })),
  failures: z.optional(
    z.object({
      count: z.number(),
      outcome: z.enum(failedOutcomes),
      status: z.number(),
      sinceAtMs: z.number(),
      nextTryAtMs: z.number(),
    }),
  ),
  lastSuccessAtMs: z.optional(z.number()),
}) satisfies z.ZodMiniType<TargetState>;

/** Parses a state. Returns `undefined` for an invalid text. Never throws. */
export function readTargetState(text: string): TargetState | undefined {
  return z.safeParse(stateForm, jsonIn(text)).data;
}
