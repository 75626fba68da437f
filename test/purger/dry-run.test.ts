// Tests the purger's dry run, which counts what a purge would cover and purges nothing. The purger
// and the site never confuse a dry run with a purge.
import { describe, expect, it } from "vitest";
import { createOutbox } from "../../src/purger/outbox.ts";
import { messageOf, type PurgeOrder } from "../../src/purger/message.ts";
import { createPurger } from "../../src/purger/create-purger.ts";
import { openJournalled, secret } from "../../testing/site/purge-sender.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { acceptance, answered, cut, failureOf, memoryStore, scripted } from "./fakes.ts";

const order = { tags: ["red"] };
const asked = { ...order, dryRun: true } as PurgeOrder;
const url = "https://www.example.com/_cache/purge";

function openSiteWithPurger() {
  const origin = () => page("page", cc("max-age=60", { "cache-tag": "red" }));
  const opened = openJournalled({ origin });
  const { site } = opened;
  const purger = createPurger({
    url,
    secret,
    nowAtMs: site.clock.nowAtMs,
    fetch: (to, init) => site.ask(to, init as Parameters<typeof site.ask>[1]),
  });
  return { ...opened, purger };
}

describe("the purger's method dryRun", () => {
  it("returns counts of what the purge would cover, and purges nothing", async () => {
    const { site, upstash, purger } = openSiteWithPurger();
    await site.get("/a");
    const entriesBefore = upstash.journal.length;
    const result = await purger.dryRun({ ...order, hosts: ["A.example"] });
    expect(result).toMatchObject({
      targets: { tags: 1, hosts: 1, everything: false },
      readAs: [{ sent: "A.example", as: ["a.example"] }],
      isolate: { examined: 1, covered: 1 },
      shared: { examined: 1, covered: 1, isWhole: true },
    });
    expect(result).not.toHaveProperty("urls");
    expect(result).not.toHaveProperty("dryRun");
    expect(upstash.journal.length).toBe(entriesBefore);
  });

  it("is retried like a purge, each time with an id of its own", async () => {
    const counts = { dryRun: true, targets: {}, isolate: { examined: 0, covered: 0 } };
    const answer = { ...counts, shared: "not listable", limits: "memory" };
    const { purger, tries, waitsMs } = scripted([cut, answered(503), () => Response.json(answer)]);
    expect(await purger.dryRun(order)).toMatchObject({ shared: "not listable" });
    expect([tries.length, waitsMs]).toEqual([3, [250, 500]]);
    expect(new Set(tries.map(({ headers }) => headers.get("webhook-id"))).size).toBe(3);
    expect(JSON.parse(tries[0]?.body ?? "")).toEqual({ ...order, dryRun: true });
  });

  it("returns the counts if the first answer of the site was lost", async () => {
    const { site } = openSiteWithPurger();
    await site.get("/a");
    let tries = 0;
    const { purger } = scripted([], {
      fetch: async (to, init) => {
        const answer = await site.ask(to, init as Parameters<typeof site.ask>[1]);
        return (tries += 1) === 1 ? cut() : answer;
      },
      nowAtMs: site.clock.nowAtMs,
      secret,
    });
    expect(await purger.dryRun(order)).toMatchObject({ isolate: { covered: 1 } });
    expect(tries).toBe(2);
  });

  it.each([
    acceptance,
    { hello: "world" },
    { dryRun: true, isolate: { examined: 0 } },
    { dryRun: true, isolate: { examined: 0, covered: 0 }, shared: 1 },
  ])("rejects an answer that is not the result of a dry run: %j", async (answer) => {
    const { purger } = scripted([() => Response.json(answer)]);
    const { code, message } = await failureOf(purger.dryRun(order));
    expect(code).toBe("not-tidemark");
    expect(message).toContain("without the result of a dry run");
  });

  it("throws for an order that names nothing", async () => {
    const { purger, tries } = scripted([]);
    expect((await failureOf(purger.dryRun({}))).code).toBe("names-nothing");
    expect(tries).toEqual([]);
  });
});

describe("an order with the field dryRun", () => {
  const code = "dry-run";

  it("is refused by purge before it is sent, with the method to call", async () => {
    const { purger, tries } = scripted([]);
    const failure = await failureOf(purger.purge(asked));
    expect([failure.code, tries]).toEqual([code, []]);
    expect(failure.message).toContain("Call dryRun(order)");
  });

  it("is refused by the outbox, which stores nothing", () => {
    const { purger } = scripted([]);
    const { store, rows } = memoryStore();
    expect(() => createOutbox({ store, purger }).enqueue(asked)).toThrow("dry run");
    expect(rows).toEqual([]);
  });

  it("is a purge if the field is false", () => {
    expect(() => messageOf({ ...order, dryRun: false } as PurgeOrder)).not.toThrow();
  });

  it("is refused by the site, without a retry, if it was made without messageOf", async () => {
    const { site, purger } = openSiteWithPurger();
    await site.get("/a");
    const message = { id: "msg_1", body: JSON.stringify(asked) };
    expect(await purger.send(message)).toMatchObject({ kind: "refused", error: { code } });
    const { store, rows } = memoryStore();
    const outbox = createOutbox({ store, purger, report: () => undefined });
    store.add(message);
    expect(await outbox.deliver()).toEqual({ delivered: 0, failed: 0, refused: 1 });
    expect(rows[0]?.state).toBe("refused");
  });
});
