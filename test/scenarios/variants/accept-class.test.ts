// An origin that chooses a type by `Accept` without `Vary`, as for AI agents that ask for Markdown: which clients
// share a response, and what refreshes it.
import { describe, expect, it } from "vitest";
import type { RouteInput } from "../../../src/config/route-options.ts";
import {
  cc,
  type FieldTexts,
  page,
  type Script,
  unchanged,
} from "../../../testing/fakes/origin-in-process.ts";
import { countsOf } from "../../../testing/site/counts-of.ts";
import { type AskInit, openSite, type Site } from "../../../testing/site/harness.ts";
import { openJournalled, send } from "../../../testing/site/purge-sender.ts";

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
const agent = "text/markdown, text/html, */*";
const axios = "application/json, text/plain, */*";
const any = "*/*";

const types = ["text/markdown", "application/json", "text/calendar", "application/rss+xml"];

/** Chooses the first type that the field names, and else HTML. The body has the type and the number of the request. */
const negotiating =
  (fields = cc("max-age=60, stale-while-revalidate=600")): Script =>
  ({ headers }, nth) => {
    const named = (headers.get("accept") ?? "").split(",").map((one) => one.split(";")[0]?.trim());
    const type = named.find((one) => types.includes(one ?? "") || one === "text/html");
    return page(`${type ?? "text/html"} ${nth}`, {
      ...fields,
      "content-type": `${type ?? "text/html"}; charset=utf-8`,
    });
  };

const json: Script = (_, nth) =>
  page(`{"nth":${nth}}`, cc("max-age=60", { "content-type": "application/json" }));

const open = (origin: Script, route: Partial<RouteInput> = {}) =>
  openSite({ origin, config: { routes: [{ name: "all", match: "*", ...route }] } });

const textsOf = async (site: Site, accepts: readonly string[], path = "/a") => {
  const texts: string[] = [];
  for (const accept of accepts) texts.push((await site.get(path, { headers: { accept } })).text);
  return texts;
};

describe("a type other than HTML that a client has chosen", () => {
  it.each([
    ["an agent", agent, "text/markdown"],
    ["an agent with weights", "text/markdown, text/html;q=0.9", "text/markdown"],
    ["an agent without HTML", "text/markdown, */*", "text/markdown"],
    ["an API client", axios, "application/json"],
    ["a calendar", "text/calendar", "text/calendar"],
    [
      "a feed reader",
      "application/rss+xml, application/xml;q=0.9, */*;q=0.1",
      "application/rss+xml",
    ],
  ])("reaches no browser: %s", async (_, accept, type) => {
    const site = open(negotiating());
    const asked = [accept, browser, any, accept, browser];
    const texts = [`${type} 1`, "text/html 2", "text/html 2", `${type} 1`, "text/html 2"];
    expect(await textsOf(site, asked)).toEqual(texts);
  });

  it("is refreshed as this type", async () => {
    const site = open(negotiating());
    await textsOf(site, [agent, browser]);
    site.clock.advance(61);
    await textsOf(site, [agent, browser]);
    await site.settle();
    expect(await textsOf(site, [agent, browser])).toEqual(["text/markdown 3", "text/html 4"]);
    const sent = site.origin.asked.map(({ fields }) => fields.get("accept"));
    expect(sent[2]).toBe("text/markdown, */*;q=0.1");
  });

  it("has Accept in the Vary of its answers", async () => {
    const site = open(negotiating());
    for (const accept of [agent, agent, browser, browser]) {
      const { fields } = await site.get("/a", { headers: { accept } });
      expect(fields.get("vary")).toBe("Accept");
    }
  });

  it("keeps its class in the tiers, for other isolates", async () => {
    const near = open(negotiating());
    await textsOf(near, [agent, browser]);
    await near.settle();
    const { clock, cache } = near;
    const far = openSite({ clock, cache });
    expect(await textsOf(far, [browser, agent])).toEqual(["text/html 2", "text/markdown 1"]);
  });

  it("is covered by a purge of the URL, for all classes", async () => {
    const { site } = openJournalled({ origin: negotiating() });
    await textsOf(site, [agent, browser]);
    await send(site, { urls: ["https://www.example.com/a"] });
    expect(await textsOf(site, [agent, browser])).toEqual(["text/markdown 3", "text/html 4"]);
  });

  it("is a finding once the page has also got HTML", async () => {
    const site = open(negotiating());
    await textsOf(site, [agent]);
    expect(countsOf(site, "silentVariations")).toEqual({});
    await textsOf(site, [browser]);
    expect(countsOf(site, "silentVariations")).toEqual({ "silentVariations|all": 1 });
  });

  it("is counted once, and not at each validation", async () => {
    const fields = cc("max-age=60", { etag: '"one"' });
    const site = open((request, nth) =>
      request.headers.has("if-none-match") ? unchanged(fields) : negotiating(fields)(request, nth),
    );
    await textsOf(site, [agent, browser]);
    site.clock.advance(61);
    expect(await textsOf(site, [browser])).toEqual(["text/html 2"]);
    expect(site.origin.last.fields.get("if-none-match")).toBe('"one"');
    expect(countsOf(site, "silentVariations")).toEqual({ "silentVariations|all": 1 });
  });

  it("gives hostile clients no more variants than classes", async () => {
    const site = open(negotiating());
    const invented = Array.from({ length: 50 }, (_, nth) => `text/x-${nth}, text/markdown`);
    await textsOf(site, [
      agent,
      browser,
      axios,
      "text/calendar",
      "text/xml, text/html",
      ...invented,
    ]);
    expect(site.origin.asked.length).toBeLessThanOrEqual(6);
  });
});

describe("a client that names a type, but ranks HTML first", () => {
  const naive: Script = ({ headers }, nth) => {
    const type = headers.get("accept")?.includes("text/markdown") ? "text/markdown" : "text/html";
    return page(`${type} ${nth}`, cc("max-age=60", { "content-type": type }));
  };

  it.each(["text/html;q=1, text/markdown;q=0.1", "text/html, text/markdown, */*;q=0.5"])(
    "cannot choose it for browsers: %s",
    async (accept) => {
      for (const order of [
        [accept, browser],
        [accept, agent, browser],
        [agent, accept, browser],
      ]) {
        const site = open(naive);
        expect((await textsOf(site, order)).at(-1)).toMatch(/^text\/html/);
        expect(await textsOf(site, [browser])).toEqual([expect.stringContaining("text/html")]);
      }
    },
  );

  it("gets an answer that no cache downstream gives to browsers", async () => {
    const { fields, cacheStatus } = await open(naive).get("/a", {
      headers: { accept: "text/html, text/markdown;q=0.9" },
    });
    expect([fields.get("vary"), cacheStatus]).toEqual([
      "Accept",
      expect.stringContaining("unconfirmed"),
    ]);
  });

  it.each<[string, AskInit, status: number, FieldTexts]>([
    ["an error", { headers: { "accept-language": "odd" } }, 400, {}],
    ["a stored error", { headers: { "accept-language": "odd" } }, 404, cc("max-age=1")],
    [
      "a redirect",
      { headers: { "accept-language": "odd" } },
      302,
      cc("max-age=1", { location: "/" }),
    ],
    ["a private answer", { headers: { "accept-language": "odd" } }, 200, cc("private")],
    ["an answer to a session", { headers: { cookie: "session=1" } }, 200, {}],
    ["HEAD", { method: "HEAD" }, 200, {}],
  ])("cannot choose it after %s of this type", async (_, init, status, given) => {
    const type = { "content-type": "application/json" };
    const site = open(({ method, headers }) => {
      const isOdd = method === "HEAD" || headers.has("cookie") || headers.has("accept-language");
      if (isOdd) return page("odd", { ...type, ...given }, status);
      const isNamed = headers.get("accept")?.startsWith("application/json");
      return page("page", cc("max-age=60", isNamed ? type : { "content-type": "text/html" }));
    });
    await site.get("/a", { ...init, headers: { accept: browser, ...init.headers } });
    site.clock.advance(2);
    await textsOf(site, ["application/json"]);
    const { fields } = await site.get("/a", { headers: { accept: browser } });
    expect(fields.get("content-type")).toBe("text/html");
  });

  it("shares the response of an API that has this type alone, once an anonymous request has shown it", async () => {
    const site = open(json);
    const weak = "text/html, application/json;q=0.9";
    await textsOf(site, [weak, weak]);
    const asked = site.origin.count;
    await textsOf(site, [weak, browser, any]);
    expect(site.origin.count).toBe(asked);
  });
});

describe("an answer that a name may have chosen which no browser sends", () => {
  const page60 = (fields: Record<string, string>, status?: number) =>
    page("for the other client", cc("max-age=60", fields), status);
  const ofType = (type: string) => page60({ "content-type": type });
  const html = () => page("<h1>page", cc("max-age=60", { "content-type": "text/html" }));

  it.each([
    ["text/html, text/markdown;q=0.9", "text/markdown", () => ofType("text/plain")],
    ["text/html, application/vnd.api+json;q=0.9", "vnd.api+json", () => ofType("application/json")],
    ["text/html, application/json;q=0.9", "json", () => ofType("text/json")],
    ["application/vnd.api+json, text/html;q=0.9", "vnd.api+json", () => ofType("text/json")],
    ["application/json, text/plain, */*", "json", () => ofType("text/csv")],
    ["text/html, application/atom+xml;q=0.9", "atom+xml", () => ofType("application/atom+xml")],
    ["text/html, text/*;q=0.9", "text/*", () => ofType("text/markdown")],
    ["text/html, application/vnd.ms-excel;q=0", "ms-excel", () => ofType("application/zip")],
    ["*/*;q=0.5, text/javascript", "javascript", () => ofType("text/javascript")],
    ["text/html, image/png;q=0.9", "image/png", () => ofType("image/jpeg")],
    ["text/fragment+html", "fragment", () => ofType("text/html")],
    ["text/html;profile=teaser", "teaser", () => ofType("text/html")],
    ["text/html, text/markdown;q=0.8", "markdown", () => ofType("")],
    ["text/turtle, */*;q=0.1", "turtle", () => page60({ location: "/a.ttl" }, 303)],
    ["text/html, text/turtle;q=0.9", "turtle", () => page60({ location: "/a.ttl" }, 308)],
    ["application/json, text/html;q=0.9", "json", () => page60({}, 404)],
  ])("does not fill the page for browsers: %s", async (accept, name, answer) => {
    const site = open(({ headers }) => (headers.get("accept")?.includes(name) ? answer() : html()));
    const { text, fields } = await site.get("/a", { headers: { accept } });
    expect([text, fields.get("vary")]).toEqual(["for the other client", "Accept"]);
    for (const client of [browser, accept, any, browser]) {
      const seen = await site.get("/a", { headers: { accept: client } });
      const expected = [200, "<h1>page"];
      expect(client === accept ? expected : [seen.status, seen.text]).toEqual(expected);
    }
    expect((await site.get("/a", { headers: { accept: browser } })).cacheStatus).toContain("hit");
  });
});

it("JSON and JSON-LD at one URL reach the clients that name them", async () => {
  const dialects = ["application/ld+json", "application/json"];
  const site = open(({ headers }, nth) => {
    const type = dialects.find((one) => headers.get("accept")?.includes(one)) ?? "text/html";
    return page(`${type} ${nth}`, cc("max-age=60", { "content-type": type }));
  });
  const asked = ["application/json", "application/ld+json", browser, ...dialects];
  expect(await textsOf(site, asked)).toEqual([
    "application/json 1",
    "application/ld+json 2",
    "text/html 3",
    "application/ld+json 2",
    "application/json 1",
  ]);
});

describe("a client that neither ranks another type above HTML by name, nor is like a browser", () => {
  const byQuality: Script = ({ headers }, nth) => {
    const isOfBrowser =
      headers.get("accept")?.startsWith("text/html,application/xhtml+xml") === true;
    const type = isOfBrowser ? "text/html" : "text/markdown";
    return page(`${type} ${nth}`, cc("max-age=60", { "content-type": type }));
  };

  it.each([
    "text/*",
    "text/html;q=0.5, */*",
    "text/html, */*",
    "application/*, text/html;q=0.9",
    "*/*, text/html;q=0",
    "text/markdown;q=1.5, text/html",
  ])("chooses no type for browsers: %s", async (accept) => {
    const site = open(byQuality);
    expect(await textsOf(site, [accept])).toEqual(["text/markdown 1"]);
    await site.get("/a", { method: "HEAD", headers: { accept } });
    const [seen, again] = await textsOf(site, [browser, browser]);
    expect([seen?.slice(0, -2), again]).toEqual(["text/html", seen]);
    site.clock.advance(61);
    const texts = await textsOf(site, [accept, browser]);
    expect(texts[1]).toContain("text/html");
  });
});

describe("one response for all clients", () => {
  it("an API whose answers have one type: the first client fills once more at most", async () => {
    const site = open(json);
    expect(await textsOf(site, [any, axios, browser, axios, any])).toEqual(
      Array.from({ length: 5 }, () => '{"nth":1}'),
    );
    expect(await textsOf(site, [axios, any, axios, any, browser], "/b")).toEqual([
      '{"nth":2}',
      ...Array.from({ length: 4 }, () => '{"nth":3}'),
    ]);
    site.clock.advance(61);
    expect(await textsOf(site, [axios, any, axios], "/b")).toEqual(
      Array.from({ length: 3 }, () => '{"nth":4}'),
    );
  });

  it.each([
    ["/data.json", "application/json"],
    ["/feed.xml", "application/rss+xml"],
    ["/page.md", "text/markdown"],
    ["/a.ics", "text/calendar"],
    ["/list.csv", "text/csv"],
  ])("the extension implies the type: %s", async (path, type) => {
    const site = open((_, nth) => page(`${nth}`, cc("max-age=60", { "content-type": type })));
    expect(await textsOf(site, [type, browser, any], path)).toEqual(["1", "1", "1"]);
  });

  it.each([
    ["image/avif,image/webp,*/*;q=0.8", "image/webp"],
    ["text/css,*/*;q=0.1", "text/css"],
    ["font/woff2", "font/woff2"],
  ])("a part of a page: %s", async (accept, type) => {
    const site = open((_, nth) => page(`${nth}`, cc("max-age=60", { "content-type": type })));
    expect(await textsOf(site, [accept, any, browser], "/part")).toEqual(["1", "1", "1"]);
  });

  it("HTML, although a client prefers another type", async () => {
    const site = open((_, nth) =>
      page(`${nth}`, cc("max-age=60", { "content-type": "text/html" })),
    );
    expect(await textsOf(site, [agent, browser, axios])).toEqual(["1", "1", "1"]);
  });

  it("a route whose pages all have the type of anonymous.accept", async () => {
    const site = open(json, { anonymous: { accept: "application/json" } });
    expect(await textsOf(site, [axios, any])).toEqual(['{"nth":1}', '{"nth":1}']);
  });

  it("an API of several processes, whose clients name the type", async () => {
    const { clock, cache, origin } = openSite({ origin: json });
    const isolate = () => openSite({ clock, cache, origin: origin.script });
    const expired = async (site: Site, accept: string) => {
      await site.get("/a", { headers: { accept } });
      await site.settle();
      clock.advance(61);
    };
    await expired(isolate(), any);
    for (const accept of [axios, "text/html, application/json;q=0.9"]) {
      const site = isolate();
      await expired(site, accept);
      expect(site.origin.count).toBe(1);
    }
  });

  it("a route that does not forward Accept", async () => {
    const site = open(json, { forward: [] });
    expect(await textsOf(site, [axios, any])).toEqual(['{"nth":1}', '{"nth":1}']);
  });
});
