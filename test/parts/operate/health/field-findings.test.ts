// Tests the findings on request fields. The finding on fields that look like a credential names
// entries of the configured list, and nothing that a client sent.
import { expect, it } from "vitest";
import { page, type Script } from "../../../../testing/fakes/origin-in-process.ts";
import { adminToken, bearer } from "../../../../testing/site/purge-sender.ts";
import { countsOf } from "../../../../testing/site/counts-of.ts";
import { openSite, type SiteOptions } from "../../../../testing/site/harness.ts";
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
  expect(finding?.values).toEqual({ names: ["*token", "x-tenant"] });
  expect(JSON.stringify(finding)).not.toMatch(/made-up|secret/);
  expect((await healthOf(site)).status).toBe("ok");
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

/** An origin that negotiates without Vary. */
const silent: Script = ({ headers }) => {
  const isData = headers.get("accept") === "application/json";
  const isGerman = headers.get("accept-language") === "de";
  return page(isData ? "{}" : "page", {
    "cache-control": "max-age=60, stale-while-revalidate=600",
    "content-type": isData ? "application/json" : "text/html",
    ...(isGerman ? { "content-language": "de" } : {}),
  });
};

it.each([
  {
    id: "a media type",
    headers: { accept: "application/json" },
    field: "accept",
  },
  { id: "a language", headers: { "accept-language": "de" }, field: "accept-language" },
])("the finding varies-silently names the page and the field of $id", async (row) => {
  const site = open({ config: { routes: [api] }, origin: silent });
  await site.get("/api/a?secret=1", { headers: row.headers });
  site.clock.advance(61);
  expect(await found(site, "varies-silently")).toBeUndefined();
  await site.get("/api/a?secret=1");
  const finding = await found(site, "varies-silently");
  const values = { fields: [row.field], pages: ["/api/a"] };
  expect(finding).toMatchObject({ about: 'route "api"', values });
  const lines = site.lines.filter(({ event }) => event === "finding");
  expect(lines.map((line) => line.code)).toEqual(["varies-silently"]);
  expect(JSON.stringify(lines)).not.toContain("/api/a");
  expect(countsOf(site, "silentVariations")).toEqual({ "silentVariations|api": 1 });
});

it.each([
  { id: "Vary names the field", fields: { vary: "accept" } },
  { id: "both have one type and language", fields: { "content-type": "text/html; charset=x" } },
])("the finding varies-silently is absent if $id", async ({ fields }) => {
  const origin: Script = (request, nth) => {
    const { headers } = silent(request, nth) as Response;
    return page("page", { ...Object.fromEntries(headers), ...fields });
  };
  const site = open({ config: { routes: [api] }, origin });
  const json = { headers: { accept: "application/json" } };
  await site.get("/api/a", json);
  site.clock.advance(61);
  await site.get("/api/a", json);
  expect(site.origin.count).toBe(2);
  expect(await found(site, "varies-silently")).toBeUndefined();
});

it("the finding extension-mismatch names the route, and nothing that a client sent", async () => {
  const site = open({ config: { routes: [api] } });
  expect(await found(site, "extension-mismatch")).toBeUndefined();
  await site.get("/api/secret.css");
  const finding = await found(site, "extension-mismatch");
  expect(finding).toMatchObject({ level: "info", about: 'route "api"' });
  expect(JSON.stringify(finding)).not.toContain("secret");
  expect((await healthOf(site)).status).toBe("ok");
});

it.each([
  { id: "a nonce", policy: "script-src 'self' 'nonce-abc123'", isShared: true },
  { id: "hashes alone", policy: "script-src 'sha256-abc123='", isShared: false },
])("a stored page with $id in its policy", async ({ policy, isShared }) => {
  const fields = { "cache-control": "max-age=60", "content-security-policy": policy };
  const site = open({ config: { routes: [api] }, origin: () => page("page", fields) });
  await site.get("/api/a");
  const finding = await found(site, "nonce-shared");
  expect(finding?.values).toEqual(isShared ? { pages: ["/api/a"] } : undefined);
  const told = await site.get("/_cache/explain?url=/api/a", { headers: bearer });
  expect(told.text.includes('"findings":["nonce-shared"]')).toBe(isShared);
});
