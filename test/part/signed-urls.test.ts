// Tests a gate whose credential is a part of the URL: no key has it, so every name of a page covers the page.
import { describe, expect, it } from "vitest";
import { defineRule } from "../../src/part/rule/define-rule.ts";
import { cc, page } from "../../testing/fakes/origin-in-process.ts";
import { explained, explainToken } from "../../testing/site/explained.ts";
import { openSite, type SiteOptions } from "../../testing/site/harness.ts";
import { openJournalled, send } from "../../testing/site/purge-sender.ts";
import { openWarmSite, warmed } from "../../testing/site/warm-site.ts";

const signed = defineRule({
  name: "signed",
  checks: { query: ["expires", "signature", "sig[]"] },
  admits: ({ url }) =>
    new URL(url).searchParams.get("signature") === "good"
      ? "checked"
      : new Response("no", { status: 403 }),
});
const options: SiteOptions = {
  origin: ({ method }, nth) =>
    method === "POST" ? new Response("done") : page(`page ${nth}`, cc("max-age=600")),
  config: { routes: [{ name: "m", match: "/m/*", use: [signed] }] },
};
const site = "https://www.example.com";
const path = "/m/a?expires=9&signature=good";

describe("a page of signed URLs", () => {
  it.each([
    ["without its signature", "/m/a"],
    ["with its own signature", path],
    ["with another signature", "/m/a?signature=x&expires=8"],
    ["with another spelling of the parameters", "/m/a?%65xpires=9&sig%5B%5D=good"],
  ])("is purged by its URL %s", async (_, named) => {
    const { site: opened } = openJournalled(options);
    await opened.get(path);
    expect((await opened.get("/m/a?expires=8&signature=good")).cacheStatus).toContain("; hit");
    expect(opened.origin.asked.map(({ path: asked }) => asked)).toEqual(["/m/a"]);
    expect((await send(opened, { urls: [site + named] })).status).toBe(200);
    expect((await opened.get(path)).text).toBe("page 2");
  });

  it("is invalid after a POST to it (RFC 9111 §4.4), which keeps the signature", async () => {
    const opened = openSite(options);
    await opened.get(path);
    await opened.get(path, { method: "POST", body: "x" });
    expect(opened.origin.last.path).toBe(path);
    expect((await opened.get(path)).text).toBe("page 3");
  });

  it("has its signature in no spelling at the origin", async () => {
    const opened = openSite(options);
    await opened.get(`${path}&sig%5B%5D=good`);
    expect(opened.origin.last.path).toBe("/m/a");
  });

  it("is warmed for every signature", async () => {
    const { near } = openWarmSite(options);
    expect(await warmed(near, site + path)).toMatchObject([{ result: "warmed" }]);
    expect((await near.get("/m/a?expires=7&signature=good")).cacheStatus).toContain("; hit");
  });

  it("is explained by its key, and the rule that leaves the parameters out", async () => {
    const opened = openSite({ ...options, env: { ADMIN_TOKEN: explainToken } });
    const { look } = await explained(opened, site + path);
    const leftOut = ["expires", "signature"].map((name) => ({ name, by: "use" }));
    expect(look?.key).toMatchObject({ url: `${site}/m/a`, gate: "signed", query: { leftOut } });
  });
});
