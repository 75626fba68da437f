// Two versions of the Worker with different N share the copies of a colo. Each applies its own N.
import "../../testing/fakes/workers-globals.ts";
import { expect, it } from "vitest";
import { FakeCache } from "../../testing/fakes/fake-cache.ts";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { openNetworkOfFakes } from "../../testing/fakes/fake-upstash.ts";
import { drawsFrom } from "../../testing/draws.ts";
import { UnsteadyUpstash } from "../../testing/fakes/unsteady-upstash.ts";
import { playsAll, shareOf } from "../../testing/histories.ts";
import { upstashStore } from "../../testing/fakes/upstash-store.ts";

openNetworkOfFakes();

const allowanceMs = 1_000;
const host = "www.example.com";
/** Half an hour of half seconds, or a share of it. */
const turns = shareOf(3_900);

/**
 * Runs one isolate for each N. The first gets a request every half second. The second gets one
 * every 67 s, so it finds copies of every age. The journal gets an entry every four seconds.
 *
 * @returns the number of checks, and in how many the view lacked an entry older than N − A
 */
async function overlooked(lagsSeconds: readonly number[]) {
  const clock = new FakeClock();
  const upstash = new UnsteadyUpstash(clock);
  const cache = new FakeCache(clock);
  const log = () => undefined;
  const platform = { nowAtMs: clock.nowAtMs, random: drawsFrom(1), log, cache: () => cache };
  const versions = lagsSeconds.map((visibleWithinSeconds) => {
    const renewalLagMs = visibleWithinSeconds * 1_000;
    const purge = { renewalLagMs, visibleWithinSeconds, allowanceMs };
    const { view } = upstashStore.journalAt(upstash)({ purge, namespace: "site" }, platform);
    return { view, boundMs: renewalLagMs - allowanceMs };
  });
  const purges: { readonly position: string; readonly atMs: number }[] = [];
  const found = { judgements: 0, overlooked: 0 };
  const pending: Promise<void>[] = [];
  for (let turn = 0; turn < turns; turn += 1) {
    if (turn % 8 === 0) {
      const position = upstash.journal.add(purgeOf(turn));
      purges.push({ position, atMs: clock.atMs });
    }
    clock.advance(0.5);
    for (const [nth, { view, boundMs }] of versions.entries()) {
      if (nth > 0 && turn % 134 !== 133) continue;
      const afterAnswer = (work: () => Promise<void>) => void pending.push(work());
      await view.renewIfDue({ atMs: clock.atMs, host, afterAnswer })?.();
      await Promise.all(pending.splice(0));
      const due = purges.findLast(({ atMs }) => atMs < clock.atMs - boundMs);
      if (due === undefined) continue;
      found.judgements += 1;
      const known = view.tail.chain?.entries.findLast(({ position }) => position === due.position);
      if (known === undefined) found.overlooked += 1;
    }
  }
  return found;
}

const purgeOf = (nth: number) => ["*", "v", "1", "n", `${nth}`, "tags", "[]", "prefixes", "[]"];

it.each([
  { id: "N is lowered", lagsSeconds: [60, 3] },
  { id: "N is raised", lagsSeconds: [3, 60] },
])("each isolate has every entry older than its own N − A: $id", async ({ lagsSeconds }) => {
  const { judgements, overlooked: count } = await overlooked(lagsSeconds);
  expect(judgements).toBeGreaterThan(playsAll ? 3_000 : 200);
  expect(count).toBe(0);
});
