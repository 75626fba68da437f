// Tests exceptions in Tidemark's background work. They are counted and logged, and do not affect
// the answer.
import { afterEach, expect, it, vi } from "vitest";
import { JournalTail } from "../../../src/purge/view/journal-tail.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import type { Site } from "../../../testing/site/harness.ts";

afterEach(() => void vi.restoreAllMocks());

const fault = new RangeError("a token s3cret");
const logged = expect.stringMatching(/^Background work failed with RangeError: at /) as string;

async function failedCount(site: Site): Promise<unknown> {
  const { text } = await site.get("/_cache/stats", { headers: bearer });
  return (JSON.parse(text) as { failedBackgroundWork: unknown }).failedBackgroundWork;
}

it.each([
  { id: "the view's catch-up", spy: () => vi.spyOn(JournalTail.prototype, "catchUp") },
  { id: "the read of the journal", spy: () => vi.spyOn(JournalTail.prototype, "readOn") },
])("a purge is accepted although $id fails in the background", async ({ spy }) => {
  const { site } = openJournalled();
  spy().mockRejectedValue(fault);
  expect((await send(site, { tags: ["red"] })).status).toBe(200);
  expect([await failedCount(site), site.log]).toEqual([1, [logged]]);
});

it("a page is answered although the renewal of the view fails", async () => {
  const { site } = openJournalled();
  vi.spyOn(JournalTail.prototype, "readOn").mockRejectedValue(fault);
  // A stamp waits for the first view. No step of this test advances the timer that ends the wait.
  vi.useFakeTimers({ toFake: ["setTimeout"] });
  try {
    expect((await site.get("/a")).text).toBe("page");
  } finally {
    vi.useRealTimers();
  }
  expect(await failedCount(site)).toBeGreaterThan(0);
  expect(new Set(site.log)).toEqual(new Set([logged]));
});
