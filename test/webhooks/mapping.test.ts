// The mapping of a hook: what it gets, what it decides, and what is told where it fails.
import { describe, expect, it } from "vitest";
import type { Site } from "../../testing/site/harness.ts";
import { codeOf } from "../../testing/site/purge-sender.ts";
import {
  bodyOf,
  deliver,
  openHooked,
  shopify,
  signedBy,
} from "../../testing/site/webhook-vendors.ts";

const body = bodyOf(1);
const tags = (site: Site, text = body) =>
  deliver(site, text, signedBy(shopify, site, { body: text }));

describe("a mapping", () => {
  it("gets payload and fields, and decides", async () => {
    const { site, upstash } = openHooked({
      mapping: ({ id }, fields) => ({
        prefixes: [`/products/${id}/`],
        mode: "soft",
        reason: fields.get("X-Shopify-Topic") ?? "",
      }),
    });
    expect((await tags(site)).status).toBe(200);
    const [entry] = JSON.parse(JSON.stringify(upstash.journal.range(["-", "+"])));
    expect(entry[1]).toEqual(
      expect.arrayContaining(["soft", '["/products/1/"]', "products/update", "hook:shop"]),
    );
    const line = site.lines.find(({ event }) => event === "purge");
    expect(line).toMatchObject({ by: "hook:shop", mode: "soft" });
  });

  it.each([undefined, null])("that returns %s purges nothing", async (nothing) => {
    const { site, upstash } = openHooked({ mapping: () => nothing as undefined });
    const seen = await tags(site);
    expect([seen.status, JSON.parse(seen.text)]).toEqual([200, { ignored: true }]);
    expect(upstash.journalCommands).toEqual([]);
    expect(site.counted()).toMatchObject({ "webhooks|shop|ignored": 1 });
  });

  it.each<{ id: string; mapping: () => unknown; says: string }>([
    {
      id: "throws",
      mapping: () => {
        throw new RangeError("s3cret");
      },
      says: "It threw RangeError.",
    },
    {
      id: "throws a text",
      mapping: () => {
        throw "s3cret";
      },
      says: "It threw unknown.",
    },
    {
      id: "returns a promise",
      mapping: async () => ({ tags: ["a"] }),
      says: "It returned a promise.",
    },
    {
      id: "returns a promise that fails",
      mapping: () => Promise.reject(new Error()),
      says: "It returned a promise.",
    },
    { id: "returns a text", mapping: () => "red", says: "It must be an object." },
    {
      id: "returns a misspelt order",
      mapping: () => ({ tag: "red" }),
      says: '"tag" is not a field of a purge.',
    },
    {
      id: "returns a number for a tag",
      mapping: () => ({ tags: [1] }),
      says: "tags.0 must be a string.",
    },
    { id: "returns an empty order", mapping: () => ({}), says: "It names nothing to purge." },
    {
      id: "asks for a dry run",
      mapping: () => ({ tags: ["a"], dryRun: true }),
      says: "It returned no purge order: A webhook's purge has no field dryRun.",
    },
    {
      id: "names a star",
      mapping: () => ({ urls: ["https://www.example.com/*"] }),
      says: "no purge order",
    },
  ])(
    "that $id is told to the sender, in the log once, and in health",
    async ({ mapping, says }) => {
      const env = { ADMIN_TOKEN: "admin-token-of-the-site" };
      const { site, upstash } = openHooked({ mapping: mapping as never, env });
      const seen = await tags(site);
      await tags(site);
      expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([
        500,
        "mapping-failed",
        0,
      ]);
      expect(seen.text).toContain(JSON.stringify(says).slice(1, -1));
      expect(seen.text).not.toContain("s3cret");
      expect(seen.text).not.toContain('.."');
      const lines = site.lines.filter(({ event }) => event === "hook");
      expect(lines).toMatchObject([{ level: "error", hook: "shop", state: "began" }]);
      expect(JSON.stringify(site.lines)).not.toContain("s3cret");
      expect(site.counted()).toMatchObject({ "webhooks|shop|mapping-failed": 2 });
      const authorization = "Bearer admin-token-of-the-site";
      const health = await site.get("/_cache/health", { headers: { authorization } });
      const { findings } = JSON.parse(health.text) as {
        findings: { code: string; about?: string }[];
      };
      const found = findings.filter(({ code }) => code === "hook-mapping");
      expect(found).toMatchObject([{ level: "critical", about: 'hook "shop"' }]);
    },
  );

  it("that works again is told, and leaves health after an hour", async () => {
    let works = false;
    const mapping = () => (works ? { tags: ["red"] } : ({ tag: "red" } as never));
    const { site } = openHooked({ mapping });
    const status = async () => JSON.parse((await site.get("/_cache/health")).text) as unknown;
    await tags(site);
    works = true;
    site.clock.advance(61);
    await tags(site, bodyOf(2));
    expect(site.log.at(-1)).toContain("works again");
    expect(await status()).toEqual({ status: "degraded" });
    site.clock.advance(3_600);
    expect(await status()).toEqual({ status: "ok" });
  });
});
