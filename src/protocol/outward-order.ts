// The body of `POST outward`.
import * as z from "zod/mini";

/** The body of `POST outward`. `skip` purges everything at the target, and drops older purges. */
export const outwardOrder = z.strictObject({
  target: z.string(),
  do: z.enum(["deliver", "skip"]),
});
