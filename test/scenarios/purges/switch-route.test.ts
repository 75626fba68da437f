// Tests refused posts of the switch, which sends requests straight to the origin, and the variable
// BYPASS.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { bypassed, postSwitch, switchState } from "../../../testing/site/switch.ts";
import { ask, pass, playTimers, statsOf, TwoColos } from "../../../testing/site/two-colos.ts";

playTimers();

const config: ConfigInput = {
  routes: [
    { name: "articles", match: "/articles/*", fresh: "1h" },
    { name: "lists", match: "/lists/*", fresh: "1h" },
  ],
};
const open = () => new TwoColos(config, () => new Response("page"));
const openWith = (env: object) =>
  openSite({ config, env: { ADMIN_TOKEN: "admin-of-this-site", ...env } });

describe("a refused post of the switch", () => {
  it("gets 409 and changes nothing if another post was earlier", async () => {
    const { near, upstash } = open();
    upstash.beforePost = () => void (upstash.heldSwitch ??= 'other 1-0 n ["lists"]');
    const { status, told } = await postSwitch(near, { bypass: true });
    expect([status, told]).toMatchObject([409, { error: { code: "overtaken" } }]);
    expect(upstash.heldSwitch).toContain("lists");
    expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("gets 503 with a cause and a remedy if the journal is down", async () => {
    const { near, upstash } = open();
    upstash.journalMode = "down";
    const { status, told } = await postSwitch(near, { bypass: true });
    const hint = expect.stringContaining("BYPASS") as string;
    const why = expect.stringMatching(/./) as string;
    expect([status, told]).toMatchObject([503, { error: { code: "unavailable", why, hint } }]);
    expect((await ask(near, "/articles/1")).cacheStatus).not.toBe(bypassed);
  });

  it("gets 503 without a journal", async () => {
    const journal = "No journal is configured.";
    const site = openWith({});
    const { status, told } = await postSwitch(site, { bypass: true });
    expect([status, told]).toMatchObject([503, { error: { why: journal } }]);
    expect(await switchState(site)).toMatchObject({ bypass: false, variable: false, journal });
  });

  it.each([
    { body: "no JSON", why: /not JSON/ },
    { body: {}, why: /bypass must be/ },
    { body: { bypass: "all" }, why: /bypass must be/ },
    { body: { bypass: [] }, why: /bypass must be/ },
    { body: { bypass: true, routes: [] }, why: /body must be an object/ },
    { body: { bypass: true, reason: "x".repeat(513) }, why: /reason must be.* 512 characters/ },
    { body: { bypass: ["lists", "prices"] }, why: /no route named "prices"/ },
  ])("gets 400 for the body $body", async ({ body, why }) => {
    const { status, told } = await postSwitch(open().near, body);
    expect([status, told]).toMatchObject([400, { error: { why: expect.stringMatching(why) } }]);
  });

  it("gets the names of all routes if it names an unknown route", async () => {
    const { told } = await postSwitch(open().near, { bypass: ["prices"] });
    const hint = expect.stringContaining('"articles", "lists"') as string;
    expect(told).toMatchObject({ error: { hint } });
  });
});

describe("the variable BYPASS", () => {
  const paths = ["/articles/1", "/lists/1", "/elsewhere"];

  it.each([
    { value: "all", found: paths, variable: true },
    { value: " articles  lists ", found: paths.slice(0, 2), variable: ["articles", "lists"] },
    { value: "lists", found: ["/lists/1"], variable: ["lists"] },
  ])("bypasses $found if its value is $value", async ({ value, found, variable }) => {
    const site = openWith({ BYPASS: value });
    for (const path of paths) {
      expect((await site.get(path)).cacheStatus === bypassed).toBe(found.includes(path));
    }
    expect(await switchState(site)).toMatchObject({ variable });
  });

  it("has no effect with an unknown route, and is reported as a fault", async () => {
    const site = openWith({ BYPASS: "articles prices" });
    expect((await site.get("/articles/1")).cacheStatus).not.toBe(bypassed);
    expect(site.log.join("\n")).toMatch(/BYPASS has no effect.*"prices".*"articles", "lists"/);
    expect(JSON.stringify(await statsOf(site))).toContain("BYPASS has no effect");
  });

  it("applies in addition to a posted state", async () => {
    const { clock, upstash } = open();
    const env = { COLO: "HAM", ADMIN_TOKEN: "admin-of-this-site", BYPASS: "lists" };
    const site = openSite({ config, clock, upstash, env });
    await postSwitch(site, { bypass: ["articles"] });
    for (const path of ["/articles/1", "/lists/1"]) {
      expect((await ask(site, path)).cacheStatus).toBe(bypassed);
    }
    await pass(clock, 1);
  });
});
