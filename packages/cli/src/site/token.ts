// The ADMIN_TOKEN of a site, as the user gives it.
import { usageError } from "../command-error.ts";

/**
 * @param from what said it, such as `TIDEMARK_TOKEN`
 * @returns what a field of a request may hold. @throws CommandError, which does not quote it
 */
export function checkedToken(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError({
    what: `${from} cannot be used.`,
    why:
      token === ""
        ? "It is empty."
        : "It holds a space, a line break or a character outside of ASCII.",
    mend: "Give the ADMIN_TOKEN of the site, and nothing else.",
  });
}
