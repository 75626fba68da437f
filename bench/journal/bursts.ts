// Measures an isolate that starts after a burst of a thousand purges a second: which stored
// responses it can use, and after how many searches of the journal.
import type { World } from "./world.ts";
import type { EntryPlace } from "../../src/purge/journal/entry.ts";
import { JournalView } from "../../src/purge/view/journal-view.ts";
import { purgeOf, responseOf, table } from "./examples.ts";

const maxLagMs = 10_000;
const burstSeconds = [1, 5, 8, 60];
/** The number of earlier purges. */
const calmCount = 100;
const appendedAtOnce = 100;
const searchCountMax = 20;

export async function reportBursts(world: World): Promise<void> {
  const rows = [];
  for (const seconds of burstSeconds) rows.push(await afterBurst(world, seconds));
  table(
    "A cold isolate after a burst of 1,000 purges a second: whether it can use responses that no purge covers",
    ["burst", "commands at the start", ...whens.map(({ name }) => name)],
    rows,
  );
}

/** The times at which a response was stored. `back` is the number of entries after its stamp. */
const whens = [
  { name: "stored 1 min before the burst", back: (seconds: number) => seconds * 1_000 + 6 },
  { name: "at its start", back: (seconds: number) => seconds * 1_000 },
  { name: "3 s before its end", back: (seconds: number) => Math.min(3_000, seconds * 1_000) },
  { name: "0.9 s before its end", back: () => 900 },
  { name: "after the burst", back: () => 0 },
];

async function afterBurst(world: World, seconds: number): Promise<string[]> {
  const places = await write(world, seconds);
  let commands = "";
  const cells: string[] = [];
  for (const { back } of whens) {
    let atMs = 0;
    const journal = world.journal(() => atMs);
    const settings = { journal, nowAtMs: () => atMs, maxLagMs };
    const view = new JournalView({ ...settings, allowanceMs: 1_000, timeoutMs: 20_000 });
    const pending: Promise<void>[] = [];
    const attention = () => ({
      atMs,
      afterAnswer: (work: () => Promise<void>) => void pending.push(work()),
    });
    world.rest.resetCounts();
    await view.stamp(attention());
    await Promise.all(pending.splice(0));
    commands = JSON.stringify(world.rest.counts().commandCountByName);
    const stamp = places.at(-1 - back(seconds)) ?? "none";
    const response = responseOf(0, stamp);
    const isUsable = () =>
      view.judge(response, { atMs, maxLagMs, colo: () => "" }).kind === "usable";
    let searchCount = 0;
    while (!isUsable() && searchCount < searchCountMax) {
      atMs += maxLagMs / 4;
      await view.seek(attention(), response);
      await Promise.all(pending.splice(0));
      searchCount += 1;
    }
    cells.push(told(searchCount));
  }
  return [`${seconds} s`, commands.replaceAll(/["{}]/g, ""), ...cells];
}

function told(searchCount: number): string {
  if (searchCount === 0) return "usable at once";
  if (searchCount === searchCountMax) return "validated once";
  return `usable after ${searchCount} search${searchCount === 1 ? "" : "es"}`;
}

async function write(world: World, seconds: number): Promise<EntryPlace[]> {
  await world.database.flushall();
  const journal = world.journal(() => 0);
  const places: EntryPlace[] = [];
  for (let at = 0; at < calmCount + seconds * 1_000; at += appendedAtOnce) {
    const purges = Array.from({ length: appendedAtOnce }, (_, nth) =>
      purgeOf(at + nth, { tags: [`tag:burst:${at + nth}`], prefixes: [] }),
    );
    const appended = await journal.append(purges);
    if (appended.kind === "unavailable") throw new Error("The journal is unavailable.");
    places.push(...appended.places);
  }
  return places;
}
