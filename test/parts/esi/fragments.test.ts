// Tests what a fragment may be, and what fragments may cost: hosts, failures, limits, deadlines.
import { esi } from "../../../src/parts/esi/esi.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { afterEach, describe, expect, it, vi } from "vitest";
import { cc, page } from "../../../testing/fakes/origin-in-process.ts";
import { host, idle, until } from "../../../testing/site/harness.ts";
import { pass } from "../../../testing/site/two-colos.ts";
import { declared, esiOptions, include, openEsi, type Pages, pathsAsked } from "./esi-site.ts";

afterEach(() => vi.useRealTimers());

const fragment = { "/f": "f", "/g": "g" };

describe("the address of a fragment", () => {
  it.each([
    ["a path", "/f", "/f"],
    ["a relative path", "f", "/f"],
    ["a path without its dot segments", "/a/../f", "/f"],
    ["only a query", "?a=1", "/p?a=1"],
    ["a URL with another scheme, as Magento writes it", `http://${host}/f`, "/f"],
    ["a URL with the default port", `http://${host}:80/f`, "/f"],
    ["a URL without a scheme", `//${host}/f`, "/f"],
    ["another host", "https://other.example/f", undefined],
    ["a host that ends like the site's", `https://a${host}/f`, undefined],
    ["another port", `https://${host}:8443/f`, undefined],
    ["a name and password", `https://a:b@${host}/f`, undefined],
    ["another scheme", "data:text/html,f", undefined],
    ["no URL", "https://", undefined],
    ["a path below /_cache/", "/_cache/health", undefined],
    ["a spelling of such a path", "/x/%2e%2e/_cache/health", undefined],
  ])("is of the page's host and scheme: %s", async (_, src, path) => {
    const site = openEsi({ "/p": include(src), "/f": "f", "/p?a=1": "f" });
    const { status, text } = await site.get("/p");
    expect([status, path === undefined ? "" : text]).toEqual(
      path === undefined ? [502, ""] : [200, "f"],
    );
    expect(pathsAsked(site)).toEqual(path === undefined ? ["/p"] : ["/p", path]);
    expect(site.origin.asked.map(({ fields }) => fields.get("x-forwarded-proto"))).not.toContain(
      "http",
    );
  });

  const env = { SITE_HOST: `${host} shop.example.org` };

  it("may have another host of the site, which gets no cookie and no credential", async () => {
    const src = "http://shop.example.org/f";
    const site = openEsi({ "/p": include(src) + include("/g"), ...fragment }, { env });
    const headers = {
      cookie: "sid=1",
      authorization: "a",
      "x-api-key": "b",
      "accept-language": "de",
    };
    expect((await site.get("/p", { headers })).text).toBe("fg");
    const names = ["x-forwarded-host", ...Object.keys(headers)];
    const seen = site.origin.asked.map(({ path, fields }) =>
      [path].concat(names.map((name) => fields.get(name) ?? "none")),
    );
    expect(seen.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual([
      ["/f", "shop.example.org", "none", "none", "none", "de"],
      ["/g", host, "sid=1", "a", "b", "de"],
      ["/p", host, "sid=1", "a", "b", "de"],
    ]);
  });

  it("is that of the site for a client that names a host outside of it", async () => {
    const site = openEsi(
      { "/p": include(`https://${host}/f`) + include("g"), ...fragment },
      { env },
    );
    expect((await site.get("https://evil.example/p")).text).toBe("fg");
    expect(new Set(site.origin.asked.map(({ fields }) => fields.get("x-forwarded-host")))).toEqual(
      new Set([host]),
    );
  });
});

const breaking = () =>
  new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new TextEncoder().encode("first")),
    pull: (controller) => controller.error(new Error("broken")),
  });

const failures: Readonly<Record<string, () => Response | Promise<Response>>> = {
  "404": () => page("a", {}, 404),
  "500": () => page("a", {}, 500),
  "401": () => page("a", { "www-authenticate": "Basic" }, 401),
  "a part": () => page("a", { "content-range": "bytes 0-0/2" }, 206),
  "a redirect": () => page("a", { location: "/f" }, 302),
  "a coding": () => page("a", { "content-encoding": "br" }),
  "no answer": () => Promise.reject(new Error("no answer")),
};

describe("a fragment that fails", () => {
  const [bad, good] = ["/bad", "/f"];

  it.each(Object.keys(failures))("ends in 502, if the page does not allow it: %s", async (kind) => {
    const pages: Pages = { "/p": `a${include(bad)}b`, [bad]: failures[kind]!, ...fragment };
    const site = openEsi(pages);
    const seen = await site.get("/p");
    expect([seen.status, seen.fields.get("cache-control")]).toEqual([502, "no-store"]);
    expect(seen.fields.get("proxy-status")).toContain("destination_unavailable");
    expect(site.counted()["esi|pages|failed"]).toBe(1);
  });

  it("shows browsers the route's own error page", async () => {
    // It is no page of the origin, so its tags are text.
    const html = `<h1>Back soon</h1>${include("/f")}`;
    const config: ConfigInput = {
      routes: [{ name: "all", match: "*", use: [esi("html")], errorPage: { html } }],
    };
    const down = () => {
      throw new Error("unreachable");
    };
    const site = openEsi({ "/p": include(bad), "/p2": down, ...fragment }, { config });
    for (const path of ["/p", "/p2"]) {
      const browser = await site.get(path, { headers: { accept: "text/html" } });
      expect([path, browser.status, browser.text]).toEqual([path, 502, html]);
    }
    expect((await site.get("/p")).text).toMatch(/^502 Bad Gateway/);
  });

  it.each([
    ["left out", include(bad, 'onerror="continue"'), "[]", ["/p", bad]],
    ["replaced by alt", include(bad, `alt="${good}"`), "[f]", ["/p", bad, good]],
    [
      "left out if alt fails too",
      include(bad, 'alt="/bad2" onerror="continue"'),
      "[]",
      ["/p", bad, "/bad2"],
    ],
    ["not replaced if it works", include(good, 'alt="/g"'), "[f]", ["/p", good]],
  ])("is %s, if the page allows it", async (_, tag, text, asked) => {
    const site = openEsi({ "/p": `[${tag}]`, ...fragment });
    const seen = await site.get("/p");
    expect([seen.status, seen.text]).toEqual([200, text]);
    expect(pathsAsked(site)).toEqual(asked);
  });

  it("in a fragment is left out, and counted", async () => {
    const site = openEsi({
      "/p": include("/n"),
      "/n": `[${include(bad)}${include(good)}]`,
      ...fragment,
    });
    expect((await site.get("/p")).text).toBe("[f]");
    expect(site.counted()).toMatchObject({ "esi|pages|failed": 1, "esi|pages|included": 2 });
  });

  it("midway cuts the page off", async () => {
    const broken = () => new Response(breaking(), { headers: { "content-type": "text/html" } });
    const site = openEsi({ "/p": `${include("/b")}rest`, "/b": broken });
    const response = await site.ask("/p");
    await expect(response.text()).rejects.toThrow("broken");
    await site.settle();
    expect(site.counted()["esi|pages|cut"]).toBe(1);
  });

  it("is like a template that breaks off: 502", async () => {
    const headers = { "content-type": "text/html" };
    const site = openEsi({ "/p": () => new Response(breaking(), { headers }) });
    expect((await site.get("/p")).status).toBe(502);
  });
});

describe("the fragments of a page", () => {
  const cycle = `a${include("/n")}`;

  it("are at most three levels deep, so that a page that includes itself ends", async () => {
    const site = openEsi({ "/n": cycle });
    expect((await site.get("/n")).text).toBe("aaaa");
    expect(site.origin.count).toBe(1);
  });

  it.each([undefined, 12])(
    "are at most includesMax, with those of fragments: %s",
    async (includesMax) => {
      const many = Array.from({ length: 64 }, (_, nth) =>
        include(`/n${nth}`, 'onerror="continue"'),
      ).join("");
      const pages = Object.fromEntries(
        Array.from({ length: 64 }, (_, nth) => [
          `/n${nth}`,
          () => page(`.${many}`, cc("no-store")),
        ]),
      );
      const site = openEsi({ "/p": many, ...pages }, { includesMax });
      expect((await site.get("/p")).text).toHaveLength(includesMax ?? 64);
      expect(site.origin.count).toBe(1 + (includesMax ?? 64));
    },
  );

  it("count with their alternatives", async () => {
    const tag = include("/bad", 'alt="/f" onerror="continue"');
    const site = openEsi({ "/p": tag.repeat(3), ...fragment }, { includesMax: 4 });
    expect((await site.get("/p")).text).toBe("f");
  });

  it("beyond the limit fail without a request", async () => {
    const site = openEsi({ "/p": include("/f").repeat(20_000), ...fragment });
    expect((await site.get("/p")).status).toBe(502);
    expect(site.origin.count).toBeLessThan(3);
  });

  it("are requested four at a time", async () => {
    const open: (() => void)[] = [];
    const slow = () => new Promise<Response>((resolve) => open.push(() => resolve(page("f"))));
    const names = Array.from({ length: 6 }, (_, nth) => `/f${nth}`);
    const site = openEsi({
      "/p": names.map((name) => include(name)).join(""),
      ...Object.fromEntries(names.map((name) => [name, slow])),
    });
    const asked = site.get("/p");
    for (const count of [4, 5, 6]) {
      await until(() => open.length === count);
      expect(site.origin.count).toBe(1 + count);
      open[count - 4]!();
    }
    for (const one of open) one();
    expect((await asked).text).toBe("ffffff");
  });

  it("are awaited for originTimeout in all, and a fragment that never ends cuts the page off", async () => {
    const endless = () =>
      new Response(
        new ReadableStream({
          start: (controller) => controller.enqueue(new TextEncoder().encode("f")),
        }),
        { headers: { "content-type": "text/html" } },
      );
    const config = {
      ...esiOptions({}).config,
      originTimeout: { firstByte: "10s", betweenBytes: "1d" } as const,
    };
    const site = openEsi({ "/p": `${include("/e")}rest`, "/e": endless }, { config });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = site.ask("/p");
    await pass(site.clock, 2);
    const response = await asked;
    const text = response.text().catch(() => "cut");
    await pass(site.clock, 11);
    expect([response.status, await text]).toEqual([200, "cut"]);
  });

  it("are awaited for originTimeout in all, also if a fragment sends a byte now and then", async () => {
    const pull = async (controller: ReadableStreamDefaultController<Uint8Array>) => {
      await new Promise((resolve) => setTimeout(resolve, 4_000));
      controller.enqueue(new TextEncoder().encode("."));
    };
    const slow = () =>
      new Response(new ReadableStream({ pull }, { highWaterMark: 0 }), {
        headers: { "cache-control": "no-store" },
      });
    const config = { ...esiOptions({}).config, originTimeout: "10s" as const };
    const site = openEsi({ "/p": include("/e"), "/e": slow }, { config });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = site.ask("/p");
    await pass(site.clock, 1);
    const reader = (await asked).body!.getReader();
    const read: string[] = [];
    const reading = (async () => {
      for (;;) read.push(new TextDecoder().decode((await reader.read()).value));
    })().catch((cause: unknown) => cause);
    await pass(site.clock, 15);
    expect(read).toEqual([".", "."]);
    expect(await reading).toBeInstanceOf(Error);
  });

  it("that do not answer in time end in 502", async () => {
    const config = { ...esiOptions({}).config, originTimeout: "10s" as const };
    const site = openEsi(
      { "/p": include("/e"), "/e": () => new Promise<Response>(() => undefined) },
      { config },
    );
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const asked = site.ask("/p");
    await pass(site.clock, 12);
    expect((await asked).status).toBe(502);
  });

  it("are not processed if their own route has no esi", async () => {
    const site = openEsi({ "/p": include("/x"), "/x": `x${include("/f")}`, ...fragment });
    expect((await site.get("/p")).text).toBe(`x${include("/f")}`);
  });

  it("are processed by the mode of their own route", async () => {
    const site = openEsi({
      "/p": include("/d") + include("/d2"),
      "/d": declared(include("/f")),
      "/d2": include("/f"),
      ...fragment,
    });
    expect((await site.get("/p")).text).toBe(`f${include("/f")}`);
  });
});

describe("memory", () => {
  const config = { ...esiOptions({}).config, limits: { bufferBytes: 1_048_576 } };
  const large = (text: string) => text + "x".repeat(1_048_576);

  it.each([true, false])(
    "holds no template above bufferBytes: length stated %s",
    async (isStated) => {
      const text = large(include("/f"));
      const length = { "content-length": String(text.length) };
      const site = openEsi(
        { "/p": () => page(text, isStated ? length : {}), ...fragment },
        { config },
      );
      const seen = await site.get("/p");
      expect(seen.text).toBe(text);
      expect(site.counted()["esi|pages|unprocessed"]).toBe(1);
    },
  );

  it.each(["authorization", "accept"])(
    "ends a large body whose client has left: %s",
    async (name) => {
      let isCancelled = false;
      const endless = () =>
        new ReadableStream<Uint8Array>({
          pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
          cancel: () => void (isCancelled = true),
        });
      const headers = { "content-type": "text/html", "cache-control": "no-store" };
      const site = openEsi({ "/p": () => new Response(endless(), { headers }) }, { config });
      const response = await site.ask("/p", { headers: { [name]: "a" } });
      await response.body?.cancel();
      await until(() => isCancelled);
      expect(isCancelled).toBe(true);
    },
  );

  it.each([
    ["a body above bufferBytes", large("a")],
    ["a template with a large fragment", include("/large")],
    ["a large template", `${include("/f")}${"x".repeat(1_000_000)}`],
  ])("is given back by clients that read nothing for 30 s: %s", async (_, body) => {
    const pages = { "/p": body, "/large": () => page(large("b")), "/p2": "x".repeat(900_000) };
    const small = { ...config, limits: { bufferBytes: 1_048_576, memoryBytes: 16_777_216 } };
    const site = openEsi({ ...pages, ...fragment }, { config: small });
    const stalled = [];
    for (let nth = 0; nth < 12; nth += 1) stalled.push(await site.ask("/p"));
    await idle();
    expect((await site.ask("/p2")).status).toBe(502);
    site.clock.advance(30);
    const answer = await site.ask("/p2");
    expect((await answer.text()).length).toBe(900_000);
    expect(site.counted()["disconnectedClients"]).toBeGreaterThan(0);
    await expect(stalled[0]!.text()).rejects.toThrow("stopped reading");
  });

  it("is needed for one fragment with tags at a time", async () => {
    const small = { ...config, limits: { memoryBytes: 16_777_216 } };
    const text = "x".repeat(900_000);
    const site = openEsi({ "/p": include("/p2").repeat(10), "/p2": text }, { config: small });
    await site.get("/p2");
    expect((await site.get("/p")).text).toBe(text.repeat(10));
  });

  it("holds nothing of a page whose client has left, or that has failed", async () => {
    const small = { ...config, limits: { memoryBytes: 4_194_304 } };
    const text = "x".repeat(500_000);
    const pages = { "/p": include("/f") + text, "/p2": include("/bad") + text, ...fragment };
    const site = openEsi(pages, { config: small });
    for (let client = 0; client < 6; client += 1) {
      const response = await site.ask("/p");
      await response.body?.cancel();
      await site.settle();
      expect([client, (await site.get("/p2")).status]).toEqual([client, 502]);
    }
    expect((await site.get("/p")).text).toBe(`f${text}`);
  });

  it("holds nothing of pages whose clients left before the head, once their time is over", async () => {
    const small = { ...config, limits: { memoryBytes: 4_194_304 } };
    const text = "x".repeat(500_000);
    // The runtime ends such a request without a word, so the page never ends.
    const pages = {
      "/p": include("/never") + text,
      "/p2": text,
      "/never": () => new Promise<Response>(() => undefined),
    };
    const site = openEsi(pages, { config: small });
    for (let client = 0; client < 6; client += 1) void site.ask("/p");
    await until(() => pathsAsked(site).includes("/never"));
    await idle();
    expect((await site.ask("/p2")).status).toBe(502);
    site.clock.advance(44);
    expect((await site.ask("/p2")).status).toBe(502);
    site.clock.advance(1);
    expect((await site.ask("/p2")).status).toBe(200);
  }, 10_000);
});
