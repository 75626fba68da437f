// Tests that no client commands the cache of the origin, which admits Tidemark's address.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";

const purges: ConfigInput = {
  routes: [
    { name: "purges", match: "/p/*", methods: ["PURGE", "POST"] },
    { name: "rest", match: "*" },
  ],
};

const override = (name: string): AskInit => ({ method: "POST", headers: { [name]: "purge" } });

describe("a request that commands a cache", () => {
  it.each<{ id: string; init: AskInit; path?: string }>([
    ...[
      "PURGE",
      "BAN",
      "REFRESH",
      "PURGEALL",
      "URIBAN",
      "FLUSH",
      "XKEY",
      "FASTLYPURGE",
      "PUSH",
      "Purge",
    ].map((method) => ({ id: method, init: { method } })),
    { id: "another method of the route", path: "/p/a", init: { method: "BAN" } },
    { id: "tags", init: { method: "PURGE", headers: { "xkey-purge": "a" } } },
    { id: "an upgrade", init: { method: "PURGE", headers: { upgrade: "h2c" } } },
    { id: "an override", init: override("X-HTTP-Method-Override") },
    { id: "a short override", init: override("X-HTTP-Method") },
    { id: "another override", init: override("X-Method-Override") },
    ...["_method=PURGE", "a=1&%5Fmethod=purge", "_method=PUT&_method=PURGE", "+.method=PURGE"].map(
      (query) => ({ id: query, path: `/a?${query}`, init: { method: "POST" } }),
    ),
  ])("gets 501, unless its route names the method: $id", async ({ init, path = "/a" }) => {
    const site = openSite({ config: purges });
    const { status, text, fields } = await site.get(path, init);
    expect([status, site.origin.count]).toEqual([501, 0]);
    expect(text).toContain("Requests that command a cache are not forwarded");
    expect(fields.get("cache-control")).toBe("no-store");
    const failed = Object.entries(site.counted()).filter(([series]) =>
      /requests.*failed/.test(series),
    );
    expect(failed.map(([, count]) => count)).toEqual([1]);
  });

  it.each([
    ..."PUT refreshToken bank.list urban".split(" ").map((value) => `_method=${value}`),
    "method=PURGE",
    "x_method=PURGE",
  ])("is another: %s", async (query) => {
    const site = openSite({ config: purges });
    expect((await site.get(`/a?${query}`, { method: "POST" })).status).toBe(200);
  });

  it.each<{ id: string; init: AskInit }>([
    { id: "a method", init: { method: "PURGE" } },
    { id: "an override", init: override("x-http-method-override") },
  ])("is forwarded by a route that names the method: $id", async ({ init }) => {
    const site = openSite({ config: purges });
    expect((await site.get("/p/a", init)).status).toBe(200);
    expect(site.origin.last.method).toBe(init.method);
  });
});
