// Rule 21: a webhook that comes again is answered without a command where this isolate has read all
// its entries, and appended again wherever that is not certain.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Acceptances, type SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import { boundMs, Isolate, maxLagMs, newEntry } from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const order: SignedOrder = {
  id: "msg_1",
  bodyDigest: "d1",
  by: "webhook",
  reason: "",
  mode: "hard",
  targets: { tags: ["tag:red"], prefixes: ["/a/"] },
};
/** More than fits into one entry. */
const large = { ...order, targets: { ...order.targets, tags: tagsOf(1_500) } };

function tagsOf(count: number): string[] {
  return Array.from({ length: count }, (_, at) => `tag:${at}`);
}

/** One that has taken the purge, and read it back in the chain unless the journal is away. */
async function taken(sent: SignedOrder, isRead = true) {
  const isolate = new Isolate();
  const { journal, view, clock } = isolate;
  const { nowAtMs } = clock;
  journal.write(newEntry({ n: "first" }));
  await isolate.filled();
  await isolate.settle();
  let nth = 0;
  const randomText = () => `n${(nth += 1)}`;
  const acceptances = new Acceptances({ journal, view, nowAtMs, randomText, maxLagMs });
  journal.down = isRead ? [] : ["since"];
  const first = await acceptances.accept(sent, isolate.attention);
  await vi.advanceTimersByTimeAsync(0);
  journal.asked.splice(0);
  const again = (changes: Partial<SignedOrder> = {}) =>
    acceptances.accept({ ...sent, ...changes }, isolate.attention);
  return { isolate, journal, first, again };
}

describe("a webhook that comes again", () => {
  it.each([
    { id: "one entry", sent: order },
    { id: "several entries", sent: large },
  ])("is answered as before, without a command: $id", async ({ sent }) => {
    const { journal, first, again } = await taken(sent);
    expect(await again()).toEqual(first);
    expect(journal.asked).toEqual([]);
  });

  it("is read back like any other, and written again if it is gone", async () => {
    const { isolate, journal, again } = await taken(order);
    await vi.advanceTimersByTimeAsync(maxLagMs / 2);
    await again();
    journal.stream.loseNewest(1, isolate.clock.atMs);
    journal.asked.splice(0);
    await vi.advanceTimersByTimeAsync(maxLagMs / 2);
    expect(journal.asked).toEqual(["standing", "append"]);
  });

  it.each<{ id: string; isRead?: boolean; idleMs?: number; changes?: Partial<SignedOrder> }>([
    { id: "not read yet", isRead: false },
    { id: "the view is older than N − A", idleMs: boundMs + 1 },
    { id: "without an id", changes: { id: "" } },
    { id: "another id", changes: { id: "msg_2" } },
    { id: "read as more than it was", changes: { targets: { tags: ["tag:blue"], prefixes: [] } } },
  ])("is appended: $id", async ({ isRead = true, idleMs = 0, changes = {} }) => {
    const { isolate, journal, first, again } = await taken(order, isRead);
    isolate.clock.advance(idleMs / 1_000);
    const second = await again(changes);
    expect(second.kind).toBe("accepted");
    expect(second).not.toEqual(first);
    expect(journal.asked).toContain("append");
  });

  it("is appended where one of its entries has not been read", async () => {
    const { isolate, journal, again } = await taken(large);
    const { items } = journal.stream;
    const cold = new Isolate({ clock: isolate.clock, journal });
    journal.stream.restore([...items.slice(0, 1), ...items.slice(2)], isolate.clock.atMs);
    await cold.filled();
    const { view, clock } = cold;
    const { nowAtMs } = clock;
    const given = { journal, view, nowAtMs, maxLagMs };
    const acceptances = new Acceptances({ ...given, randomText: () => "n" });
    journal.asked.splice(0);
    await acceptances.accept(large, cold.attention);
    expect(journal.asked).toContain("append");
    expect((await again()).kind).toBe("accepted");
  });
});
