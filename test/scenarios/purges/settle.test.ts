// purge.settleSeconds: what is filled right after a purge that covers it is fresh for no longer, since
// its origin's own replicas and caches may still answer with what the purge was about.
import { describe, expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { idle, type SiteOptions } from "../../../testing/site/harness.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=600", { "cache-tag": "red", etag: '"1"' });
const config = {
  purge: { settleSeconds: 5 },
  routes: [{ name: "slow", match: "/slow", purge: { settleSeconds: 60 } }],
};

const open = (options: SiteOptions = {}) =>
  openJournalled({ config, origin: (_, nth) => page(`page ${nth}`, fields), ...options }).site;

describe("a response that is filled after a purge", () => {
  it.each([
    { id: "right-after", afterSeconds: 0, ttl: 5 },
    { id: "just-within", afterSeconds: 5, ttl: 5 },
    { id: "later", afterSeconds: 6, ttl: 600 },
    { id: "as-the-route-says", path: "/slow", afterSeconds: 59, ttl: 60 },
    { id: "of-something-else", body: { tags: ["blue"] }, afterSeconds: 0, ttl: 600 },
    { id: "soft", body: { tags: ["red"], mode: "soft" }, afterSeconds: 0, ttl: 5 },
    { id: "by-prefix", body: { prefixes: ["/"] }, afterSeconds: 0, ttl: 5 },
  ])("has a lifetime of its own: $id", async (row) => {
    const { path = "/a", body = { tags: ["red"] }, afterSeconds, ttl } = row;
    const site = open();
    await send(site, body);
    site.clock.advance(afterSeconds);
    await (await site.ask(path)).text();
    await site.ask(path).then((response) => response.text());
    const seen = await site.ask(path);
    expect(seen.headers.get("cache-status")).toContain(`; hit; ttl=${ttl};`);
  });

  it("is then validated, and keeps its full lifetime from there on", async () => {
    const site = open();
    await send(site, { tags: ["red"] });
    await (await site.ask("/a")).text();
    await idle();
    site.clock.advance(6);
    site.origin.script = () => unchanged(fields);
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("fwd-status=304");
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("ttl=600");
  });

  it.each([
    { id: "which-names-no-tag", told: { etag: '"1"' }, ttl: 5 },
    { id: "which-names-another-tag", told: { etag: '"1"', "cache-tag": "blue" }, ttl: 600 },
  ])("is judged by its merged tags when a 304 freshens it: $id", async ({ told, ttl }) => {
    const site = open();
    await (await site.ask("/a")).text();
    // The mark that an empty journal begins with covers everything.
    site.clock.advance(30);
    await send(site, { tags: ["red"], mode: "soft" });
    site.origin.script = () => unchanged(told);
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("fwd-status=304");
    expect((await site.ask("/a")).headers.get("cache-status")).toContain(`ttl=${ttl};`);
  });

  it("is as fresh as its origin says where nothing is to be settled", async () => {
    const site = open({ config: {} });
    await send(site, { tags: ["red"] });
    await (await site.ask("/a")).text();
    await idle();
    expect((await site.ask("/a")).headers.get("cache-status")).toContain("ttl=600");
  });
});
