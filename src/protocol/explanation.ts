// The part of an explanation that the CLI reads. The compiler checks that
// src/operate/explain/explanation.ts includes it.
import * as z from "zod/mini";
import type { Immutable } from "./operator-orders.ts";

const stored = z.object({
  /**
   * The age of the response when it arrived. A large age means that another cache had stored the
   * response, the origin was slow, or a clock is wrong.
   */
  ageOnArrivalSeconds: z.number(),
});

const look = z.object({
  tiers: z.array(z.object({ copy: z.optional(stored) })),
  /**
   * The last response from the origin for the URL, as remembered by this isolate; absent if a
   * stored response answers.
   */
  last: z.optional(stored),
});

/** The explanation as JSON, in an answer or in the field `Tidemark-Explain`. */
export const explanation = z.object({ look: z.optional(look) });

export type LookRead = Immutable<z.output<typeof look>>;
