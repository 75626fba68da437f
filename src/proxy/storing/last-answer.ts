// Remembers the origin's last answer for each URL, for explain (src/admin/explain/).
import type { FieldLine } from "../../rules/fields.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import { nameSetBy } from "../request/cookies.ts";
import type { OriginNeed } from "../reuse/need.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

const tellingFields: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "cdn-cache-control",
  "date",
  "etag",
  "expires",
  "last-modified",
  "pragma",
  "surrogate-control",
  "vary",
]);

/**
 * Stores the decision record so far. Called again when the record has more.
 *
 * @param told additions to the record
 */
export function noteAnswer(
  metadata: StoredMetadata,
  { asked, exchange }: Pick<OriginNeed, "asked" | "exchange">,
  told: { refused?: RuleAndNames; isMadePrivate?: boolean } = {},
): void {
  const { decision } = exchange;
  if (asked.method !== "GET") return;
  const { fields } = metadata;
  const { refused = decision.refused, isMadePrivate = false } = told;
  const telling = fields.filter(([name]) => tellingFields.has(name));
  const bodyBytes = metadata.bodyBytes ?? decision.bodyBytes;
  const isSent = decision.outcome === "stored" || decision.outcome === "validated";
  const nothing = { tags: [], withheldTags: [], selecting: [], askedBy: undefined };
  exchange.site.lastAnswers.answered.set(asked.url, {
    metadata: { ...metadata, ...nothing, bodyBytes, fields: telling },
    refused: refused?.rule === "set-cookie" ? { ...refused, names: cookiesIn(fields) } : refused,
    isReportedStored: isSent && told.refused === undefined && !decision.isRefresh,
    isMadePrivate,
    changes: decision.changes,
  });
}

/** Returns names only: a value may be a session. */
function cookiesIn(fields: readonly FieldLine[]): string[] {
  const lines = fields.filter(([name]) => name === "set-cookie");
  return lines.flatMap(([, line]) => nameSetBy(line) ?? []);
}
