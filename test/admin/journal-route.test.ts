// GET /_cache/journal: receipts of purges; and what stats tell of purges that were refused.
import { describe, expect, it } from "vitest";
import { openSite } from "../../testing/site/harness.ts";
import {
  adminToken,
  bearer,
  codeOf,
  openJournalled,
  send,
  signedHeaders,
} from "../../testing/site/purge-sender.ts";

interface Receipts {
  readonly entries: readonly Record<string, unknown>[];
  readonly next: string | null;
}

const get = (site: ReturnType<typeof openJournalled>["site"], query = "") =>
  site.get(`/_cache/journal${query}`, { headers: bearer });

describe("the journal", () => {
  it("tells who purged what, when, how and why", async () => {
    const { site } = openJournalled({ config: { routes: [{ name: "feed", match: "/feed" }] } });
    const body = JSON.stringify({
      tags: ["a", "b"],
      urls: ["https://www.example.com/x"],
      prefixes: ["/news/"],
      hosts: ["www.example.com"],
      routes: ["feed"],
      mode: "soft",
      reason: "a correction",
    });
    await send(site, body, signedHeaders(body, { id: "msg_7" }));
    await send(site, { everything: true });
    const seen = await get(site);
    expect(seen.fields.get("cache-control")).toBe("no-store");
    const { entries, next } = JSON.parse(seen.text) as Receipts;
    expect(entries.slice(-2)).toEqual([
      {
        position: expect.stringMatching(/^\d+-\d+$/) as string,
        at: new Date(site.clock.atMs).toISOString(),
        by: "webhook",
        id: "msg_7",
        mode: "soft",
        reason: "a correction",
        tags: ["a", "b"],
        urls: ["https://www.example.com/x"],
        prefixes: ["/news/"],
        hosts: ["www.example.com"],
        routes: ["feed"],
        groups: [],
        everything: false,
      },
      expect.objectContaining({ by: "admin", mode: "hard", everything: true }),
    ]);
    expect(next).toBeNull();
  });

  it("an entry of a time that no calendar has breaks neither it nor the stats", async () => {
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

  it("is read page by page", async () => {
    const { site } = openJournalled();
    for (const tag of ["a", "b", "c"]) await send(site, { tags: [tag] });
    const first = JSON.parse((await get(site, "?count=2")).text) as Receipts;
    expect(first.next).toBe(first.entries[1]?.["position"]);
    const second = JSON.parse((await get(site, `?after=${first.next}&count=2`)).text) as Receipts;
    const tags = [...first.entries, ...second.entries].map((entry) => entry["tags"]);
    expect(tags.flat()).toEqual(["a", "b", "c"]);
  });

  it("tells the newest alone, oldest of them first", async () => {
    const { site } = openJournalled();
    for (const tag of ["a", "b", "c"]) await send(site, { tags: [tag] });
    const { entries, next } = JSON.parse((await get(site, "?last=2")).text) as Receipts;
    expect([entries.flatMap((entry) => entry["tags"]), next]).toEqual([["b", "c"], null]);
  });

  it.each([
    { id: "last-beside-after", query: "?last=2&after=5-0", code: "malformed" },
    { id: "last-beside-count", query: "?last=2&count=2", code: "malformed" },
    { id: "last-of-none", query: "?last=0", code: "malformed" },
    { id: "last-over-the-limit", query: "?last=129", code: "malformed" },
    { id: "no-position", query: "?after=yesterday", code: "malformed" },
    { id: "exclusive-position", query: "?after=(5-0", code: "malformed" },
    { id: "no-count", query: "?count=all", code: "malformed" },
    { id: "count-of-none", query: "?count=0", code: "malformed" },
    { id: "count-over-the-limit", query: "?count=129", code: "malformed" },
  ])("is refused with what is wrong: $id", async ({ query, code }) => {
    const seen = await get(openJournalled().site, query);
    expect([seen.status, codeOf(seen)]).toEqual([400, code]);
  });

  it("says when it cannot be read", async () => {
    const { site, upstash } = openJournalled();
    upstash.journalMode = "down";
    const seen = await get(site);
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
  });

  it("is for the admin token alone", async () => {
    const { site } = openJournalled();
    expect((await site.get("/_cache/journal")).status).toBe(401);
    const without = openJournalled({ env: { ADMIN_TOKEN: "" } }).site;
    expect((await without.get("/_cache/journal", { headers: bearer })).status).toBe(404);
  });
});

describe("stats count purges", () => {
  const day = 86_400;
  const signed = (body: string, more = {}) => signedHeaders(body, more);
  const order = '{"tags":["a"]}';
  const yesterday = Math.floor(Date.now() / 1_000) - day;

  it.each([
    { id: "too-large", body: "x".repeat(65_537), headers: bearer },
    { id: "not-signed", body: order, headers: {} },
    { id: "signature", body: order, headers: signed("{}") },
    { id: "timestamp", body: order, headers: signed(order, { atSeconds: yesterday }) },
    { id: "malformed", body: '{"tags":"secret-text"}', headers: bearer },
  ])("that were refused, by reason and without what was sent: $id", async (row) => {
    const { site } = openJournalled();
    await send(site, row.body, row.headers);
    const { text } = await site.get("/_cache/stats", { headers: bearer });
    const { purges } = JSON.parse(text) as { purges: unknown };
    expect(purges).toEqual({ accepted: 0, refused: { [row.id]: 1 } });
    expect(text).not.toContain("secret-text");
  });

  it("that were accepted, conflicted, or could not be taken", async () => {
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

it("stats tell the journal's age, and how long purges took to be read here", async () => {
  const { site, upstash } = openJournalled();
  const elsewhere = openSite({ upstash, clock: site.clock, env: { ADMIN_TOKEN: adminToken } });
  const journal = async () => {
    const seen = await elsewhere.get("/_cache/stats", { headers: bearer });
    return (JSON.parse(seen.text) as { journal: unknown }).journal;
  };
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
  { idleSeconds: 9.999, lag: { lastMs: 9_999, worstMs: 9_999 } },
  { idleSeconds: 10, lag: "nothing to report yet" },
])("what was not asked for $idleSeconds s, with N = 10, is late by: $lag", async (row) => {
  const { site, upstash } = openJournalled();
  const elsewhere = openSite({ upstash, clock: site.clock, env: { ADMIN_TOKEN: adminToken } });
  await elsewhere.get("/a");
  await send(site, { tags: ["a"] });
  site.clock.advance(row.idleSeconds);
  await elsewhere.get("/a");
  const seen = await elsewhere.get("/_cache/stats", { headers: bearer });
  expect(JSON.parse(seen.text)).toMatchObject({ journal: { ageMs: 0, lag: row.lag } });
});
