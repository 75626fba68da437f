// GET /_cache/journal: lists the journal's entries, which record who purged what, and when.
import { isoOf } from "../base/iso-date.ts";
import { acceptedAtMs, type Entry } from "../purge/journal/entry.ts";
import { namedTargets } from "../purge/journal/purge-target.ts";
import type { Journal } from "../purge/journal/journal.ts";
import type { Reason } from "../base/operator-error.ts";
import type { OperatorAnswer } from "../protocol/answers.ts";
import { quoted } from "../protocol/purge-order.ts";
import { errorsOf, journalAway, jsonAnswer } from "./json-answers.ts";

/** Entries are up to 8 KiB each, so an answer stays within 1 MiB. */
const countMax = 128;
const countUnlessAsked = 100;

/**
 * Answers `GET /_cache/journal?after=<position>&count=<n>`, or `?last=<n>` for the newest entries.
 * The oldest entry comes first.
 *
 * @param journal the journal, or the reason why there is none
 */
export async function journalRoute(
  query: URLSearchParams,
  journal: Pick<Journal, "after" | "newestFirst"> | Reason,
): Promise<Response> {
  const last = query.get("last");
  if (last !== null && (query.has("after") || query.has("count"))) {
    return malformed("last cannot be combined with after or count.");
  }
  const after = query.get("after") ?? "0";
  const count = last ?? query.get("count") ?? String(countUnlessAsked);
  if (!/^\d{1,16}(?:-\d{1,16})?$/.test(after)) {
    return malformed(`${quoted(after)} is not a position.`);
  }
  if (!/^\d{1,3}$/.test(count) || Number(count) < 1 || Number(count) > countMax) {
    return malformed(`${quoted(count)} is not a count from 1 to ${countMax}.`);
  }
  if ("why" in journal) return refused(503, "unavailable", journal);
  const found =
    last === null
      ? await journal.after(after, Number(count))
      : await journal.newestFirst(Number(count));
  if ("kind" in found)
    return refused(503, "unavailable", journalAway(found, "send the request again"));
  const entries = last === null ? found : found.toReversed();
  const isPageFull = last === null && entries.length === Number(count);
  const next = isPageFull ? (entries.at(-1)?.position ?? null) : null;
  return jsonAnswer({ entries: entries.map(receiptOf), next } satisfies OperatorAnswer<"journal">);
}

function receiptOf(entry: Entry) {
  const { position, by, id, mode, reason, lost, switched, targets } = entry;
  const at = isoOf(acceptedAtMs(position));
  const mark = lost === "" ? {} : { lost };
  const post = switched === undefined ? {} : { bypass: switched.bypass };
  return { position, at, by, id, mode, reason, ...mark, ...post, ...namedTargets(targets) };
}

const refused = errorsOf("The journal was not shown.");

function malformed(why: string): Response {
  const hint = "Write ?after=<the position of an entry>&count=100, or ?last=20, or omit all.";
  return refused(400, "malformed", { why, hint });
}
