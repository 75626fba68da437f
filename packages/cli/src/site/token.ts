// Validates an ADMIN_TOKEN from the user.
import { usageError } from "../command-error.ts";

/**
 * @param from the source of the token, such as `TIDEMARK_TOKEN`
 * @returns a valid value for a request field. @throws CommandError, which does not quote the token
 */
export function checkedToken(token: string, from: string): string {
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw usageError({
    what: `${from} cannot be used.`,
    why:
      token === ""
        ? "It is empty."
        : "It contains a space, a line break or a character outside ASCII.",
    hint: "Pass only the ADMIN_TOKEN of the site.",
  });
}
