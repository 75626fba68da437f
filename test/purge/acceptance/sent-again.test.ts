// Rule 21: a repeated webhook needs no command if the isolate has read all entries of the first.
// Otherwise its purge is appended again.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { SignedOrder } from "../../../src/purge/acceptance/acceptance.ts";
import {
  boundMs,
  Isolate,
  maxLagMs,
  orderOf,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const order = orderOf([], { targets: { tags: ["tag:red"], prefixes: ["/a/"] } });
const tags = Array.from({ length: 1_500 }, (_, at) => `tag:${at}`);
/** A purge of several entries. */
const large = orderOf([], { targets: { tags, prefixes: ["/a/"] } });

/** Creates an isolate that has accepted a purge. `isRead`: it has also read the purge's entries. */
async function accepting(sent: SignedOrder, isRead = true) {
  const isolate = await warmIsolate();
  const { journal } = isolate;
  const acceptances = isolate.acceptances();
  journal.down = isRead ? [] : ["since"];
  journal.isPageFull = !isRead;
  const first = await acceptances.accept(sent, isolate.requester);
  await vi.advanceTimersByTimeAsync(0);
  journal.asked.splice(0);
  const again = (changes: Partial<SignedOrder> = {}) =>
    acceptances.accept({ ...sent, ...changes }, isolate.requester);
  return { isolate, journal, first, again };
}

describe("a repeated webhook", () => {
  it.each([
    { id: "one entry", sent: order },
    { id: "several entries", sent: large },
  ])("gets the first answer without a command: $id", async ({ sent }) => {
    const { journal, first, again } = await accepting(sent);
    expect(await again()).toEqual(first);
    expect(journal.asked).toEqual([]);
  });

  it("causes a read-back, and another append if the entry is gone", async () => {
    const { isolate, journal, again } = await accepting(order);
    await vi.advanceTimersByTimeAsync(maxLagMs / 2);
    await again();
    journal.stream.loseNewest(1, isolate.clock.atMs);
    journal.asked.splice(0);
    await vi.advanceTimersByTimeAsync(maxLagMs / 2);
    expect(journal.asked).toEqual(["standing", "append"]);
  });

  it.each<{ id: string; isRead?: boolean; idleMs?: number; changes?: Partial<SignedOrder> }>([
    { id: "its entry was not read yet", isRead: false },
    { id: "the view is older than N − A", idleMs: boundMs + 1 },
    { id: "it has no id", changes: { id: "" } },
    { id: "it has another id", changes: { id: "msg_2" } },
    { id: "it has another mode", changes: { mode: "soft" } },
    { id: "it has other targets", changes: { targets: { tags: ["tag:blue"], prefixes: [] } } },
    {
      id: "it has another prefix",
      changes: { targets: { tags: ["tag:red"], prefixes: ["/a/", "/b/"] } },
    },
  ])("is appended if $id", async ({ isRead = true, idleMs = 0, changes = {} }) => {
    const { isolate, journal, first, again } = await accepting(order, isRead);
    isolate.clock.advance(idleMs / 1_000);
    const second = await again(changes);
    expect(second.kind).toBe("accepted");
    expect(second).not.toEqual(first);
    expect(journal.asked).toContain("appendAndRead");
  });

  it("is appended if neither attempt has an id", async () => {
    const { journal, again } = await accepting({ ...order, id: "", bodyDigest: "" });
    await again();
    expect(journal.asked).toContain("appendAndRead");
  });

  it("is appended if one of its entries was not read", async () => {
    const { isolate, journal } = await accepting(large);
    const { items } = journal.stream;
    const cold = new Isolate(isolate);
    journal.stream.restore([...items.slice(0, 1), ...items.slice(2)], isolate.clock.atMs);
    await cold.filled();
    journal.asked.splice(0);
    await cold.acceptances().accept(large, cold.requester);
    expect(journal.asked).toContain("append");
  });
});
