// Tests webhooks whose journal is unreachable, slow or missing, and repeated deliveries.
import { describe, expect, it, vi } from "vitest";
import { hooks } from "../../../src/parts/hooks/hooks.ts";
import { type Site, until } from "../../../testing/site/harness.ts";
import { codeOf, openJournalled, send, signedHeaders } from "../../../testing/site/purge-sender.ts";
import {
  bodyOf,
  datocms,
  deliver,
  ghost,
  hookSecret,
  ofOnesOwn,
  openHooked,
  shopify,
  signedBy,
  storyblok,
  webflow,
} from "./webhook-vendors.ts";

const body = bodyOf(1);
const tags = (site: Site, text = body) =>
  deliver(site, text, signedBy(shopify, site, { body: text }));

describe("a webhook", () => {
  it("gets 503 with Retry-After if the journal is unreachable", async () => {
    const { site, upstash } = openHooked();
    upstash.journalMode = "down";
    const seen = await tags(site);
    expect([seen.status, codeOf(seen)]).toEqual([503, "unavailable"]);
    expect(seen.fields.get("retry-after")).toBe("5");
    expect(site.counted()).toMatchObject({ "webhooks|shop|unavailable": 1 });
  });

  it("gets 503 if the journal takes over 1.5 s, and its purge is accepted later", async () => {
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
    // Sealing the position takes no timer.
    await until(() => site.lines.some(({ event }) => event === "purge"));
    expect(site.counted()).toMatchObject({ purges: 1 });
    expect(site.lines.filter(({ event }) => event === "purge")).toHaveLength(1);
    vi.useRealTimers();
  });
});

describe("a repeated delivery", () => {
  const idOf = (site: Site, id: string) => signedBy(shopify, site, { id });

  const positionOf = ({ text }: { text: string }) => String(JSON.parse(text).position);

  it("adds no journal entry, and gets the same position", async () => {
    const { site, upstash } = openHooked();
    const first = await tags(site);
    await until(() => upstash.journalReadCount > 0);
    site.clock.advance(1);
    const again = await tags(site);
    expect([again.status, positionOf(again)]).toEqual([200, positionOf(first)]);
    expect(upstash.journal.length).toBe(1);
  });

  it.each([
    { id: "another id", headers: (site: Site) => idOf(site, "delivery-2"), text: body },
    {
      id: "the same unsigned id and another body",
      headers: (site: Site) => signedBy(shopify, site, { body: bodyOf(2) }),
      text: bodyOf(2),
    },
  ])("adds an entry if it has $id", async ({ headers, text }) => {
    const { site, upstash } = openHooked();
    await tags(site);
    await until(() => upstash.journalReadCount > 0);
    site.clock.advance(1);
    expect((await deliver(site, text, headers(site))).status).toBe(200);
    expect(upstash.journal.length).toBe(2);
  });

  it.each([ghost, webflow])(
    "adds an entry of $vendor only if its timestamp is new",
    async (vendor) => {
      const { site, upstash } = openHooked({ vendor });
      const headers = signedBy(vendor, site);
      const first = await deliver(site, body, headers);
      await until(() => upstash.journalReadCount > 0);
      site.clock.advance(1);
      expect(positionOf(await deliver(site, body, headers))).toBe(positionOf(first));
      site.clock.advance(1);
      await deliver(site, body, signedBy(vendor, site));
      expect(upstash.journal.length).toBe(2);
    },
  );

  it.each([
    { id: "neither an id nor a timestamp", vendor: storyblok },
    { id: "only a secret in a field", vendor: datocms },
    { id: "only a timestamp in seconds, which two changes share", vendor: ofOnesOwn },
  ])("adds an entry if its scheme has $id", async ({ vendor }) => {
    const { site, upstash } = openHooked({ vendor });
    const headers = signedBy(vendor, site);
    for (let count = 1; count <= 2; count += 1) {
      site.clock.advance(1);
      expect((await deliver(site, body, headers)).status).toBe(200);
      await until(() => upstash.journalReadCount > 0);
      expect(upstash.journal.length).toBe(count);
    }
  });

  it("adds an entry at another hook and at POST /_cache/purge", async () => {
    const order = JSON.stringify({ tags: ["red"] });
    const sender = shopify.sender({ mapping: () => ({ tags: ["red"] }) });
    const env = { HOOK_SECRET_BLOG: "u7Yt5rEw3qAs1dFg9hJk", HOOK_SECRET_SHOP: hookSecret };
    const config = { parts: [hooks({ shop: sender, blog: sender })] };
    const { site, upstash } = openJournalled({ env, config });
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
