// Tests a route's own error page: which answers it replaces, and for which clients.
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";
import { type AskInit, openSite } from "../../../testing/site/harness.ts";

const html = "<h1>Back soon</h1>";
const config = (more: object = {}): ConfigInput => ({
  routes: [
    { name: "private", match: "/private/*", bypass: true, errorPage: { html, ...more } },
    { name: "plain", match: "/plain", fresh: "1m" },
    { name: "rest", match: "*", fresh: "1m", staleIfError: "1h", errorPage: { html, ...more } },
  ],
});

const gone: Script = () => {
  throw new Error("unreachable");
};
const browser = { headers: { accept: "text/html,application/xhtml+xml,*/*;q=0.8" } };
const answersWith =
  (status: number): Script =>
  () =>
    new Response("the origin's", { status, headers: { "retry-after": "9" } });

describe("the error page", () => {
  it.each<[path: string, init: AskInit, text: RegExp]>([
    ["/a", browser, /^<h1>Back soon/],
    ["/private/a", browser, /^<h1>Back soon/],
    ["/private/a", { ...browser, method: "POST", body: "b" }, /^<h1>Back soon/],
    ["/a", { ...browser, method: "HEAD" }, /^$/],
    ["/a", { headers: { accept: "Text/HTML ; q=0.1" } }, /^<h1>Back soon/],
    ["/a", { headers: { accept: "application/json, text/html;q=0.0" } }, /^502 Bad Gateway/],
    ["/a", { headers: { accept: "*/*" } }, /^502 Bad Gateway/],
    ["/a", {}, /^502 Bad Gateway/],
    ["/plain", browser, /^502 Bad Gateway/],
  ])("answers %s %j", async (path, init, text) => {
    const seen = await openSite({ config: config(), origin: gone }).get(path, init);
    expect(seen.status).toBe(502);
    expect(seen.text).toMatch(text);
    expect(seen.fields.get("cache-control")).toBe("no-store");
    expect(seen.fields.get("proxy-status")).toBe("tidemark; error=destination_unavailable");
    const isHtml = seen.fields.get("content-type") === "text/html; charset=utf-8";
    expect(isHtml).toBe(text.source.startsWith("^<") || init.method === "HEAD");
  });

  it("has Retry-After while the origin has an open breaker", async () => {
    const site = openSite({ config: config(), origin: gone });
    for (const nth of [1, 2, 3, 4, 5, 6]) await site.get(`/${nth}`);
    const seen = await site.get("/7", browser);
    expect([seen.status, seen.text, seen.fields.get("retry-after")]).toEqual([503, html, "5"]);
  });

  it("does not replace a stale response", async () => {
    const site = openSite({ config: config(), origin: () => page("kept", cc("max-age=60")) });
    await site.get("/a");
    site.clock.advance(61);
    site.origin.script = gone;
    expect((await site.get("/a", browser)).text).toBe("kept");
  });

  it("does not replace a refusal of the client's own request", async () => {
    const site = openSite({ config: config({ originErrors: true }), origin: () => page("a") });
    const headers = { ...browser.headers, "cache-control": "only-if-cached" };
    const seen = await site.get("/private/a", { headers });
    expect([seen.status, seen.text.slice(0, 3)]).toEqual([504, "504"]);
  });

  it.each([
    { status: 502, more: { originErrors: true }, text: html },
    { status: 503, more: { originErrors: true }, text: html },
    { status: 504, more: { originErrors: true }, text: html },
    { status: 500, more: { originErrors: true }, text: "the origin's" },
    { status: 404, more: { originErrors: true }, text: "the origin's" },
    { status: 503, more: {}, text: "the origin's" },
  ])("of $more replaces the origin's own $status: $text", async ({ status, more, text }) => {
    for (const path of ["/a", "/private/a"]) {
      const site = openSite({ config: config(more), origin: answersWith(status) });
      const seen = await site.get(path, browser);
      expect([seen.status, seen.text, seen.fields.get("retry-after")]).toEqual([status, text, "9"]);
      expect(seen.cacheStatus).toContain(`fwd-status=${status}`);
    }
  });
});
