// Parses the address of an origin from a user.
import {
  httpUrlFault,
  originUrlFault,
  shownUrl,
} from "../../../../src/protocol/variables/origin-url.ts";
import { usageError } from "../command-error.ts";

/**
 * Returns scheme and host, such as "https://www.example.com". @throws CommandError for an invalid
 * address
 */
export function originAddress(text: string): string {
  const given = /^[\w.-]+(?::\d+)?\/?$/.test(text) ? `https://${text}` : text;
  const fault = originUrlFault(given);
  if (fault === undefined) return new URL(given).origin;
  const hasPath = httpUrlFault(given) === undefined;
  throw usageError({
    what: `${shownUrl(given)} is not an origin.`,
    why: `It ${fault}.`,
    hint: hasPath
      ? "Write only scheme and host. Pass the path with --page."
      : "Write only scheme and host, such as https://www.example.com.",
  });
}
