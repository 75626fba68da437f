// The cron trigger's work: refreshes the hottest keys in the shared tier shortly before they expire, so that
// no colo waits for them.
import type { Context } from "../site/exchange.ts";
import type { HotKeyCount } from "../../protocol/families.ts";
import { withAllBehind } from "./all-behind.ts";
import { askedAgain, type HotKeyNote } from "../site/hot-key-note.ts";
import { type RefreshAhead, refreshAhead } from "../fetch/refresh.ts";
import { inTurns } from "./pool.ts";

/** Covers the time until the run after next, less half a minute: the next run may be late or slow. */
export const horizonSeconds = 90;

/** Keys with a single sample in two minutes are rarely requested. */
const countMin = 2;

/** Runs once. A key that fails expires, and does not stop the others. */
export async function keepWarm(context: Context): Promise<void> {
  const { nowAtMs, hotKeys, config, metrics } = context.site;
  if (hotKeys === undefined) return;
  const startedAtMs = nowAtMs();
  const notes = hottest(await hotKeys.recent(startedAtMs), config.hotKeys);
  const due = notes.filter(({ expiresAtMs }) => expiresAtMs < startedAtMs + horizonSeconds * 1_000);
  const work = async (note: HotKeyNote) => metrics.add("hotKeys", [await keptWarm(note, context)]);
  await inTurns(due, { work }, nowAtMs);
}

/** Merges notes by key. The earliest expiry counts, because an unnecessary look-up is cheap. */
export function hottest(notes: readonly HotKeyNote[], keysMax: number): HotKeyNote[] {
  const byKey = new Map<string, HotKeyNote>();
  for (const note of notes) {
    const key = JSON.stringify([note.url, note.cookie, note.fields]);
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
    const asked = askedAgain(note, context);
    if (asked === undefined) return "failed";
    return countOf(
      await withAllBehind(context, (noting) => refreshAhead(asked, horizonSeconds, noting)),
    );
  } catch (cause) {
    // Continue with other keys; the runner of background work counts the error and logs its origin.
    context.afterAnswer(async () => {
      throw cause;
    });
    return "failed";
  }
}

function countOf(ahead: RefreshAhead): HotKeyCount {
  if (ahead.kind === "asked") return ahead.came;
  return ahead.kind === "origin-in-trouble" ? "failed" : "skipped";
}
