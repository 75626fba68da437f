// Parses a URL that an operator names, either in full or as a path on the host of the operator's request.
import type { Reason } from "../../../base/operator-error.ts";
import { quoted } from "../../../protocol/purge-order.ts";

/**
 * Returns the URL without its fragment, or the reason for its rejection.
 *
 * @param hint the hint for a text that is neither a URL nor a path
 */
export function askedUrl(
  text: string,
  { origin }: Pick<URL, "origin">,
  hint: string,
): string | Reason {
  const whole = text.startsWith("/") ? `${origin}${text}` : text;
  if (!/^https?:\/\/[^/?#]/i.test(whole) || !URL.canParse(whole)) {
    return { why: `${quoted(text)} is neither an http or https URL nor a path.`, hint };
  }
  const { username, password } = new URL(whole);
  if (username !== "" || password !== "") {
    return { why: "The URL contains a user name or a password.", hint: "Leave them out." };
  }
  return whole.replace(/#.*$/s, "");
}
