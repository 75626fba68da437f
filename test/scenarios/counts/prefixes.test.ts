// Tests the counts of requests below path prefixes that the configuration names.
import { expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { openSite } from "../../../testing/site/harness.ts";

const prefixes = {
  shop: { path: "/shop/" },
  sale: { path: "/shop/sale/" },
  news: { path: "/news" },
};

const open = (metrics: ConfigInput["metrics"] = {}) =>
  openSite({ config: { metrics }, origin: () => page("page", cc("max-age=60")) });

it("counts under the longest prefix of the keyed path, by result", async () => {
  const site = open({ prefixes });
  for (const path of ["/shop/a", "/shop/a", "/shop/sale/a", "/shop", "/newsletter", "/other"]) {
    await site.get(path);
  }
  await site.get("/sh%6fp/a");
  await site.get("/shop/a", { method: "POST" });
  expect(countsOf(site, "prefixRequests")).toEqual({
    "prefixRequests|shop|stored": 2,
    "prefixRequests|shop|hit": 1,
    "prefixRequests|shop|passed": 1,
    "prefixRequests|sale|stored": 1,
    "prefixRequests|news|stored": 1,
  });
});

it("counts nothing without prefixes in the configuration", async () => {
  const site = open();
  await site.get("/shop/a");
  expect(countsOf(site, "prefixRequests")).toEqual({});
});

it.each([
  { path: "/über/", asked: "/%c3%bcber/1" },
  { path: "/a b/", asked: "/a%20b/1" },
  { path: "/%7euser/", asked: "/~user/1" },
])("normalises the prefix $path like the paths of requests", async ({ path, asked }) => {
  const site = open({ prefixes: { own: { path } } });
  await site.get(asked);
  expect(countsOf(site, "prefixRequests")).toEqual({ "prefixRequests|own|stored": 1 });
});
