// Rules 5 and 6: which stored responses a purge covers. chain.test.ts compares chains with a search
// of their entries.
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/pages/stored/stored-response.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import { closedGate } from "../../../testing/fakes/origin-in-process.ts";
import {
  entryAt,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
  stampAt,
} from "../../../testing/examples/purges.ts";

const hard = (position: string, tag = "tag:red") => entryAt(position, { tags: [tag] });
const soft = (position: string) => entryAt(position, { tags: ["tag:red"], mode: "soft" });
const none = entryAt("1-0");

describe("rule 5: later entries purge a response with a known stamp", () => {
  const chain = [hard("1-0"), entryAt("2-0"), hard("3-0"), entryAt("4-0")];

  it.each([
    { id: "before the purge", chain, stamp: "2-0", mode: "hard" },
    { id: "at the purge", chain, stamp: "3-0", mode: undefined },
    { id: "after the purge", chain, stamp: "4-0", mode: undefined },
    { id: "at the first entry", chain, stamp: "1-0", mode: "hard" },
    { id: "soft", chain: [none, soft("2-0")], stamp: "1-0", mode: "soft" },
    { id: "at a soft purge", chain: [none, soft("2-0")], stamp: "2-0", mode: undefined },
    { id: "soft after hard", chain: [none, hard("2-0"), soft("3-0")], stamp: "1-0", mode: "hard" },
    { id: "hard after soft", chain: [none, soft("2-0"), hard("3-0")], stamp: "1-0", mode: "hard" },
    { id: "between the two", chain: [hard("2-0"), soft("3-0")], stamp: "2-0", mode: "soft" },
  ] as const)("$id", ({ chain: entries, stamp, mode }) => {
    const stored = responseWith({ stamp: stampAt(stamp) });
    expect(new Chain(entries).purgeOf(stored)?.mode).toBe(mode);
  });

  it("a chain is never empty", () => {
    expect(() => new Chain([])).toThrow(/at least one/);
  });
});

describe("rule 5: what a target covers", () => {
  const url = "https://www.example.com/a/b?c=1";
  it.each([
    { id: "tag", tags: ["tag:red"], covers: true },
    { id: "another tag of the response", tags: ["tag:blue"], covers: true },
    { id: "tag of other responses", tags: ["tag:green"], covers: false },
    { id: "tag in another case", tags: ["tag:Red"], covers: false },
    { id: "part of a tag", tags: ["tag:re"], covers: false },
    { id: "longer tag", tags: ["tag:redder"], covers: false },
    { id: "everything", tags: ["everything"], covers: true },
    { id: "tag named everything", tags: ["tag:everything"], covers: false },
    { id: "tag like a host", tags: ["tag:host:www.example.com"], covers: false },
    { id: "host", tags: ["host:www.example.com"], covers: true },
    { id: "another host", tags: ["host:example.com"], covers: false },
    { id: "route", tags: ["route:articles"], covers: true },
    { id: "another route", tags: ["route:"], covers: false },
    { id: "URL", tags: [`url:${url}`], covers: true },
    { id: "URL without query", tags: ["url:https://www.example.com/a/b"], covers: false },
    { id: "URL of another scheme", tags: ["url:http://www.example.com/a/b?c=1"], covers: false },
    { id: "path", prefixes: ["/a/"], covers: true },
    { id: "all paths", prefixes: ["/"], covers: true },
    { id: "the path itself", prefixes: ["/a/b"], covers: true },
    { id: "part of a segment", prefixes: ["/a"], covers: true },
    { id: "longer path", prefixes: ["/a/b/"], covers: false },
    { id: "path and query", prefixes: ["/a/b?c"], covers: false },
    { id: "inner segment", prefixes: ["/b"], covers: false },
    { id: "host and path", prefixes: ["https://www.example.com/a/"], covers: true },
    { id: "path of another host", prefixes: ["https://example.com/a/"], covers: false },
    { id: "path of another scheme", prefixes: ["http://www.example.com/a/"], covers: false },
    { id: "nothing", covers: false },
    { id: "one of several", tags: ["tag:x", "tag:red"], prefixes: ["/x/"], covers: true },
    { id: "one of several prefixes", prefixes: ["/x/", "/a/b/c", "/a/"], covers: true },
  ] as const)("$id: $covers", ({ covers, ...targets }) => {
    const { tags = [], prefixes = [] } = targets as { tags?: string[]; prefixes?: string[] };
    const chain = new Chain([none, entryAt("2-0", { tags, prefixes })]);
    const stored = responseWith({ url, stamp: stampAt("1-0") });
    expect(chain.purgeOf(stored)?.mode).toBe(covers ? "hard" : undefined);
  });

  it.each([
    { id: "without tags", changes: { tags: [] }, tag: "route:articles" },
    { id: "without a route", changes: { route: "" }, tag: "route:" },
    { id: "with a port", changes: { url: "http://a.example:8080/" }, tag: "host:a.example:8080" },
    { id: "without a path", changes: { url: "http://a.example/" }, tag: "url:http://a.example/" },
    { id: "with the tag everything", changes: { tags: ["everything"] }, tag: "tag:everything" },
  ])("covers a response $id", ({ changes, tag }) => {
    const chain = new Chain([none, hard("2-0", tag)]);
    expect(chain.purgeOf(responseWith({ stamp: stampAt("1-0"), ...changes }))?.mode).toBe("hard");
  });
});

describe("rule 6: an unknown stamp counts as older than every entry", () => {
  const chain = new Chain([hard("5-0"), entryAt("6-0")]);

  it.each([
    { id: "empty", stamp: "none", mode: "hard" },
    { id: "before the oldest entry", stamp: stampAt("1-0"), mode: "hard" },
    { id: "after the newest entry", stamp: stampAt("9-0"), mode: "hard" },
    { id: "the position of another entry", stamp: stampAt("6-0", "other"), mode: "hard" },
    { id: "known", stamp: stampAt("6-0"), mode: undefined },
  ] as const)("$id", ({ stamp, mode }) => {
    expect(chain.purgeOf(responseWith({ stamp }))?.mode).toBe(mode);
    expect(chain.knows(stamp)).toBe(mode === undefined);
  });

  /** Creates an isolate, and a response that another isolate filled after reading a newer entry. */
  async function filledElsewhere(): Promise<{ here: Isolate; stored: StoredMetadata }> {
    const here = new Isolate();
    const { clock, journal } = here;
    await here.filled();
    clock.advance(1);
    journal.write(newEntry({ n: "new" }));
    const stored = await new Isolate({ clock, journal }).filled({ colo: "NRT" });
    journal.asked.length = 0;
    return { here, stored };
  }

  it("makes a response unverified until a renewal makes the stamp known", async () => {
    const { here, stored } = await filledElsewhere();
    expect(here.judge(stored)).toBe("unverified");
    expect(here.judge({ ...stored, stamp: "none" })).toBe("hard");
    await here.view.seek(here.requester);
    expect([here.judge(stored), here.journal.asked]).toEqual(["usable", ["since"]]);
  });

  it.each([
    { id: "just before N/4", afterMs: maxLagMs / 4 - 1, readCount: 1 },
    { id: "at N/4", afterMs: maxLagMs / 4, readCount: 2 },
  ])("renews the view at most once per N/4: $id", async ({ afterMs, readCount }) => {
    const { here } = await filledElsewhere();
    await here.view.seek(here.requester);
    await here.settle();
    here.clock.advance(afterMs / 1_000);
    await here.view.seek(here.requester);
    expect(here.journal.readCount).toBe(readCount);
  });

  it("renews the view N/4 after the last start, even if a later request joined it", async () => {
    const { here } = await filledElsewhere();
    const gate = closedGate();
    here.journal.beforeAnswer = () => gate.opened;
    const first = here.view.seek(here.requester);
    here.clock.advance(1);
    const joining = here.view.seek(here.requester);
    gate.open();
    await Promise.all([first, joining]);
    here.clock.advance(maxLagMs / 4_000 - 1);
    await here.view.seek(here.requester);
    expect(here.journal.readCount).toBe(2);
  });

  it("makes a request wait for a renewal that another request has started", async () => {
    const { here, stored } = await filledElsewhere();
    const first = here.view.seek(here.requester);
    const second = here.view.seek(here.requester);
    expect(second).toBeInstanceOf(Promise);
    await second;
    expect([here.judge(stored), here.journal.readCount]).toEqual(["usable", 1]);
    await first;
    await here.settle();
    expect(here.view.seek(here.requester)).toBe(undefined);
  });
});
