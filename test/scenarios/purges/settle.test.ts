// purge.settleSeconds limits the lifetime of responses that are filled right after a purge that
// covers them: replicas and caches of the origin may still answer with the purged content.
import { expect, it } from "vitest";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { cc, page, unchanged } from "../../../testing/fakes/origin-in-process.ts";

const fields = cc("max-age=600", { "cache-tag": "red", etag: '"1"' });
const settling = {
  purge: { settleSeconds: 5 },
  routes: [{ name: "slow", match: "/slow", purge: { settleSeconds: 60 } }],
};
const red = { tags: ["red"] };

const open = (config = settling) =>
  openJournalled({ config, origin: (_, nth) => page(`page ${nth}`, fields) }).site;

it.each([
  { id: "right-after", afterSeconds: 0, ttl: 5 },
  { id: "just-within", afterSeconds: 5, ttl: 5 },
  { id: "later", afterSeconds: 6, ttl: 600 },
  { id: "on-a-route-of-its-own", path: "/slow", afterSeconds: 59, ttl: 60 },
  { id: "after-a-purge-of-another-tag", order: { tags: ["blue"] }, afterSeconds: 0, ttl: 600 },
  { id: "after-a-soft-purge", order: { ...red, mode: "soft" }, afterSeconds: 0, ttl: 5 },
  { id: "after-a-purge-by-prefix", order: { prefixes: ["/"] }, afterSeconds: 0, ttl: 5 },
])("limits the lifetime: $id", async ({ path = "/a", order = red, afterSeconds, ttl }) => {
  const site = open();
  await send(site, order);
  site.clock.advance(afterSeconds);
  for (const _ of ["unknown stamp", "stored"]) await site.get(path);
  expect((await site.get(path)).cacheStatus).toContain(`; hit; ttl=${ttl};`);
});

it("limits no lifetime when it is not set", async () => {
  const site = open({} as typeof settling);
  await send(site, red);
  await site.get("/a");
  expect((await site.get("/a")).cacheStatus).toContain("ttl=600");
});

it("gives the full lifetime after a validation", async () => {
  const site = open();
  await send(site, red);
  await site.get("/a");
  site.clock.advance(6);
  site.origin.script = () => unchanged(fields);
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  expect((await site.get("/a")).cacheStatus).toContain("ttl=600");
});

it.each([
  { id: "without a tag", told: { etag: '"1"' }, ttl: 5 },
  { id: "with another tag", told: { etag: '"1"', "cache-tag": "blue" }, ttl: 600 },
])("judges a freshened response by its merged tags: a 304 $id", async ({ told, ttl }) => {
  const site = open();
  await site.get("/a");
  // The mark that an empty journal begins with covers everything.
  site.clock.advance(30);
  await send(site, { ...red, mode: "soft" });
  site.origin.script = () => unchanged(told);
  expect((await site.get("/a")).cacheStatus).toContain("fwd-status=304");
  expect((await site.get("/a")).cacheStatus).toContain(`ttl=${ttl};`);
});
