// Tests pages with ESI tags: what clients and the origin receive, and what is stored.
// Needs parts: fallback.
import { fallback } from "../../../src/parts/fallback/fallback.ts";
import { esi } from "../../../src/parts/esi/esi.ts";
import { describe, expect, it } from "vitest";
import { cc, closedGate, page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import type { Explanation } from "../../../src/protocol/explain-answer.ts";
import { host, idle, openSite } from "../../../testing/site/harness.ts";
import { bearer, openJournalled, send } from "../../../testing/site/purge-sender.ts";
import { callWarm, openWarmSite } from "../../../testing/site/warm-site.ts";
import { declared, esiOptions, include, openEsi, type Pages, pathsAsked } from "./esi-site.ts";

describe("a page with ESI tags", () => {
  it("has its fragments in their places, and stores its template and each fragment", async () => {
    const site = openEsi({
      "/p": `<p>${include("/f1")}é${include("f2?a=1&amp;b=2")}</p>`,
      "/f1": "one",
      "/f2?a=1&b=2": "two",
    });
    for (const asked of [3, 3]) {
      const { status, text } = await site.get("/p");
      expect([status, text, site.origin.count]).toEqual([200, "<p>oneétwo</p>", asked]);
    }
    expect(site.counted()["esi|pages|included"]).toBe(4);
  });

  it("expires by its own lifetime, as does each fragment", async () => {
    const site = openEsi({
      "/p": () => page(include("/f1") + include("/f2"), cc("max-age=600")),
      "/f1": () => page("a", cc("max-age=60")),
      "/f2": () => page("b", cc("max-age=600")),
    });
    await site.get("/p");
    site.clock.advance(61);
    await site.get("/p");
    expect(pathsAsked(site)).toEqual(["/p", "/f1", "/f2", "/f1"]);
  });

  it("is for its client alone, and has no validators, length or ranges", async () => {
    const fields = {
      ...cc("public, max-age=60, s-maxage=600", { etag: '"1"', "cdn-cache-control": "max-age=9" }),
      "last-modified": "Mon, 31 Dec 2029 12:00:00 GMT",
      "accept-ranges": "bytes",
      "content-language": "en",
    };
    const site = openEsi({
      "/p": () => page(include("/f"), fields),
      "/f": () => page("f", { ...cc("max-age=60"), "set-cookie": "a=1" }),
    });
    for (const method of ["GET", "HEAD", "GET"]) {
      const seen = await site.get("/p", { method });
      const { "cache-status": _, date: _date, ...others } = Object.fromEntries(seen.fields);
      expect([seen.status, others]).toEqual([
        200,
        {
          "cache-control": "private, no-cache",
          "content-language": "en",
          "content-type": "text/html",
        },
      ]);
      expect(seen.text).toBe(method === "GET" ? "f" : "");
    }
    expect(
      seen304(await site.get("/p", { headers: { "if-none-match": '"1"', range: "bytes=0-0" } })),
    ).toEqual([200, "f"]);
    expect(
      site.origin.asked.map(({ fields: sent }) => [
        sent.get("range"),
        sent.get("if-none-match"),
        sent.get("accept-encoding"),
      ]),
    ).toEqual(site.origin.asked.map(() => [null, null, "identity"]));
  });

  const seen304 = ({ status, text }: { readonly status: number; readonly text: string }) => [
    status,
    text,
  ];

  it.each<[id: string, pages: Pages]>([
    ["forbids storing", { "/f": () => page("f", cc("no-store")) }],
    ["may have another, late fragment", { "/f": () => page(include("/p2")), "/p2": "late" }],
  ])("may not be kept if a fragment %s", async (_id, pages) => {
    const routes = [{ name: "all", match: "*", use: [esi("html")] }];
    const html = { "/p": () => page(include("/f")), ...pages };
    const site = openEsi(html, { config: { routes } });
    expect((await site.get("/p")).fields.get("cache-control")).toBe("private, no-store");
  });

  it("may not be kept if its template may not", async () => {
    const site = openEsi({ "/p": () => page(include("/f"), cc("no-store")), "/f": "f" });
    expect((await site.get("/p")).fields.get("cache-control")).toBe("private, no-store");
  });

  it.each([{}, { "if-none-match": '"1"' }])(
    "without tags has the same fields for HEAD and GET (%j)",
    async (headers) => {
      const answer = () => page("<p>a</p>", cc("max-age=60", { etag: '"1"' }));
      const site = openEsi({ "/p": answer, "/n": answer });
      const [head, get] = [
        await site.get("/p", { method: "HEAD", headers }),
        await site.get("/n", { headers }),
      ];
      expect([head.status, head.text]).toEqual([get.status, ""]);
      expect([...head.fields]).toEqual([...get.fields]);
      expect(head.fields.get("etag")).toBe('"1"');
    },
  );

  it.each([
    ["/p", "HEAD", {}, 0],
    ["/p", "GET", {}, 8],
    ["/p", "GET", { "if-none-match": '"1"' }, 0],
    ["/n", "HEAD", {}, 0],
    ["/n", "GET", {}, `<p>${include("/n2")}</p>`.length + 4],
    ["/photo", "HEAD", {}, 0],
    ["/photo", "GET", {}, 8],
    ["/photo", "GET", { range: "bytes=2-4" }, 3],
    ["/photo", "GET", { range: "bytes=9-" }, 0],
    ["/photo", "GET", { "if-none-match": '"1"' }, 0],
  ])("counts the bytes that it sends: %s %s %j", async (path, method, headers, bytes) => {
    const fields = cc("max-age=60", { etag: '"1"' });
    const image = { "content-type": "image/gif", "content-length": "8" };
    const site = openEsi(
      {
        "/p": () => page("<p>a</p>", fields),
        "/n": () => page(`<p>${include("/n2")}</p>`, fields),
        "/n2": "four",
        "/photo": () => new Response("GIF89a..", { headers: { ...fields, ...image } }),
      },
      { config: { routes: [{ name: "pages", match: "*", use: [esi("html")] }] } },
    );
    await site.get(path, { method, headers });
    await idle();
    const counts = Object.entries(site.counted());
    const sent = counts.filter(([series]) => series.startsWith("responseBytes|"));
    expect(sent.reduce((sum, [, count]) => sum + count, 0)).toBe(bytes);
  });

  it.each([
    ["html", "a page without tags", "<p>a</p>", { status: 304, text: "" }],
    ["html", "an HTML page", include("/f"), { status: 200, text: "f" }],
  ])("keeps its validators only without tags: %s, %s", async (_mode, _id, text, expected) => {
    const site = openEsi({ "/p": () => page(text, cc("max-age=60", { etag: '"1"' })), "/f": "f" });
    await site.get("/p");
    const seen = await site.get("/p", { headers: { "if-none-match": '"1"' } });
    expect([seen.status, seen.text]).toEqual([expected.status, expected.text]);
    expect(seen.fields.get("etag")).toBe(expected.status === 304 ? '"1"' : null);
  });

  it("is answered with its status", async () => {
    const site = openEsi({ "/p": () => page(`no page${include("/f")}`, {}, 404), "/f": "f" });
    const { status, text } = await site.get("/p");
    expect([status, text]).toEqual([404, "no pagef"]);
  });

  it("sends the client's cookies and credentials to its fragments", async () => {
    const mine = ({ headers }: Request) => page(`of ${headers.get("cookie")}`, cc("private"));
    const site = openEsi({ "/p": include("/f"), "/f": mine });
    const texts = [];
    for (const cookie of ["sid=1", "sid=2"])
      texts.push((await site.get("/p", { headers: { cookie } })).text);
    expect(texts).toEqual(["of sid=1", "of sid=2"]);
  });

  it("is processed if the client has a credential", async () => {
    const site = openEsi({
      "/p": include("/f"),
      "/f": ({ headers }) => page(`${headers.get("authorization")}`),
    });
    const headers = { authorization: "Basic YTpi", "accept-encoding": "gzip" };
    expect((await site.get("/p", { headers })).text).toBe("Basic YTpi");
    expect(site.origin.asked[0]?.fields.get("accept-encoding")).toBe("identity");
  });

  it.each([
    ["its template", { urls: ["https://www.example.com/p"] }, ["/p"]],
    ["a fragment", { tags: ["menu"] }, ["/f"]],
  ])("is new once a purge of a part is accepted: %s", async (_, order, asked) => {
    const pages = {
      "/p": include("/f"),
      "/f": () => page("f", cc("max-age=60", { "cache-tag": "menu" })),
    };
    const { site } = openJournalled(esiOptions(pages));
    await site.get("/p");
    site.origin.asked.length = 0;
    await send(site, order);
    await site.get("/p");
    expect(pathsAsked(site)).toEqual(asked);
  });

  describe("during whose wait for a fragment a purge of a part is accepted", () => {
    const openSlow = async () => {
      const origin = { version: 1, gate: closedGate() };
      const versioned = (text: string) => page(text, cc("max-age=600", { "cache-tag": "menu" }));
      const pages = {
        "/p": () => versioned(`p${origin.version}${include("/f")}${include("/s")}`),
        "/f": () => versioned(`f${origin.version}`),
        "/s": async () => {
          await origin.gate.opened;
          return page("s", cc("no-store"));
        },
      };
      const { site } = openJournalled(esiOptions(pages));
      origin.gate.open();
      await site.get("/p");
      origin.gate = closedGate();
      return { site, origin };
    };

    it.each<[id: string, order: object, text: string]>([
      ["its template", { urls: [`https://${host}/p`] }, "p2f1s"],
      ["a fragment", { urls: [`https://${host}/f`] }, "p1f2s"],
      ["both, softly", { tags: ["menu"], mode: "soft" }, "p2f2s"],
      ["neither", { urls: [`https://${host}/x`] }, "p1f1s"],
    ])("has no older part: %s", async (_, order, text) => {
      const { site, origin } = await openSlow();
      const asking = site.get("/p");
      await idle();
      origin.version = 2;
      await send(site, order);
      origin.gate.open();
      expect((await asking).text).toBe(text);
    });

    it("ends in 502 if that happens again", async () => {
      const { site, origin } = await openSlow();
      const asking = site.get("/p");
      for (const path of ["/p", "/f"]) {
        await idle();
        await send(site, { urls: [`https://${host}${path}`] });
        const { gate } = origin;
        origin.gate = closedGate();
        gate.open();
      }
      expect((await asking).status).toBe(502);
    });
  });
});

it("warming stores the template that clients use", async () => {
  const { near: site } = openWarmSite(esiOptions({ "/d": declared(include("/f")), "/f": "f" }));
  await callWarm(site, { pages: [{ url: "/d" }] });
  await site.settle();
  expect(pathsAsked(site)).toEqual(["/d"]);
  const { fields } = site.origin.last;
  expect([fields.get("accept-encoding"), fields.get("surrogate-capability")]).toEqual([
    "identity",
    'tidemark="Surrogate/1.0 ESI/1.0"',
  ]);
  expect((await site.get("/d")).text).toBe("f");
  expect(pathsAsked(site)).toEqual(["/d", "/f"]);
});

describe("which pages are processed", () => {
  const tag = include("/f");
  const html = { "content-type": "text/html; charset=utf-8" };

  it.each<[string, string, Record<string, string>, boolean]>([
    ["HTML on an html route", "/p", html, true],
    ["HTML in capitals", "/p", { "content-type": "TEXT/HTML" }, true],
    ["another type on an html route", "/p", { "content-type": "text/plain" }, false],
    ["a type that only begins like HTML", "/p", { "content-type": "text/html-x" }, false],
    ["a body with a coding", "/p", { ...html, "content-encoding": "br" }, false],
    [
      "a declared page on a declared route",
      "/d",
      { "surrogate-control": 'content="ESI/1.0"' },
      true,
    ],
    [
      "a declaration among others",
      "/d",
      { "surrogate-control": 'max-age=60, content="ESI/1.0 ESI-Inline/1.0"' },
      true,
    ],
    [
      "a declaration for this cache",
      "/d",
      { "surrogate-control": 'content="ESI/1.0";tidemark' },
      true,
    ],
    [
      "a declaration for another cache",
      "/d",
      { "surrogate-control": 'content="ESI/1.0";varnish' },
      false,
    ],
    ["another content", "/d", { "surrogate-control": 'content="ESI/1.01"' }, false],
    ["HTML on a declared route", "/d", html, false],
    [
      "a declared page on a route without esi",
      "/x",
      { ...html, "surrogate-control": 'content="ESI/1.0"' },
      false,
    ],
  ])("%s", async (_, path, fields, isProcessed) => {
    const answer = () => page(tag, { ...cc("max-age=60"), ...fields });
    const site = openEsi({ [path]: answer, "/f": "f" });
    for (const turn of [1, 2]) {
      const seen = await site.get(path);
      expect([turn, seen.text]).toEqual([turn, isProcessed ? "f" : tag]);
      expect(seen.fields.get("surrogate-control")).toBeNull();
    }
    expect(site.origin.count).toBe(isProcessed ? 2 : 1);
  });

  it("no part that the origin sends of its own accord", async () => {
    const fields = { ...html, "content-range": "bytes 0-9/99" };
    const site = openEsi({ "/p": () => page(tag, fields, 206), "/f": "f" });
    expect((await site.get("/p")).text).toBe(tag);
  });

  it.each(["/p", "/d"])("no video, which has its conditions, ranges and HEAD: %s", async (path) => {
    const fields = { "content-type": "video/mp4", "content-length": "10", etag: '"e"' };
    const site = openEsi({ [path]: () => page("0123456789", cc("max-age=60", fields)) });
    const seen = async (method: string, headers: Record<string, string>) => {
      const { status, text } = await site.get(path, { method, headers });
      return [status, text];
    };
    expect(await seen("HEAD", {})).toEqual([200, ""]);
    expect(await seen("GET", { range: "bytes=2-3" })).toEqual([206, "23"]);
    expect(await seen("GET", { range: "bytes=2-3", "if-range": '"x"' })).toEqual([
      200,
      "0123456789",
    ]);
    expect(await seen("GET", { range: "bytes=20-" })).toEqual([416, ""]);
    expect(await seen("GET", { "if-none-match": '"e"' })).toEqual([304, ""]);
    expect(await seen("HEAD", { "if-none-match": '"e"' })).toEqual([304, ""]);
    expect(site.origin.count).toBe(1);
  });

  it.each([
    ["if-match", "etag", ['"1"', '"2"']],
    [
      "if-unmodified-since",
      "last-modified",
      [1, 2].map((day) => new Date(Date.UTC(2020, 0, day)).toUTCString()),
    ],
  ])(
    "no video, of which a client with %s never gets a part of another version",
    async (name, field, [old = "", changed = ""]) => {
      let version = old;
      const site = openEsi({
        "/p": ({ headers }) => {
          if ((headers.get(name) ?? version) !== version) return page("", {}, 412);
          const fields = { "content-type": "video/mp4", "content-length": "10", [field]: version };
          return page((version === old ? "a" : "b").repeat(10), cc("max-age=60", fields));
        },
      });
      const asked = async (headers: Record<string, string>) => {
        const { status, text } = await site.get("/p", {
          headers: { range: "bytes=5-9", ...headers },
        });
        return [status, text];
      };
      expect(await asked({})).toEqual([206, "aaaaa"]);
      version = changed;
      site.clock.advance(61);
      expect(await asked({})).toEqual([206, "bbbbb"]);
      expect(await asked({ [name]: old })).toEqual([412, ""]);
    },
  );

  it("no video whose stored length is known, although its origin states none", async () => {
    const bytes = new TextEncoder().encode("0123456789");
    const stream = () => new Blob([bytes]).stream();
    const headers = { ...cc("max-age=60", { etag: '"1"' }), "content-type": "video/mp4" };
    const site = openEsi({ "/p": () => new Response(stream(), { headers }) });
    await site.get("/p");
    await idle();
    const range = await site.get("/p", { headers: { range: "bytes=2-4" } });
    const head = await site.get("/p", { method: "HEAD" });
    expect([range.status, range.text, site.origin.count]).toEqual([206, "234", 1]);
    expect(head.fields.get("content-length")).toBe("10");
  });

  it("none that another method asks for, because its conditions protect the origin", async () => {
    const site = openEsi({ "/p": () => page(tag) });
    const headers = { "if-match": '"1"' };
    expect((await site.get("/p", { method: "PUT", body: "a", headers })).text).toBe(tag);
    expect(site.origin.last.fields.get("if-match")).toBe('"1"');
  });

  it.each(["/d", "/p"])("with the fields that explain plans: %s", async (path) => {
    const { site } = openJournalled(
      esiOptions({ "/p": include("/f"), "/d": declared(tag), "/f": "f" }),
    );
    const conditions = { "if-match": '"1"', range: "bytes=0-0", "accept-encoding": "br" };
    expect((await site.get(path, { headers: conditions })).text).toBe("f");
    const names = Object.entries(conditions).map(
      ([name, value]) => `&header=${name}:%20${encodeURIComponent(value)}`,
    );
    const explained = await site.get(`/_cache/explain?url=${path}${names.join("")}`, {
      headers: bearer,
    });
    expect(JSON.parse(explained.text)).toMatchObject({
      next: "answer",
      verdict: { kind: "serve" },
    });
  });

  it("with fragments that explain names", async () => {
    const [other, long] = ["https://other.example/f", include("/g", 'alt="/h?a=1"')];
    const { site } = openJournalled(
      esiOptions({ "/p": include("f") + include(other) + long, "/n": "no tags", "/f": "f" }),
    );
    const explainedAt = async (path: string) => {
      const { text } = await site.get(`/_cache/explain?url=${path}`, { headers: bearer });
      return (JSON.parse(text) as Explanation).look?.fragments;
    };
    expect([await explainedAt("/p"), await explainedAt("/x")]).toEqual(["unknown", undefined]);
    for (const path of ["/p", "/n"]) await site.get(path);
    const own = `https://${host}`;
    const urls = [`${own}/f`, other, `${own}/g`, `${own}/h?a=1`];
    expect([await explainedAt("/p"), await explainedAt("/n")]).toEqual([urls, []]);
  });

  it.each<[id: string, headers: Record<string, string>, fields: Record<string, string>]>([
    ["a session", { cookie: "session=1" }, {}],
    ["a credential", { authorization: "Bearer x" }, {}],
    ["a cookie of the answer", {}, { "set-cookie": "a=1" }],
    ["a cookie of a public answer", {}, { ...cc("public, max-age=60"), "set-cookie": "a=1" }],
  ])("also those for one client: %s", async (_, headers, fields) => {
    for (const cacheInFront of [false, true]) {
      const config = {
        routes: [{ name: "d", match: "/d*", use: [esi("declared")] }],
        cacheInFront,
      };
      const site = openEsi({ "/d": declared(tag, fields), "/f": "f" }, { config });
      const seen = await site.get("/d", { headers });
      expect([seen.text, seen.fields.get("surrogate-control")]).toEqual(["f", null]);
      expect(seen.fields.get("cache-control")).toBe("private, no-cache");
    }
  });

  it("also those of a fallback origin", async () => {
    const origins = { mirror: { url: "https://mirror.invalid" } };
    const use = [esi("declared"), fallback("mirror")];
    const options = esiOptions({ "/d": declared(tag), "/f": "f" });
    const site = openSite({
      ...options,
      config: { origins, routes: [{ name: "d", match: "/*", use }] },
      origin: (request, nth) =>
        request.url.startsWith("https://mirror.invalid/")
          ? (options.origin?.(request, nth) ?? unreachable())
          : unreachable(),
    });
    for (const turn of [1, 2]) expect([turn, (await site.get("/d")).text]).toEqual([turn, "f"]);
  });

  it("lose Surrogate-Control, whatever the method", async () => {
    const site = openEsi({ "/d": declared(tag) });
    const seen = await site.get("/d", { method: "POST" });
    expect([seen.text, seen.fields.get("surrogate-control")]).toEqual([tag, null]);
  });

  it.each([
    ["GET", "/d", 'tidemark="Surrogate/1.0 ESI/1.0"'],
    ["POST", "/d", 'tidemark="Surrogate/1.0"'],
    ["GET", "/p", 'tidemark="Surrogate/1.0"'],
    ["GET", "/x", 'tidemark="Surrogate/1.0"'],
  ])("are announced only on declared routes: %s %s", async (method, path, capability) => {
    const site = openEsi({});
    for (const headers of [{}, { authorization: "a" }]) {
      await site.get(path, {
        method,
        headers: { ...headers, "surrogate-capability": 'me="ESI/1.0"' },
      });
      expect(site.origin.last.fields.get("surrogate-capability")).toBe(capability);
    }
  });

  it("keep Surrogate-Control for a cache in front, unless they are processed", async () => {
    const config = {
      routes: [{ name: "d", match: "/d*", use: [esi("declared")] }],
      cacheInFront: true,
    };
    const other = 'content="ESI/1.0";other';
    const site = openEsi(
      { "/d1": declared(tag), "/d2": declared(tag, { "surrogate-control": other }), "/f": "f" },
      { config },
    );
    const [first, second] = [await site.get("/d1"), await site.get("/d2")];
    expect(first.fields.get("surrogate-control")).toBeNull();
    expect([second.fields.get("surrogate-control"), second.text]).toEqual([other, tag]);
  });
});
