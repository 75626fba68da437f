// GET /_cache/hot: the most requested keys, or those among them that a purge covers.
import { isoOf } from "../base/iso-date.ts";
import type { Fault, Reason } from "../base/operator-error.ts";
import type { Context } from "../proxy/site/exchange.ts";
import { coveredAmong } from "../proxy/warm/hot-covered.ts";
import { askedAgain, type HotKeyNote } from "../proxy/site/hot-key-note.ts";
import type { HotKeys } from "../proxy/site/hot-keys.ts";
import { hottest } from "../proxy/warm/keep-warm.ts";
import { acceptedAtMs, type Entry } from "../purge/journal/entry.ts";
import type { Journal } from "../purge/journal/journal.ts";
import type { HotPage, OperatorAnswer } from "../protocol/answers.ts";
import { errorsOf, journalAway, jsonAnswer, quoted } from "./json-answers.ts";

/** The age limit of reports of hot keys. An isolate reports them about ten times in this span. */
const lookedBackMs = 600_000;

const countUnlessAsked = 100;
const countMax = 1_000;

export interface HotSettings {
  readonly context: Context;
  /** Why hot keys are off, even though the configuration has `hotKeys`. */
  readonly fault: Fault | undefined;
  readonly journal: Pick<Journal, "at"> | undefined;
  /** N of the purge bound. */
  readonly visibleWithinSeconds: number;
}

/**
 * Answers `GET /_cache/hot?count=<n>&coveredBy=<position>`. Lists the keys that isolates reported in
 * the last ten minutes, with one command. With `coveredBy`, lists the keys that this purge covers and
 * that were reported since ten minutes before the purge. Leaves out keys whose record in the shared
 * tier is newer than the purge. With `coveredBy`, the route sends one more command, and makes up to
 * four round trips per hundred keys.
 *
 * @returns 200 with the hottest key first; 400, 404 or 503 with an error
 */
export async function hotRoute(query: URLSearchParams, settings: HotSettings): Promise<Response> {
  const { context, fault, journal } = settings;
  const count = query.get("count") ?? String(countUnlessAsked);
  const position = query.get("coveredBy");
  if (!/^\d{1,4}$/.test(count) || Number(count) < 1 || Number(count) > countMax) {
    return malformed(`${quoted(count)} is not a count from 1 to ${countMax}.`);
  }
  if (position !== null && !/^\d{1,16}-\d{1,16}$/.test(position)) {
    return malformed(`${quoted(position)} is not a position.`);
  }
  const { hotKeys } = context.site;
  if (hotKeys === undefined) return refused(404, "no-hot-keys", fault ?? off);
  if (position === null) return hottestNow(hotKeys, Number(count), context);
  const entries = await journal?.at(position);
  if (entries === undefined) return refused(404, "no-hot-keys", off);
  if ("kind" in entries)
    return refused(503, "unavailable", journalAway(entries, "send the request again"));
  const [entry] = entries;
  if (entry === undefined) return refused(404, "no-such-entry", trimmed(position));
  const covered = await hottestCovered(hotKeys, { entry, countMax: Number(count) }, context);
  if ("why" in covered) return refused(503, "unavailable", covered);
  const holdsAtMs = acceptedAtMs(position) + settings.visibleWithinSeconds * 1_000;
  const holdsInSeconds = Math.max(0, Math.ceil((holdsAtMs - context.nowAtMs()) / 1_000));
  return jsonAnswer({ ...covered, holdsInSeconds } satisfies OperatorAnswer<"hot">);
}

async function hottestNow(hotKeys: HotKeys, count: number, context: Context): Promise<Response> {
  const notes = await hotKeys.since(context.nowAtMs() - lookedBackMs);
  if (notes === "unavailable") return refused(503, "unavailable", databaseAway);
  // Anybody with access to Redis can add notes, so show only notes that warming would accept.
  const shown = hottest(notes, countMax).filter((note) => askedAgain(note, context) !== undefined);
  return jsonAnswer({ pages: shown.slice(0, count).map(pageOf) } satisfies OperatorAnswer<"hot">);
}

async function hottestCovered(
  hotKeys: HotKeys,
  purge: { readonly entry: Entry; readonly countMax: number },
  context: Context,
): Promise<OperatorAnswer<"hot"> | Reason> {
  const { ofWorld } = context.site.tiers;
  const notes = await hotKeys.since(acceptedAtMs(purge.entry.position) - lookedBackMs);
  if (notes === "unavailable" || ofWorld?.listedAt === undefined) return databaseAway;
  const listedAt = ofWorld.listedAt.bind(ofWorld);
  const found = await coveredAmong(hottest(notes, countMax), { ...purge, listedAt }, context);
  if (found === "unavailable") return databaseAway;
  return { pages: found.notes.map(pageOf), examined: found.examined };
}

function pageOf({ url, fields, count, expiresAtMs }: HotKeyNote): HotPage {
  return { url, headers: Object.fromEntries(fields), count, expiresAt: isoOf(expiresAtMs) };
}

const refused = errorsOf("The hottest keys were not shown.");

const off: Reason = {
  why: "The configuration has no hotKeys, so isolates do not report which keys are hot.",
  hint: "Set hotKeys: 100 in the configuration, and deploy. Send the request again after some minutes.",
};

const databaseAway: Reason = {
  why: "The database did not answer.",
  hint: "Send the request again in a moment. tidemark health, or GET /_cache/health, may show the cause.",
};

function trimmed(position: string): Reason {
  const why = `The journal has no entry at ${quoted(position)}, or no longer has it.`;
  return {
    why,
    hint: "Use a position that tidemark journal, or GET /_cache/journal?last=20, shows.",
  };
}

function malformed(why: string): Response {
  const hint = "Write ?count=100&coveredBy=<the position of a purge>, or omit both.";
  return refused(400, "malformed", { why, hint });
}
