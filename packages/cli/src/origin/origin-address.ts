// The address of an origin, as a user writes it.
import {
  httpUrlFault,
  originUrlFault,
  shownUrl,
} from "../../../../src/protocol/variables/origin-url.ts";
import { usageError } from "../command-error.ts";

/** @returns scheme and host, such as "https://www.example.com". @throws CommandError for any other text */
export function originAddress(text: string): string {
  const given = /^[\w.-]+(?::\d+)?\/?$/.test(text) ? `https://${text}` : text;
  const fault = originUrlFault(given);
  if (fault === undefined) return new URL(given).origin;
  const hasPath = httpUrlFault(given) === undefined;
  throw usageError({
    what: `${shownUrl(given)} is no origin.`,
    why: `It ${fault}.`,
    mend: hasPath
      ? "Write scheme and host alone, and the path with --page."
      : "Write scheme and host alone, such as https://www.example.com.",
  });
}
