// Cache-Status tells a copy that was purged, or that nobody could verify, from one that is too old; and
// a hit is judged and read once.
import { describe, expect, it, vi } from "vitest";
import { MemoryTier } from "../../../src/cache/tiers/memory-tier.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { openJournalled, send } from "../../admin/purge-sender.ts";
import { idle } from "../../fakes/harness.ts";
import { cc, page, unchanged } from "../../fakes/origin-in-process.ts";

const fields = cc("max-age=60", { "cache-tag": "red", etag: '"1"' });

async function filled() {
  const { site, upstash } = openJournalled({ env: { COLO: "" }, origin: () => page("a", fields) });
  await (await site.ask("/a")).text();
  await site.settle();
  const told = async () => {
    const response = await site.ask("/a");
    await response.text();
    return response.headers.get("cache-status");
  };
  return { site, upstash, told };
}

const stored = "tidemark; fwd=stale; fwd-status=200; stored";

describe("a copy that was found and did not answer", () => {
  it("was purged", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"] });
    expect(await told()).toBe(`${stored}; detail=purged`);
  });

  it("was purged softly, and is validated", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"], mode: "soft" });
    site.clock.advance(2);
    site.origin.script = () => unchanged(fields);
    expect(await told()).toContain("; detail=purged");
  });

  it("was purged, and what came is refused: the cause goes first", async () => {
    const { site, told } = await filled();
    await send(site, { tags: ["red"] });
    site.origin.script = () => page("b", cc("private"));
    expect(await told()).toBe('tidemark; fwd=stale; fwd-status=200; detail="purged, private"');
  });

  it("could not be verified", async () => {
    const { site, upstash, told } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(10);
    expect(await told()).toContain("fwd=stale; fwd-status=200; stored; detail=unverified");
  });

  it("was too old, whatever the view could tell", async () => {
    const { site, upstash, told } = await filled();
    upstash.journalMode = "down";
    site.clock.advance(61);
    expect(await told()).toBe(stored);
  });
});

describe("what is looked at for one request", () => {
  it("a hit of memory reads it once and asks the purge view once, without a promise", async () => {
    const { site, told } = await filled();
    await idle();
    const read = vi.spyOn(MemoryTier.prototype, "read");
    const judge = vi.spyOn(JournalView.prototype, "judge");
    expect(await told()).toContain("detail=memory");
    expect([read.mock.calls.length, judge.mock.calls.length]).toEqual([1, 1]);
    vi.restoreAllMocks();
    expect(site.origin.count).toBe(1);
  });
});
