// Rule 22: the isolate that accepted a purge applies the purge at once, and separately until a read
// returns its entry.
import { describe, expect, it } from "vitest";
import type { Entry, NewEntry } from "../../../src/purge/journal/entry.ts";
import {
  Isolate,
  newEntry,
  orderOf,
  responseWith,
  warmIsolate,
} from "../../../testing/examples/purges.ts";

const red = newEntry({ n: "red", tags: ["tag:red"] });

async function warm() {
  const isolate = await warmIsolate();
  const before = await isolate.filled();
  isolate.clock.advance(1);
  const append = (entry: NewEntry = red): Entry => {
    return { ...entry, position: isolate.journal.write(entry) };
  };
  return { isolate, before, append };
}

describe("an accepted purge that no read has returned", () => {
  it("covers older responses at once, and no others", async () => {
    const { isolate, before, append } = await warm();
    isolate.view.tail.apply([append()]);
    expect(isolate.judge(before)).toBe("hard");
    expect(isolate.judge({ ...before, tags: ["green"] })).toBe("usable");
  });

  it("covers the responses of each entry of a large purge, while the journal cannot be read", async () => {
    const { isolate, before } = await warm();
    const tags = Array.from({ length: 1_500 }, (_, at) => `tag:${at}`);
    isolate.journal.down = ["since"];
    const order = orderOf([], { targets: { tags, prefixes: [] } });
    await isolate.acceptances().accept(order, isolate.requester);
    expect(isolate.view.tail.entries.filter(({ id }) => id === order.id).length).toBeGreaterThan(1);
    for (const tag of ["0", "750", "1499"]) {
      expect(isolate.judge({ ...before, tags: [tag] })).toBe("hard");
    }
    expect(isolate.judge({ ...before, tags: ["1500"] })).toBe("usable");
  });

  it("covers responses that are filled later, because their stamp is older", async () => {
    const { isolate, append } = await warm();
    isolate.view.tail.apply([append()]);
    expect(isolate.judge(await isolate.filled())).toBe("hard");
  });

  it("covers responses without a view, however recent they are", () => {
    const isolate = new Isolate();
    isolate.view.tail.apply([{ ...red, position: "1-0" }]);
    const young = responseWith({ requestedAtMs: isolate.clock.atMs });
    expect(isolate.judge(young, { colo: "HAM" })).toBe("hard");
  });

  it("changes neither the view's end nor its age", async () => {
    const { isolate, append } = await warm();
    const { sentAtMs } = isolate.view.tail;
    isolate.view.tail.apply([append()]);
    expect([isolate.view.tail.chain?.end.n, isolate.view.tail.sentAtMs]).toEqual([
      "first",
      sentAtMs,
    ]);
  });
});

describe("during later reads, an accepted purge", () => {
  it.each(["before the read", "after the read"])(
    "covers only older responses once it is read, if the journal confirmed it %s",
    async (when) => {
      const { isolate, before, append } = await warm();
      const entry = append();
      if (when === "before the read") isolate.view.tail.apply([entry]);
      await isolate.renew();
      if (when === "after the read") isolate.view.tail.apply([entry]);
      const after = await isolate.filled();
      expect([isolate.judge(before), isolate.judge(after)]).toEqual(["hard", "usable"]);
      expect(isolate.view.tail.entries.length).toBe(2);
    },
  );

  it("is not dropped by a read from a lagging replica", async () => {
    const { isolate, before, append } = await warm();
    isolate.view.tail.apply([append()]);
    isolate.journal.replicaLagMs = 9_500;
    await isolate.renew();
    expect(isolate.judge(before)).toBe("hard");
    isolate.journal.replicaLagMs = 0;
    await isolate.renew();
    expect([isolate.judge(before), isolate.view.tail.entries.length]).toEqual(["hard", 2]);
  });

  it("still applies if its entry was lost, also after it is appended again", async () => {
    const { isolate, before, append } = await warm();
    const entry = append();
    isolate.view.tail.apply([entry]);
    isolate.journal.stream.loseNewest(1, isolate.clock.atMs);
    await isolate.renew();
    expect(isolate.judge(before)).toBe("hard");
    append(entry);
    await isolate.renew();
    const after = await isolate.filled();
    expect([isolate.judge(before), isolate.judge(after)]).toEqual(["hard", "usable"]);
  });
});

describe("a read-back that has found an accepted purge", () => {
  it.each([
    { id: "before the view's oldest entry", position: () => "1-0", judged: "usable" },
    // A server that has lost entries may give one position twice.
    { id: "at its position", position: (oldest: string) => oldest, judged: "hard" },
    { id: "after it", position: () => "9999999999999-0", judged: "hard" },
  ])("ends its effect only if no read can return it: $id", async ({ position, judged }) => {
    const { isolate, before } = await warm();
    const entry = { ...red, position: position(isolate.view.tail.chain?.floor.position ?? "") };
    isolate.view.tail.apply([entry]);
    expect(isolate.judge(before)).toBe("hard");
    isolate.view.tail.confirm([entry]);
    expect(isolate.judge(before)).toBe(judged);
  });
});
