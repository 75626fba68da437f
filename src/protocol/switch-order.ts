// The request body of `POST switch`: the routes to send straight to the origin.
import * as z from "zod/mini";
import type { Immutable } from "./immutable.ts";

export const switchOrder = z.strictObject({
  /** `true`: all routes. `false`: no route. An array: the routes with these names. */
  bypass: z.union([z.boolean(), z.array(z.string()).check(z.minLength(1))]),
  reason: z.optional(z.string().check(z.maxLength(200))),
});

export type SwitchOrder = Immutable<z.output<typeof switchOrder>>;
