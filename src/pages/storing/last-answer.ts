// Notes an answer of the origin, so that an operator can later see why it was not stored.
import type { FieldLine } from "../../rules/fields.ts";
import { nameSetBy } from "../request/cookies.ts";
import type { PagePlace } from "../site/exchange.ts";
import type { RuleAndNames } from "../../rules/cache-status.ts";
import type { StoredMetadata } from "../stored/stored-response.ts";

const tellingFields: ReadonlySet<string> = new Set([
  "age",
  "cache-control",
  "date",
  "etag",
  "expires",
  "last-modified",
  "pragma",
  "surrogate-control",
  "vary",
]);

/**
 * Records the answer to a GET with the decision so far. Callers repeat the call when more of the
 * decision is known.
 *
 * @param additions values that the decision does not contain
 */
export function noteAnswer(
  metadata: StoredMetadata,
  { request, exchange }: PagePlace,
  additions: { refused?: RuleAndNames; isMadePrivate?: boolean } = {},
): void {
  const { decision } = exchange;
  if (request.method !== "GET" || request.content !== undefined) return;
  const { fields } = metadata;
  const { refused = decision.refused, isMadePrivate = false } = additions;
  const telling = fields.filter(
    ([name]) => tellingFields.has(name) || name.endsWith("-cache-control"),
  );
  const bodyBytes = metadata.bodyBytes ?? decision.bodyBytes;
  const isSent = decision.outcome === "stored" || decision.outcome === "validated";
  const nothing = { tags: [], withheldTags: [], selecting: [] };
  exchange.site.lastAnswers.answered.set(request.url, {
    metadata: { ...metadata, ...nothing, bodyBytes, fields: telling },
    refused: refused?.rule === "set-cookie" ? { ...refused, names: cookiesIn(fields) } : refused,
    isReportedStored: isSent && additions.refused === undefined && !decision.isRefresh,
    isMadePrivate,
    changes: decision.changes,
  });
}

/** Returns only the names of the cookies, because a value may identify a session. */
function cookiesIn(fields: readonly FieldLine[]): string[] {
  const lines = fields.filter(([name]) => name === "set-cookie");
  return lines.flatMap(([, line]) => nameSetBy(line) ?? []);
}
