// Rules 5 and 6: which stored responses a purge covers.
import { describe, expect, it } from "vitest";
import type { StoredMetadata } from "../../../src/proxy/stored/stored-response.ts";
import { Chain } from "../../../src/purge/view/chain.ts";
import {
  entryAt,
  Isolate,
  maxLagMs,
  newEntry,
  responseWith,
  stampAt,
} from "../../../testing/examples/purges.ts";

const hard = (position: string, tag = "tag:red") => entryAt(position, { tags: [tag] });
const soft = (position: string, tag = "tag:red") =>
  entryAt(position, { tags: [tag], mode: "soft" });

describe("rule 5: a known stamp is purged by what came after it", () => {
  const chain = [hard("1-0"), entryAt("2-0"), hard("3-0"), entryAt("4-0")];

  it.each([
    { id: "before", chain, stamp: stampAt("2-0"), mode: "hard" },
    { id: "at", chain, stamp: stampAt("3-0"), mode: undefined },
    { id: "after", chain, stamp: stampAt("4-0"), mode: undefined },
    { id: "first-of-all", chain, stamp: stampAt("1-0"), mode: "hard" },
    { id: "alone", chain: [hard("1-0")], stamp: stampAt("1-0"), mode: undefined },
    { id: "soft", chain: [entryAt("1-0"), soft("2-0")], stamp: stampAt("1-0"), mode: "soft" },
    { id: "soft-at", chain: [entryAt("1-0"), soft("2-0")], stamp: stampAt("2-0"), mode: undefined },
    {
      id: "soft-after-hard",
      chain: [entryAt("1-0"), hard("2-0"), soft("3-0")],
      stamp: stampAt("1-0"),
      mode: "hard",
    },
    {
      id: "hard-after-soft",
      chain: [entryAt("1-0"), soft("2-0"), hard("3-0")],
      stamp: stampAt("1-0"),
      mode: "hard",
    },
    {
      id: "between-hard-and-soft",
      chain: [hard("2-0"), soft("3-0")],
      stamp: stampAt("2-0"),
      mode: "soft",
    },
    {
      id: "hard-by-another-target",
      chain: [entryAt("1-0"), hard("2-0", "host:www.example.com"), soft("3-0")],
      stamp: stampAt("1-0"),
      mode: "hard",
    },
    {
      id: "soft-by-a-prefix-after-a-hard-one",
      chain: [
        entryAt("1-0"),
        entryAt("2-0", { prefixes: ["/a/"] }),
        entryAt("3-0", { prefixes: ["/a/"], mode: "soft" }),
      ],
      stamp: stampAt("1-0"),
      mode: "hard",
    },
  ] as const)("$id", ({ chain: entries, stamp, mode }) => {
    expect(new Chain(entries).purgeOf(responseWith({ stamp }))?.mode).toBe(mode);
  });

  it("also where the chain has grown since", () => {
    const grown = new Chain([entryAt("1-0")]);
    const stored = responseWith({ stamp: stampAt("1-0") });
    expect(grown.purgeOf(stored)?.mode).toBe(undefined);
    grown.append([soft("2-0"), hard("3-0")]);
    grown.append([soft("4-0")]);
    expect(grown.purgeOf(stored)?.mode).toBe("hard");
  });

  it("and no chain is empty", () => {
    expect(() => new Chain([])).toThrow(/at least one/);
  });
});

describe("rule 5: what a target covers", () => {
  const url = "https://www.example.com/a/b?c=1";
  it.each([
    { id: "tag", tags: ["tag:red"], covers: true },
    { id: "another-of-its-tags", tags: ["tag:blue"], covers: true },
    { id: "no-tag-of-its", tags: ["tag:green"], covers: false },
    { id: "tag-in-another-case", tags: ["tag:Red"], covers: false },
    { id: "part-of-a-tag", tags: ["tag:re"], covers: false },
    { id: "longer-tag", tags: ["tag:redder"], covers: false },
    { id: "everything", tags: ["everything"], covers: true },
    { id: "a-tag-called-everything", tags: ["tag:everything"], covers: false },
    { id: "a-tag-like-a-host", tags: ["tag:host:www.example.com"], covers: false },
    { id: "host", tags: ["host:www.example.com"], covers: true },
    { id: "another-host", tags: ["host:example.com"], covers: false },
    { id: "route", tags: ["route:articles"], covers: true },
    { id: "another-route", tags: ["route:"], covers: false },
    { id: "url", tags: [`url:${url}`], covers: true },
    { id: "url-without-query", tags: ["url:https://www.example.com/a/b"], covers: false },
    { id: "url-of-another-scheme", tags: ["url:http://www.example.com/a/b?c=1"], covers: false },
    { id: "path", prefixes: ["/a/"], covers: true },
    { id: "all-paths", prefixes: ["/"], covers: true },
    { id: "the-path-itself", prefixes: ["/a/b"], covers: true },
    { id: "path-as-text", prefixes: ["/a"], covers: true },
    { id: "longer-path", prefixes: ["/a/b/"], covers: false },
    { id: "path-and-query", prefixes: ["/a/b?c"], covers: false },
    { id: "within-a-path", prefixes: ["/b"], covers: false },
    { id: "host-and-path", prefixes: ["https://www.example.com/a/"], covers: true },
    { id: "host-alone", prefixes: ["https://www.example.com/"], covers: true },
    { id: "path-of-another-host", prefixes: ["https://example.com/a/"], covers: false },
    { id: "path-of-another-scheme", prefixes: ["http://www.example.com/a/"], covers: false },
    { id: "nothing", covers: false },
    { id: "one-of-several", tags: ["tag:x", "tag:red"], prefixes: ["/x/"], covers: true },
    { id: "one-of-several-prefixes", prefixes: ["/x/", "/a/b/c", "/a/"], covers: true },
  ] as const)("$id", ({ covers, ...targets }) => {
    const { tags = [], prefixes = [] } = targets as { tags?: string[]; prefixes?: string[] };
    const chain = new Chain([entryAt("1-0"), entryAt("2-0", { tags, prefixes })]);
    const stored = responseWith({ url, stamp: stampAt("1-0") });
    expect(chain.purgeOf(stored)?.mode).toBe(covers ? "hard" : undefined);
  });

  it.each([
    { id: "no-tags", changes: { tags: [] }, tag: "route:articles" },
    { id: "no-route", changes: { route: "" }, tag: "route:" },
    { id: "with-a-port", changes: { url: "http://a.example:8080/" }, tag: "host:a.example:8080" },
    { id: "without-a-path", changes: { url: "http://a.example/" }, tag: "url:http://a.example/" },
    { id: "a-tag-like-ours", changes: { tags: ["everything"] }, tag: "tag:everything" },
  ])("of a response: $id", ({ changes, tag }) => {
    const chain = new Chain([entryAt("1-0"), entryAt("2-0", { tags: [tag] })]);
    expect(chain.purgeOf(responseWith({ stamp: stampAt("1-0"), ...changes }))?.mode).toBe("hard");
  });
});

describe("rule 6: an unknown stamp is older than everything", () => {
  const chain = new Chain([hard("5-0"), entryAt("6-0")]);

  it.each([
    { id: "empty", stamp: "none", mode: "hard" },
    { id: "below-the-floor", stamp: stampAt("1-0"), mode: "hard" },
    { id: "newer-than-the-view", stamp: stampAt("9-0"), mode: "hard" },
    { id: "minted-anew", stamp: stampAt("6-0", "other"), mode: "hard" },
    { id: "known", stamp: stampAt("6-0"), mode: undefined },
  ] as const)("$id", ({ stamp, mode }) => {
    expect(chain.purgeOf(responseWith({ stamp }))?.mode).toBe(mode);
    expect(chain.knows(stamp)).toBe(mode === undefined);
  });

  /** Another isolate has read an entry that this one has not, and filled a response since. */
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

  it("is unverified, not purged, as long as a newer view might know it", async () => {
    const { here, stored } = await filledElsewhere();
    expect(here.judge(stored)).toBe("unverified");
    expect(here.judge({ ...stored, stamp: "none" })).toBe("hard");
  });

  it("is known after one renewal", async () => {
    const { here, stored } = await filledElsewhere();
    await here.view.seek(here.attention);
    expect([here.judge(stored), here.journal.asked]).toEqual(["usable", ["since"]]);
  });

  it.each([
    { id: "just-before-N/4", afterMs: maxLagMs / 4 - 1, readCount: 1 },
    { id: "at-N/4", afterMs: maxLagMs / 4, readCount: 2 },
  ])("the view is renewed once per N/4: $id", async ({ afterMs, readCount }) => {
    const { here } = await filledElsewhere();
    await here.view.seek(here.attention);
    await here.settle();
    here.clock.advance(afterMs / 1_000);
    await here.view.seek(here.attention);
    expect(here.journal.readCount).toBe(readCount);
  });

  it("waits for a renewal that is under way, whoever began it", async () => {
    const { here, stored } = await filledElsewhere();
    const first = here.view.seek(here.attention);
    const second = here.view.seek(here.attention);
    expect(second).toBeInstanceOf(Promise);
    await second;
    expect([here.judge(stored), here.journal.readCount]).toEqual(["usable", 1]);
    await first;
    await here.settle();
    expect(here.view.seek(here.attention)).toBe(undefined);
  });
});
