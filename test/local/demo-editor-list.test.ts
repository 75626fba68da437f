// What the editor's desk says of a purge in each of its states.
import { describe, expect, it } from "vitest";
import { purgeList } from "../../local/demo-origin/purge-list.ts";
import type { PurgeRecord } from "../../local/demo-origin/purge-outbox.ts";

describe("the list of purges", () => {
  const record: PurgeRecord = {
    id: "msg_1",
    order: { tags: ["feed"], reason: "published a" },
    path: "/a",
    version: 1,
    enqueuedAtMs: 0,
    failedTries: 0,
    nextTryAtMs: 0,
    why: null,
    position: null,
    acceptedAtMs: null,
    visibleWithinSeconds: null,
    seenAtMs: {},
  };
  const done = {
    nextTryAtMs: null,
    position: "7-0",
    acceptedAtMs: 1_000,
    visibleWithinSeconds: 10,
  };
  it.each([
    { id: "nowhere", record, sendsTo: "", says: /not sent/ },
    { id: "under-way", record, says: /being sent/ },
    {
      id: "once",
      record: { ...record, failedTries: 1, why: "Busy.", nextTryAtMs: 61_500 },
      says: /not accepted yet, one try\s+Busy\. Next try at 00:01:01\.500/,
    },
    { id: "twice", record: { ...record, failedTries: 2, why: "Busy." }, says: /yet, 2 tries/ },
    {
      id: "seen",
      record: { ...record, ...done, seenAtMs: { "colo-1": 1_400, "colo-2": 8_940 } },
      says: /colo-1 0\.4 s, colo-2 7\.9 s/,
    },
    { id: "not-yet", record: { ...record, ...done }, atMs: 31_000, says: /colo-2 not yet/ },
    { id: "never", record: { ...record, ...done }, atMs: 31_001, says: /colo-2 not within 30 s/ },
  ])("$id", async ({ record: shown, sendsTo = "somewhere", atMs = 9_000, says }) => {
    const list = await purgeList({
      records: [shown],
      coloNames: ["colo-1", "colo-2"],
      sendsTo: sendsTo === "" ? undefined : sendsTo,
      atMs,
      token: "t",
    });
    expect(list.toString().replaceAll(/<[^>]*>/g, "")).toMatch(says);
  });
});
