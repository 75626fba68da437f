// What fails behind an answer by a fault of ours is counted and logged, whatever occasioned it, and
// keeps nobody waiting.
import { afterEach, expect, it, vi } from "vitest";
import { JournalFollower } from "../../../src/purge/view/journal-follower.ts";
import { JournalView } from "../../../src/purge/view/journal-view.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import type { Site } from "../../../testing/site/harness.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

const fault = new RangeError("a token s3cret");

async function failedCount(site: Site): Promise<unknown> {
  const stats = await site.ask("/_cache/stats", { headers: bearer });
  return ((await stats.json()) as { failedBackgroundWork: unknown }).failedBackgroundWork;
}

const logged = expect.stringMatching(/^Background work failed with RangeError: at /) as string;

it("behind the answer to a purge", async () => {
  const { site } = openJournalled();
  vi.spyOn(JournalView.prototype, "catchUp").mockRejectedValue(fault);
  expect((await send(site, { tags: ["red"] })).status).toBe(200);
  expect([await failedCount(site), site.log]).toEqual([1, [logged]]);
});

it("in a reading of the journal after a purge", async () => {
  const { site } = openJournalled();
  vi.spyOn(JournalFollower.prototype, "readOn").mockRejectedValue(fault);
  expect((await send(site, { tags: ["red"] })).status).toBe(200);
  expect([await failedCount(site), site.log]).toEqual([1, [logged]]);
});

it("in a renewal of the view, which lets those who wait for it go on", async () => {
  const { site } = openJournalled();
  vi.spyOn(JournalFollower.prototype, "readOn").mockRejectedValue(fault);
  // A stamp waits for a first view; nothing here moves the timer that would end that.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    expect((await site.get("/a")).text).toBe("page");
  } finally {
    vi.useRealTimers();
  }
  expect(await failedCount(site)).toBeGreaterThan(0);
  expect(new Set(site.log)).toEqual(new Set([logged]));
});
