// The part of an explanation that the command reads. src/admin/explain/explanation.ts has the whole, and
// must include this part to compile.
import * as z from "zod/mini";
import type { Immutable } from "./immutable.ts";

const stored = z.object({
  /** Above 2 if another cache stored it before, or a clock is wrong. */
  ageOnArrivalSeconds: z.number(),
});

const look = z.object({
  tiers: z.array(z.object({ copy: z.optional(stored) })),
  /** The last answer for the URL, if another one is served now. */
  last: z.optional(stored),
});

/** Also the form of `Tidemark-Explain`. */
export const explanation = z.object({ look: z.optional(look) });

export type LookRead = Immutable<z.output<typeof look>>;
