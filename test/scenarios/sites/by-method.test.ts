// Tests routes for listed methods. Unsafe requests go to a separate origin, and invalidate pages of
// other routes.
import { expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";

const config: ConfigInput = {
  origins: { writer: { url: "https://writer.invalid" } },
  routes: [
    { name: "api-writes", match: "/api/*", methods: ["POST", "PUT"], origin: "writer" },
    { name: "api", match: "/api/*", query: { allow: ["page"] } },
  ],
};

const origin: Script = ({ method, url }, nth) =>
  method === "GET" || method === "HEAD"
    ? page(`${new URL(url).host}, ${nth}`, cc("max-age=600"))
    : new Response(null, { status: 204 });

it("a request goes to the origin of the route for its method", async () => {
  const site = openSite({ config, origin });
  const asked = [];
  for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS"]) {
    await site.get(`/api/${method}`, { method });
    asked.push(`${site.origin.last.method} ${site.origin.last.url}`);
  }
  expect(asked).toEqual([
    "GET https://origin.invalid/api/GET",
    "POST https://writer.invalid/api/POST",
    "PUT https://writer.invalid/api/PUT",
    "DELETE https://origin.invalid/api/DELETE",
    "OPTIONS https://origin.invalid/api/OPTIONS",
  ]);
});

it("a route for GET also matches HEAD, which a stored response to GET answers", async () => {
  const reads = { name: "reads", match: "/reads/*", methods: ["GET"], origin: "writer" };
  const site = openSite({ config: { ...config, routes: [reads] }, origin });
  await site.get("/reads/a", { method: "HEAD" });
  expect(site.origin.last.url).toBe("https://writer.invalid/reads/a");
  await site.get("/reads/b");
  await site.get("/reads/c", { method: "POST" });
  const { cacheStatus } = await site.get("/reads/b", { method: "HEAD" });
  expect(cacheStatus).toContain("tidemark; hit");
  expect(site.origin.last.url).toBe("https://origin.invalid/reads/c");
});

it("an unsafe request invalidates a page under the key of another route", async () => {
  const site = openSite({ config, origin });
  await site.get("/api/a?page=1");
  await site.get("/api/b");
  await site.get("/api/a?page=1&seen=2", { method: "POST" });
  expect((await site.get("/api/a?page=1")).text).toBe("origin.invalid, 4");
  expect((await site.get("/api/b")).text).toBe("origin.invalid, 2");
});

it("a purge by URL uses the key of the route for GET", async () => {
  const { site } = openJournalled({ config, origin });
  await site.get("/api/a?page=1");
  const { text } = await send(site, { urls: ["https://www.example.com/api/a?page=1&x=2"] }, bearer);
  expect(JSON.parse(text)).toMatchObject({
    readAs: [{ as: ["https://www.example.com/api/a?page=1"] }],
  });
  expect(await (await site.ask("/api/a?page=1")).text()).toBe("origin.invalid, 2");
});

it("a purge of a route without GET gets a note that the route stores nothing", async () => {
  const { site } = openJournalled({ config, origin });
  const { text } = await send(site, { routes: ["api-writes"] }, bearer);
  expect(JSON.parse(text)).toMatchObject({
    notes: ['The route "api-writes" bypasses the cache, so nothing is stored under it now.'],
  });
});
