// Webhooks and the journal: one that is away or slow, and deliveries that come twice.
import { describe, expect, it, vi } from "vitest";
import { hmacSender } from "../../src/senders.ts";
import { type Site, until } from "../../testing/site/harness.ts";
import { codeOf, openJournalled, send, signedHeaders } from "../../testing/site/purge-sender.ts";
import {
  bodyOf,
  deliver,
  ghost,
  hookSecret,
  openHooked,
  shopify,
  signedBy,
  storyblok,
} from "../../testing/site/webhook-vendors.ts";

const body = bodyOf(1);
const tags = (site: Site, text = body) =>
  deliver(site, text, signedBy(shopify, site, { body: text }));

describe("the journal", () => {
  it("that is away gets 503 to the sender, who comes again", async () => {
    const { site, upstash } = openHooked();
    upstash.journalMode = "down";
    const seen = await tags(site);
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(seen.fields.get("retry-after")).toBe("5");
    expect(site.counted()).toMatchObject({ "webhooks|shop|unavailable": 1 });
  });

  it("that is slow is not waited for, and the purge goes on behind the answer", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const { site, upstash } = openHooked();
    const held = Promise.withResolvers<void>();
    upstash.beforeJournalAnswer = () => held.promise;
    const answering = tags(site);
    await until(() => upstash.journal.length === 1);
    await vi.advanceTimersByTimeAsync(1_500);
    const seen = await answering;
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(seen.text).toContain("within 1.5 s");
    expect(seen.fields.get("retry-after")).toBe("5");
    expect(site.counted()["purges"]).toBeUndefined();
    held.resolve();
    await vi.advanceTimersByTimeAsync(5_000);
    expect(site.counted()).toMatchObject({ purges: 1 });
    expect(site.lines.filter(({ event }) => event === "purge")).toHaveLength(1);
    vi.useRealTimers();
  });

  it("that is not configured gets 503", async () => {
    const { site } = openHooked({
      env: { UPSTASH_REDIS_REST_URL: "", UPSTASH_REDIS_REST_TOKEN: "" },
    });
    expect((await tags(site)).status).toBe(503);
  });
});

describe("a delivery that comes again", () => {
  const idOf = (site: Site, id: string) => signedBy(shopify, site, { id });

  it("is one entry, and gets the same answer", async () => {
    const { site, upstash } = openHooked();
    const first = await tags(site);
    await until(() => upstash.journalReadCount > 0);
    const again = await tags(site);
    expect([again.status, again.text]).toEqual([200, first.text]);
    expect(upstash.journal.length).toBe(1);
  });

  it.each([
    { id: "another id", headers: (site: Site) => idOf(site, "delivery-2"), text: body },
    {
      id: "the same id for another body, since nobody signs it",
      headers: (site: Site) => signedBy(shopify, site, { body: bodyOf(2) }),
      text: bodyOf(2),
    },
  ])("is another one with $id", async ({ headers, text }) => {
    const { site, upstash } = openHooked();
    await tags(site);
    await until(() => upstash.journalReadCount > 0);
    expect((await deliver(site, text, headers(site))).status).toBe(200);
    expect(upstash.journal.length).toBe(2);
  });

  it("is known by its timestamp where there is no id", async () => {
    const { site, upstash } = openHooked({ vendor: ghost });
    const headers = signedBy(ghost, site);
    const first = await deliver(site, body, headers);
    await until(() => upstash.journalReadCount > 0);
    expect((await deliver(site, body, headers)).text).toBe(first.text);
    site.clock.advance(1);
    await deliver(site, body, signedBy(ghost, site));
    expect(upstash.journal.length).toBe(2);
  });

  it("counts anew where the scheme has neither: the page may have changed again", async () => {
    const { site, upstash } = openHooked({ vendor: storyblok });
    for (let count = 1; count <= 2; count += 1) {
      expect((await deliver(site, body, signedBy(storyblok, site))).status).toBe(200);
      await until(() => upstash.journalReadCount > 0);
      expect(upstash.journal.length).toBe(count);
    }
  });

  it("is another one at another hook, and at POST purge", async () => {
    const order = JSON.stringify({ tags: ["red"] });
    const mapping = () => ({ tags: ["red"] });
    const blog = hmacSender({ ...shopify.options, mapping });
    const env = { HOOK_SECRET_BLOG: "u7Yt5rEw3qAs1dFg9hJk", HOOK_SECRET_SHOP: hookSecret };
    const hooked = openHooked({ mapping, config: { hooks: { blog } } });
    const shop = hmacSender({ ...shopify.options, mapping });
    const { site, upstash } = openJournalled({ env, config: { hooks: { shop, blog } } });
    expect(hooked.site.config.hooks.size).toBe(2);
    const id = "delivery-1";
    const ofShop = signedBy(shopify, site, { body: order, id });
    const ofBlog = signedBy(shopify, site, { body: order, id, secret: env.HOOK_SECRET_BLOG });
    for (const [at, answer] of [
      () => deliver(site, order, ofShop),
      () => deliver(site, order, ofBlog, "blog"),
      () => send(site, order, signedHeaders(order, { id })),
    ].entries()) {
      expect((await answer()).status).toBe(200);
      await until(() => upstash.journalReadCount > 0);
      expect(upstash.journal.length).toBe(at + 1);
    }
  });
});
