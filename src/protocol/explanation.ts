// The part of an explanation that the command reads. The whole is src/admin/explain/explanation.ts, which
// does not compile without this part.
import * as z from "zod/mini";
import type { Immutable } from "./immutable.ts";

const stored = z.object({
  /** Above 2 where another cache has kept it, or a clock is wrong. */
  ageOnArrivalSeconds: z.number(),
});

const look = z.object({
  tiers: z.array(z.object({ copy: z.optional(stored) })),
  /** The last answer for its URL, if another one answers now. */
  last: z.optional(stored),
});

/** Also of `Tidemark-Explain`. */
export const explanation = z.object({ look: z.optional(look) });

export type LookRead = Immutable<z.output<typeof look>>;
