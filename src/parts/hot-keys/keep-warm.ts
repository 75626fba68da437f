// Runs on a cron trigger. Refreshes the hottest keys in the shared tier shortly before they expire,
// so that no colo waits for them.
import type { Context } from "../../pages/site/exchange.ts";
import type { HotKeyCount } from "../../protocol/families.ts";
import { withAllBehind } from "../../base/all-behind.ts";
import type { CountedHits } from "./counted-hits.ts";
import { askedAgain, type HotKeyNote } from "./note.ts";
import { type RefreshAhead, refreshAhead } from "../../pages/fetch/refresh.ts";
import { inTurns } from "../../base/pool.ts";

/**
 * A run refreshes the keys that expire within this time. The next run starts in 60 s, but may be
 * late or slow.
 */
const horizonSeconds = 90;

/** The minimum number of samples. A key with one sample in two minutes is rarely requested. */
const countMin = 2;

/** Runs once. If a refresh fails, its key expires, and the run continues. */
export async function keepWarm(
  context: Context,
  { hits, count }: { readonly hits: CountedHits; readonly count: number },
): Promise<void> {
  const { nowAtMs, metrics } = context.site;
  const startedAtMs = nowAtMs();
  const notes = hottest(await hits.recent(startedAtMs), count);
  const due = notes.filter(({ expiresAtMs }) => expiresAtMs < startedAtMs + horizonSeconds * 1_000);
  const work = async (note: HotKeyNote) => metrics.add("hotKeys", [await keptWarm(note, context)]);
  await inTurns(due, { work }, nowAtMs);
}

/**
 * Returns the hottest keys, at most `keysMax`. Merges the notes of each key into one note with the
 * earliest expiry, because an unnecessary lookup is cheap.
 */
export function hottest(notes: readonly HotKeyNote[], keysMax: number): HotKeyNote[] {
  const byKey = new Map<string, HotKeyNote>();
  for (const note of notes) {
    const key = JSON.stringify([note.url, note.fields]);
    const before = byKey.get(key);
    const count = note.count + (before?.count ?? 0);
    const expiresAtMs = Math.min(note.expiresAtMs, before?.expiresAtMs ?? Infinity);
    byKey.set(key, { ...note, count, expiresAtMs });
  }
  return [...byKey.values()]
    .filter(({ count }) => count >= countMin)
    .sort((a, b) => b.count - a.count)
    .slice(0, keysMax);
}

async function keptWarm(note: HotKeyNote, context: Context): Promise<HotKeyCount> {
  try {
    const request = askedAgain(note, context);
    if (request === undefined) return "failed";
    return countOf(
      await withAllBehind(context, (noting) => refreshAhead(request, horizonSeconds, noting)),
    );
  } catch (cause) {
    // Rethrow in the background, where the error is counted and logged, and continue with other
    // keys.
    context.afterAnswer(async () => {
      throw cause;
    });
    return "failed";
  }
}

function countOf(ahead: RefreshAhead): HotKeyCount {
  if (ahead.kind === "asked") return ahead.result;
  return ahead.kind === "origin-in-trouble" ? "failed" : "skipped";
}
