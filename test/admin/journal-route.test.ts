// Tests GET /_cache/journal, which lists accepted purges, and what stats report about purges and
// their lag.
import { describe, expect, it } from "vitest";
import { openSite } from "../../testing/site/harness.ts";
import {
  adminToken,
  bearer,
  codeOf,
  openJournalled,
  send,
  signedHeaders,
  startSeconds,
} from "../../testing/site/purge-sender.ts";

interface Receipts {
  readonly entries: readonly Record<string, unknown>[];
  readonly next: string | null;
}

const get = (site: ReturnType<typeof openJournalled>["site"], query = "") =>
  site.get(`/_cache/journal${query}`, { headers: bearer });

describe("the journal route", () => {
  it("returns who purged what, when, how and why", async () => {
    const { site } = openJournalled({ config: { routes: [{ name: "feed", match: "/feed" }] } });
    const order = {
      tags: ["a", "b"],
      urls: ["https://www.example.com/x"],
      prefixes: ["/news/"],
      hosts: ["www.example.com"],
      routes: ["feed"],
      mode: "soft",
      reason: "a correction",
    };
    const body = JSON.stringify(order);
    await send(site, body, signedHeaders(body, { id: "msg_7" }));
    await send(site, { everything: true });
    const seen = await get(site);
    expect(seen.fields.get("cache-control")).toBe("no-store");
    const { entries, next } = JSON.parse(seen.text) as Receipts;
    expect(entries.slice(-2)).toEqual([
      {
        position: expect.stringMatching(/^\d+-\d+$/) as string,
        at: new Date(site.clock.atMs).toISOString(),
        by: "signed-request",
        id: "msg_7",
        ...order,
        groups: [],
        releases: [],
        everything: false,
      },
      expect.objectContaining({ by: "admin", mode: "hard", everything: true }),
    ]);
    expect(next).toBeNull();
  });

  it("works with an entry whose time is no valid date, as do stats and explain", async () => {
    const { site, upstash } = openJournalled();
    const { atMs } = site.clock;
    site.clock.atMs = 90_000_000_000_000_000;
    upstash.journal.add(["*", "n", "x"]);
    site.clock.atMs = atMs;
    const seen = await get(site);
    const { entries } = JSON.parse(seen.text) as Receipts;
    expect(entries).toMatchObject([{ position: "90000000000000000-0", at: null }]);
    const stats = JSON.parse((await site.get("/_cache/stats", { headers: bearer })).text) as object;
    expect(stats).toMatchObject({ journal: { kept: { oldest: { at: null } } } });
    await site.get("/x");
    const explained = await site.get("/_cache/explain?url=https://www.example.com/x", {
      headers: bearer,
    });
    expect(explained.status).toBe(200);
  });

  it("returns entries page by page", async () => {
    const { site } = openJournalled();
    for (const tag of ["a", "b", "c"]) await send(site, { tags: [tag] });
    const first = JSON.parse((await get(site, "?count=2")).text) as Receipts;
    expect(first.next).toBe(first.entries[1]?.["position"]);
    const second = JSON.parse((await get(site, `?after=${first.next}&count=2`)).text) as Receipts;
    const tags = [...first.entries, ...second.entries].map((entry) => entry["tags"]);
    expect(tags.flat()).toEqual(["a", "b", "c"]);
  });

  it("returns only the newest entries with ?last, in their order", async () => {
    const { site } = openJournalled();
    for (const tag of ["a", "b", "c"]) await send(site, { tags: [tag] });
    const { entries, next } = JSON.parse((await get(site, "?last=2")).text) as Receipts;
    expect([entries.flatMap((entry) => entry["tags"]), next]).toEqual([["b", "c"], null]);
  });

  it.each([
    "last=2&after=5-0",
    "last=2&count=2",
    "last=0",
    "last=129",
    "after=yesterday",
    "after=(5-0",
    "count=all",
    "count=0",
    "count=129",
  ])("refuses ?%s", async (query) => {
    const seen = await get(openJournalled().site, `?${query}`);
    expect([seen.status, codeOf(seen)]).toEqual([400, "malformed"]);
  });

  it("answers 503 if the journal cannot be read", async () => {
    const { site, upstash } = openJournalled();
    upstash.journalMode = "down";
    const seen = await get(site);
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
  });
});

describe("stats of purges", () => {
  const day = 86_400;
  const signed = (body: string, more = {}) => signedHeaders(body, more);
  const order = '{"tags":["a"]}';
  const yesterday = startSeconds - day;

  it.each([
    ["too-large", "x".repeat(65_537), bearer],
    ["not-signed", order, {}],
    ["signature", order, signed("{}")],
    ["timestamp", order, signed(order, { atSeconds: yesterday })],
    ["malformed", '{"tags":"secret-text"}', bearer],
  ])(
    "count refused purges by reason, and do not contain their text: %s",
    async (reason, body, headers) => {
      const { site } = openJournalled();
      await send(site, body, headers);
      const { text } = await site.get("/_cache/stats", { headers: bearer });
      const { purges } = JSON.parse(text) as { purges: unknown };
      expect(purges).toEqual({ accepted: 0, refused: { [reason]: 1 } });
      expect(text).not.toContain("secret-text");
    },
  );

  it("count purges that were accepted, reused an ID, or could not be accepted", async () => {
    const { site, upstash } = openJournalled();
    await send(site, order, signed(order, { id: "msg_1" }));
    const other = '{"tags":["b"]}';
    await send(site, other, signed(other, { id: "msg_1" }));
    upstash.journalMode = "down";
    await send(site, order);
    const stats = await site.ask("/_cache/stats", { headers: bearer });
    expect(await stats.json()).toMatchObject({
      purges: { accepted: 1, refused: { "id-reused": 1, unavailable: 1 } },
    });
  });
});

describe("stats of the journal's lag", () => {
  function openTwo() {
    const { site, upstash } = openJournalled();
    const elsewhere = openSite({ upstash, clock: site.clock, env: { ADMIN_TOKEN: adminToken } });
    const journal = async () => {
      const seen = await elsewhere.get("/_cache/stats", { headers: bearer });
      return (JSON.parse(seen.text) as { journal: unknown }).journal;
    };
    return { site, elsewhere, journal };
  }

  it("contain the last and the worst lag, and the age of the view", async () => {
    const { site, elsewhere, journal } = openTwo();
    await elsewhere.get("/a");
    expect(await journal()).toMatchObject({ ageMs: 0, lag: "nothing to report yet" });
    await send(site, { tags: ["a"] });
    site.clock.advance(6);
    await elsewhere.get("/a");
    expect(await journal()).toMatchObject({ ageMs: 0, lag: { lastMs: 6_000, worstMs: 6_000 } });
    await send(site, { tags: ["b"] });
    site.clock.advance(5.5);
    await elsewhere.get("/a");
    site.clock.advance(1);
    expect(await journal()).toMatchObject({ ageMs: 1_000, lag: { lastMs: 5_500, worstMs: 6_000 } });
  });

  it.each([
    [9.999, { lastMs: 9_999, worstMs: 9_999 }],
    [10, "nothing to report yet"],
  ])(
    "ignore a purge that was read after N without requests: %s s with N = 10, %j",
    async (idleSeconds, lag) => {
      const { site, elsewhere, journal } = openTwo();
      await elsewhere.get("/a");
      await send(site, { tags: ["a"] });
      site.clock.advance(idleSeconds);
      await elsewhere.get("/a");
      expect(await journal()).toMatchObject({ ageMs: 0, lag });
    },
  );
});
