// The fields by which a handler lets Tidemark store its answer.
import { refuseUnknown } from "../base/known-members.ts";
import { OperatorError } from "../base/operator-error.ts";
import { quoted, tagBytes, tagBytesMax } from "../protocol/purge-order.ts";
import { durationSeconds } from "./duration.ts";
import type { Duration } from "./written-route.ts";

/** The maximum size of `Cache-Tag`. */
const tagsBytesMax = 8_192;

/** The lifetimes and tags of an answer that is the same for everybody. */
export interface SharedAnswer {
  /** How long Tidemark may answer with it. */
  readonly fresh: Duration;
  /** How long it may then answer while it is loaded again. */
  readonly staleWhileRevalidate?: Duration | undefined;
  /** The names by which purges cover it: up to 256 bytes each, without commas. */
  readonly tags?: readonly string[] | undefined;
  /** How long browsers may use it without asking. No purge reaches them. Default: `"0s"`. */
  readonly browser?: Duration | undefined;
}

/**
 * Returns `Cache-Control` (RFC 9111 §5.2.2) and `Cache-Tag` for an answer that is the same for everybody, even for
 * clients with cookies.
 *
 * @throws OperatorError for an invalid duration or tag
 * @example c.html(page, 200, cacheHeaders({ fresh: "1h", tags: ["article:42"] }))
 */
export function cacheHeaders(answer: SharedAnswer): Record<string, string> {
  refuseUnknown(
    answer,
    ["fresh", "staleWhileRevalidate", "tags", "browser"],
    "cacheHeaders({ … })",
  );
  const { fresh, staleWhileRevalidate, tags = [], browser = "0s" } = answer;
  const directives = [`max-age=${seconds(browser)}`, `s-maxage=${seconds(fresh)}`];
  if (staleWhileRevalidate !== undefined)
    directives.push(`stale-while-revalidate=${seconds(staleWhileRevalidate)}`);
  const named = [...new Set(tags)].map(checkedTag).join(",");
  if (tagBytes(named) > tagsBytesMax)
    throw invalid(`Its tags have more than ${tagsBytesMax} bytes.`, "Name fewer or shorter tags.");
  const headers = { "Cache-Control": directives.join(", ") };
  return named === "" ? headers : { ...headers, "Cache-Tag": named };
}

function seconds(duration: unknown): number {
  const count = typeof duration === "string" ? durationSeconds(duration) : undefined;
  if (count !== undefined) return count;
  const hint = 'Write a whole number with s, m, h or d, such as "5m".';
  throw invalid(`${quoted(String(duration))} is not a duration.`, hint);
}

/** A field's value is bytes, and neither a comma nor the edges of a tag would survive. */
function checkedTag(tag: unknown): string {
  const isText = typeof tag === "string" && tag.length <= tagBytesMax;
  if (isText && /^[!-~](?:[ -~]*[!-~])?$/.test(tag) && !tag.includes(",")) return tag;
  const hint = `Use up to ${tagBytesMax} ASCII characters without a comma, and encode others with encodeURIComponent.`;
  throw invalid(`${quoted(String(tag))} cannot be sent as a tag.`, hint);
}

function invalid(why: string, hint: string): OperatorError {
  return new OperatorError({ what: "The cache fields of an answer are invalid.", why, hint });
}
