// The part of an explanation that the CLI reads. The compiler checks that
// src/parts/operate/explain/explanation.ts includes it.
import * as v from "valibot";
import { finite } from "../base/schemas.ts";
import type { Immutable } from "./operator-orders.ts";

const stored = v.object({
  /**
   * The age of the response when it arrived. A large age means that another cache had stored the
   * response, the origin was slow, or a clock is wrong.
   */
  ageOnArrivalSeconds: finite(),
  /** How long browsers may show the answer; absent if not longer than N. */
  browsersSeconds: v.optional(finite()),
});

const look = v.object({
  tiers: v.array(v.object({ copy: v.optional(stored) })),
  /**
   * The last response from the origin for the URL, as remembered by this isolate; absent if a
   * stored response answers.
   */
  last: v.optional(stored),
});

/** The explanation as JSON, in an answer or in the field `Tidemark-Explain`. */
export const explanation = v.object({ look: v.optional(look) });

export type LookRead = Immutable<v.InferOutput<typeof look>>;
