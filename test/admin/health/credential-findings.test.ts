// Tests the finding on requests with a field that looks like a credential. It names entries of the
// configured list, and nothing that a client sent.
import { expect, it } from "vitest";
import { page } from "../../../testing/fakes/origin-in-process.ts";
import { adminToken } from "../../../testing/site/purge-sender.ts";
import { openSite, type SiteOptions } from "../../../testing/site/harness.ts";
import { found, healthOf } from "./health-world.ts";

const open = (options: SiteOptions = {}) =>
  openSite({ env: { ADMIN_TOKEN: adminToken }, origin: () => page("page"), ...options });
const api = { name: "api", match: "/api/*", fresh: "5m" } as const;
const code = "credential-field";

it("the finding credential-field names the route, the entries and the option", async () => {
  const site = open({ config: { routes: [api], credentialFields: { add: ["x-tenant"] } } });
  expect(await found(site, code)).toBeUndefined();
  await site.get("/api/a", { headers: { "x-tenant": "secret-1", "x-made-up-token": "secret-2" } });
  const finding = await found(site, code);
  expect(finding).toMatchObject({ level: "info", about: 'route "api"' });
  expect(finding?.remedy).toContain('credentialFields: { except: ["*token", "x-tenant"] }');
  expect(JSON.stringify(finding)).not.toMatch(/made-up|secret/);
  expect((await healthOf(site)).status).toBe("ok");
});

it("the finding credential-field proposes a known field for key.headers", async () => {
  const site = open({ config: { routes: [api] } });
  await site.get("/api/a", { headers: { dpop: "proof" } });
  expect((await found(site, code))?.remedy).toContain('key: { headers: ["dpop"] }');
});

it("the finding credential-field needs a response that only this rule refuses", async () => {
  const fields = ["private", "no-store", "public, max-age=60"];
  const site = open({
    config: { routes: [api] },
    origin: (_, nth) => page("page", { "cache-control": fields[nth - 1]! }),
  });
  for (const path of ["/api/a", "/api/b", "/api/c"]) {
    await site.get(path, { headers: { "x-api-key": "k" } });
  }
  expect(site.origin.count).toBe(3);
  expect(await found(site, code)).toBeUndefined();
});

it("the finding credential-field ends 15 minutes after the last such request", async () => {
  const site = open({ config: { routes: [api] } });
  await site.get("/api/a", { headers: { "x-api-key": "k" } });
  const since = (await found(site, code))?.since;
  site.clock.advance(14 * 60);
  await site.get("/api/a", { headers: { "x-api-key": "k" } });
  site.clock.advance(14 * 60);
  expect((await found(site, code))?.since).toBe(since);
  site.clock.advance(2 * 60);
  expect(await found(site, code)).toBeUndefined();
});
