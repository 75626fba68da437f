// Tests the mapping of a hook: its arguments, its result, and the reports of its errors.
import { describe, expect, it } from "vitest";
import type { Site } from "../../../testing/site/harness.ts";
import { codeOf } from "../../../testing/site/purge-sender.ts";
import { bodyOf, deliver, openHooked, shopify, signedBy } from "./webhook-vendors.ts";

const body = bodyOf(1);
const tags = (site: Site, text = body) =>
  deliver(site, text, signedBy(shopify, site, { body: text }));

describe("the mapping of a hook", () => {
  it("receives the payload and the header fields, and returns a purge", async () => {
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

  it("purges its other names if one is invalid, notes it, and logs a warning", async () => {
    const mapping = () => ({ tags: ["red", "", "s".repeat(257)], urls: ["https://a.example/*"] });
    const { site } = openHooked({ mapping });
    const { status, text } = await tags(site);
    const { targets, notes } = JSON.parse(text) as { targets: object; notes: string[] };
    expect([status, targets]).toEqual([200, expect.objectContaining({ tags: 1, urls: 0 })]);
    expect(notes.filter((note) => note.startsWith("Not purged: "))).toHaveLength(3);
    const line = site.lines.find(({ event }) => event === "purge");
    expect(line).toMatchObject({ level: "warn" });
    expect(line?.message).toContain("3 invalid names were left out.");
  });

  it.each([undefined, null])("purges nothing if it returns %s", async (nothing) => {
    const { site, upstash } = openHooked({ mapping: () => nothing as undefined });
    const seen = await tags(site);
    expect([seen.status, JSON.parse(seen.text)]).toEqual([200, { ignored: true }]);
    expect(upstash.journalCommands).toEqual([]);
    expect(site.counted()).toMatchObject({ "webhooks|shop|ignored": 1 });
  });

  const throws = (cause: unknown) => () => {
    throw cause;
  };
  const star = { urls: ["https://www.example.com/*"] };
  const dryRun = { tags: ["a"], dryRun: true };

  it.each<[id: string, mapping: () => unknown, says: string]>([
    ["throws", throws(new RangeError("s3cret")), "It threw RangeError."],
    ["returns a promise", async () => ({ tags: ["a"] }), "It returned a promise."],
    ["returns a string", () => "red", "It must be an object."],
    ["misspells a field of the purge", () => ({ tag: "red" }), '"tag" is not a field of a purge.'],
    ["requests a dry run", () => dryRun, "no purge order: A webhook's purge has no field dryRun."],
    ["returns a URL with a wildcard", () => star, "no purge order"],
  ])("causes a 500, one log line and a finding in health if it %s", async (_, mapping, says) => {
    const env = { ADMIN_TOKEN: "admin-token-of-the-site" };
    const { site, upstash } = openHooked({ mapping: mapping as never, env });
    const seen = await tags(site);
    await tags(site);
    expect([seen.status, codeOf(seen), upstash.journal.length]).toEqual([500, "mapping-failed", 0]);
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
  });

  it("is logged if it works again, and is no longer in health after an hour", async () => {
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
