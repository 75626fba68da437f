// Tests the credentials of the operator's routes: responses without the right credential, and the
// traces of wrong credentials in log, counts and health.
import { describe, expect, it } from "vitest";
import { FakeClock } from "../../testing/fakes/fake-clock.ts";
import { openSite, type SiteOptions } from "../../testing/site/harness.ts";
import { adminToken, bearer } from "../../testing/site/purge-sender.ts";
import { refusals, statusOf } from "./operator-site.ts";

const open = (options: SiteOptions = {}) =>
  openSite({ ...options, env: { ADMIN_TOKEN: adminToken, ...options.env } });

const routes = [
  ["GET", "stats"],
  ["GET", "journal"],
  ["GET", "metrics"],
  ["GET", "explain?url=/a"],
  ["GET", "switch"],
  ["POST", "switch"],
  ["POST", "warm"],
];

describe.each(routes)("%s /_cache/%s", (method, route) => {
  const ask = (token: string, headers = {}) =>
    openSite({ env: { ADMIN_TOKEN: token } }).get(`/_cache/${route}`, { method, headers });

  it.each([
    ["no credential", {}, /The request has no |The Authorization field/],
    ["a wrong token", { authorization: "Bearer another-token-of-1" }, /does not hold this/],
  ])("returns 401 with a hint to a request with %s", async (_, headers, why) => {
    const { status, text, fields } = await ask(adminToken, headers);
    expect([status, fields.get("www-authenticate")]).toEqual([401, "Bearer"]);
    expect(fields.get("cache-control")).toBe("no-store");
    const { error } = JSON.parse(text) as { error: Record<string, string> };
    expect(error).toMatchObject({ code: "unauthorized", why: expect.stringMatching(why) });
    expect(error["hint"]).toContain("Bearer <ADMIN_TOKEN>");
    expect(text).not.toContain(adminToken);
  });

  it("returns 404 if ADMIN_TOKEN is not set", async () => {
    for (const headers of [{}, bearer, { authorization: "Bearer " }]) {
      expect((await ask("", headers)).status).toBe(404);
    }
  });

  it("returns 503 if ADMIN_TOKEN is not usable", async () => {
    const { status, text, fields } = await ask("s3cret", { authorization: "Bearer s3cret" });
    expect([status, fields.get("cache-control")]).toEqual([503, "no-store"]);
    expect(JSON.parse(text)).toMatchObject({ error: { code: "not-usable" } });
    expect(text).toContain("ADMIN_TOKEN");
    expect(text).not.toContain("s3cret");
  });
});

it.each([
  "health/",
  "health//",
  "/health",
  "health%2F",
  "health/x",
  "Health",
  "stats/",
  "stats%2F",
  "x/../stats/",
  "./stats%2F",
  "purge/",
  "dashboard/x/",
])("another spelling, %s, is no route, even with the token", async (path) => {
  for (const method of ["GET", "POST"]) {
    const { status, text } = await open().get(`/_cache/${path}`, { method, headers: bearer });
    expect([status, text.includes("findings")]).toEqual([404, false]);
  }
});

it("the response and the log say why ADMIN_TOKEN is not usable", async () => {
  const site = openSite({ env: { ADMIN_TOKEN: "s3cret" } });
  const { text } = await site.get("/_cache/stats");
  expect(JSON.parse(text)).toEqual({
    error: {
      code: "not-usable",
      what: "Access to this route was refused.",
      why: expect.stringContaining("It has fewer than 16 characters") as string,
      hint: expect.stringContaining("16 characters or more") as string,
    },
  });
  expect(site.log.join()).toContain(
    "ADMIN_TOKEN is not usable, so the operator's routes are closed.",
  );
});

it("the Authorization field may have a scheme in lower case and additional spaces", async () => {
  expect(await statusOf(open(), `bearer  ${adminToken} `)).toBe(200);
});

describe("a wrong credential", () => {
  it.each([
    ["another token", "Bearer another-token-of-1", "wrong"],
    ["another scheme", `Basic ${adminToken}`, "malformed"],
    ["no scheme", adminToken, "malformed"],
    ["two values", `Bearer ${adminToken}, Bearer ${adminToken}`, "malformed"],
    ["the first letters", `Bearer ${adminToken.slice(0, -1)}`, "wrong"],
    ["the last letters", `Bearer ${adminToken.slice(1)}`, "wrong"],
    ["an additional letter", `Bearer ${adminToken}x`, "wrong"],
    ["an additional word", `Bearer ${adminToken} x`, "malformed"],
    ["letters beyond ASCII", "Bearer t\u00f6ken-\u00ff", "wrong"],
    ["16 KiB", `Bearer ${"x".repeat(16_384)}`, "malformed"],
    ["an empty token", "Bearer ", "malformed"],
  ])("is refused and counted: %s", async (_, value, reason) => {
    const site = open();
    expect(await statusOf(site, value)).toBe(401);
    expect(refusals(site)).toEqual([[`operatorRefusals|bearer|${reason}`, 1]]);
  });

  it("causes one log line for all failures, and one when the right token comes", async () => {
    const clock = new FakeClock();
    const site = open({ clock });
    for (let nth = 0; nth < 500; nth += 1) await statusOf(site, `Bearer wrong-${nth}`);
    clock.advance(90);
    expect(await statusOf(site, bearer.authorization)).toBe(200);
    const lines = site.lines.filter(({ event }) => event === "operator-refused");
    expect(lines).toMatchObject([
      { level: "warn", credential: "bearer", kind: "wrong", state: "began" },
      { level: "info", credential: "bearer", kind: "wrong", state: "ended", lastedSeconds: 90 },
    ]);
    expect(JSON.stringify(lines)).not.toContain("wrong-");
  });

  it("does not block later requests with the right token", async () => {
    const site = open();
    for (let nth = 0; nth < 2_000; nth += 1) await statusOf(site, `Bearer wrong-${nth}`);
    expect(await statusOf(site, bearer.authorization)).toBe(200);
  });

  it("is a finding of health that only the operator sees", async () => {
    const site = open();
    await statusOf(site, "Bearer wrong");
    expect(JSON.parse((await site.get("/_cache/health")).text)).toEqual({ status: "ok" });
    const health = async (headers = {}) =>
      JSON.parse((await site.get("/_cache/health", { headers })).text) as object;
    const finding = { code: "operator-refused", level: "info" };
    expect(await health(bearer)).toMatchObject({ status: "ok", findings: [finding] });
    for (let nth = 0; nth < 100; nth += 1) await statusOf(site, "Bearer wrong");
    expect(await health()).toEqual({ status: "ok" });
    expect(await health(bearer)).toMatchObject({ findings: [{ level: "warning" }] });
  });

  it("is not counted if the request has no credential", async () => {
    const site = open();
    expect((await site.get("/_cache/stats")).status).toBe(401);
    expect(refusals(site)).toEqual([]);
  });
});
