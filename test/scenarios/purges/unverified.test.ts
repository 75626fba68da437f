// whenUnreachable: "serve" on a route: while the journal cannot be read, what is stored answers past
// the bound, and says so (docs/purge-protocol.md, rule 8).
import { describe, expect, it } from "vitest";
import { noJournal, type PurgeJudgement } from "../../../src/purge/view/view.ts";
import { decide } from "../../../src/proxy/reuse/verdict.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle } from "../../../testing/site/harness.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { candidateOf, questionOf } from "../../proxy/reuse/verdict-cases.ts";

const config = {
  routes: [
    { name: "open", match: "/open/*", whenUnreachable: "serve" as const },
    { name: "strict", match: "/strict/*" },
  ],
};

/** Filled, and then the bound is past and the journal gone. */
async function cutOff(path: string, cacheControl = "max-age=600") {
  const { site, upstash } = openJournalled({
    config,
    env: { COLO: "" },
    origin: (_, nth) => page(`page ${nth}`, cc(cacheControl, { "cache-tag": "red" })),
  });
  await (await site.ask(path)).text();
  await site.settle();
  site.clock.advance(10);
  upstash.journalMode = "down";
  return { site, upstash };
}

const asked = async (site: Awaited<ReturnType<typeof cutOff>>["site"], path: string) => {
  const response = await site.ask(path);
  return { text: await response.text(), told: response.headers.get("cache-status") ?? "" };
};

describe("what the view cannot verify", () => {
  type Covering = Extract<PurgeJudgement, { kind: "unverified" }>["covering"];
  const soft = { kind: "purged", mode: "soft", sinceAtMs: 0 } as const;

  it.each<{ id: string; covering?: Covering; isUnreachable?: boolean; verdict: string }>([
    { id: "nothing-known", verdict: "serve" },
    { id: "maybe-purged", covering: { kind: "purged", mode: "hard" }, verdict: "forward" },
    { id: "maybe-purged-softly", covering: soft, verdict: "forward" },
    { id: "journal-within-reach", isUnreachable: false, verdict: "forward" },
  ])("$id", ({ covering, isUnreachable = true, verdict }) => {
    const question = questionOf({ id: "", route: { whenUnreachable: "serve" } });
    const judge = () => ({ kind: "unverified", why: "view-too-old", covering }) as const;
    const view = { ...noJournal, isUnreachable: () => isUnreachable, judge };
    const exchange = { ...question.exchange, site: { ...question.exchange.site, view } };
    expect(decide(candidateOf({ id: "" }), { ...question, exchange }).kind).toBe(verdict);
  });
});

describe("while the journal cannot be read", () => {
  it("a route that says so answers, tells it, and counts it", async () => {
    const { site } = await cutOff("/open/a");
    const { text, told } = await asked(site, "/open/a");
    expect([text, told]).toEqual(["page 1", "tidemark; hit; ttl=590; detail=memory; unverified"]);
    const stats = await (await site.ask("/_cache/stats", { headers: bearer })).text();
    expect(JSON.parse(stats)).toMatchObject({ unverifiedAnswers: 1 });
  });

  it("any other asks its origin", async () => {
    const { site } = await cutOff("/strict/a");
    expect((await asked(site, "/strict/a")).text).toBe("page 2");
  });

  it("stale-while-revalidate and stale-if-error count as before, and say so too", async () => {
    const { site } = await cutOff("/open/a", "max-age=5, stale-while-revalidate=60");
    const { text, told } = await asked(site, "/open/a");
    expect([text, told.endsWith("; unverified")]).toEqual(["page 1", true]);
  });

  it("what a known purge covers stays covered", async () => {
    const { site, upstash } = await cutOff("/open/a");
    upstash.journalMode = "works";
    await send(site, { tags: ["red"] });
    upstash.journalMode = "down";
    site.clock.advance(10);
    expect((await asked(site, "/open/a")).text).toBe("page 2");
  });

  it("a failure of long ago exempts nothing, whatever was purged meanwhile", async () => {
    const { site, upstash } = await cutOff("/open/a", "max-age=86400");
    await asked(site, "/open/a");
    upstash.journalMode = "works";
    const other = openJournalled({ upstash, clock: site.clock, env: { COLO: "FRA" } }).site;
    expect((await send(other, { tags: ["red"] })).status).toBe(200);
    site.clock.advance(3_600);
    expect((await asked(site, "/open/a")).text).toBe("page 2");
  });

  it("and once it can be read again, nothing is exempt", async () => {
    const { site, upstash } = await cutOff("/open/a");
    await asked(site, "/open/a");
    upstash.journalMode = "works";
    site.clock.advance(40);
    await send(site, { tags: ["red"] });
    await idle();
    expect((await asked(site, "/open/a")).text).toBe("page 2");
  });
});
