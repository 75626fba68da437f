// Tests the phases of a rule that a site writes, and rules that try to do more than they may.
import { describe, expect, it } from "vitest";
import { defineRule } from "../../src/part/rule.ts";
import type { Rule } from "../../src/part/port/rule.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../testing/site/counts-of.ts";
import { openSite, type SiteOptions } from "../../testing/site/harness.ts";

const kept = cc("max-age=60", { etag: '"same"' });

/** Opens a site with one route and these rules. */
function openWith(rules: readonly Rule[], options: SiteOptions = {}, route: object = {}) {
  const use = rules.map((rule) => defineRule(rule));
  const config = { routes: [{ name: "pages", match: "*", use, ...route }], ...options.config };
  return openSite({ origin: () => page("page", kept), ...options, config });
}

describe("keyed", () => {
  const buckets: Rule = {
    name: "buckets",
    keyed: { "x-bucket": ({ cookie }) => (cookie("ab") === "b" ? "b" : "a") },
  };
  const b = { headers: { cookie: "ab=b", "x-bucket": "forged" } };

  it("adds a value to the key, which the origin gets, and makes answers private", async () => {
    const site = openWith(
      [buckets],
      { origin: ({ headers }) => page(headers.get("x-bucket") ?? "none", kept) },
      { cookies: { ignore: ["ab"] } },
    );
    expect((await site.get("/")).text).toBe("a");
    expect((await site.get("/", b)).text).toBe("b");
    const again = await site.get("/", b);
    expect(again.cacheStatus).toContain("; hit");
    expect([again.text, again.fields.get("cache-control")]).toEqual(["b", "max-age=60, private"]);
    expect(site.origin.count).toBe(2);
    expect(site.origin.last.fields.get("cookie")).toBeNull();
  });
});
