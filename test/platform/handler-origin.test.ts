// Tests an origin that is a function in the isolate: the rules that differ from an origin with a
// URL.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OriginHandler } from "../../src/platform/origins.ts";
import { openSite, read, type Site, type SiteOptions, until } from "../../testing/site/harness.ts";
import { cc, closedGate, page, unchanged } from "../../testing/fakes/origin-in-process.ts";

/** @param nth 1 for the first call */
type Script = (request: Request, nth: number) => Response | Promise<Response>;

interface Handled {
  readonly site: Site;
  readonly asked: Request[];
  script: Script;
}

/**
 * Opens a site whose default origin is a function. No variable or option has an origin's address.
 */
function openHandled(script: Script, options: SiteOptions = {}): Handled {
  const asked: Request[] = [];
  const handle: OriginHandler = (request) => {
    asked.push(request);
    return handled.script(request, asked.length);
  };
  const env = { ORIGIN_URL: undefined, ...options.env };
  const handlers = { default: handle, ...options.handlers };
  const handled: Handled = { site: openSite({ ...options, env, handlers }), asked, script };
  return handled;
}

const numbered = (fields: Record<string, string>) => (_: Request, nth: number) =>
  page(`page ${nth}`, fields);

describe("a handler", () => {
  it("is called with a new request for each miss, and not for a hit", async () => {
    const { site, asked } = openHandled(numbered(cc("max-age=60")));
    for (const path of ["/a?b=1", "/a?b=1", "/c"]) await site.get(path);
    expect(asked.map(({ url, method, redirect }) => [url, method, redirect])).toEqual([
      ["https://www.example.com/a?b=1", "GET", "manual"],
      ["https://www.example.com/c", "GET", "manual"],
    ]);
    expect(asked[0]?.headers.get("via")).toMatch(/^1\.1 tidemark-/);
  });

  it("is called with the validators of a refresh after a stale answer", async () => {
    const fields = cc("max-age=60, stale-while-revalidate=30", { etag: '"1"' });
    const handled = openHandled(numbered(fields));
    for (const path of ["/a", "/a"]) {
      await handled.site.get(path);
      handled.site.clock.advance(61);
    }
    expect(handled.asked.at(-1)?.headers.get("if-none-match")).toBe(null);
    handled.script = () => unchanged(fields);
    await handled.site.get("/a");
    expect(handled.asked.at(-1)?.headers.get("if-none-match")).toBe('"1"');
    const { cacheStatus } = await handled.site.get("/a");
    expect(cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });

  it("answers HEAD without its body", async () => {
    const cancelled = vi.fn<() => void>();
    const body = new ReadableStream({ cancel: cancelled });
    const headers = { "content-length": "5", etag: '"1"' };
    const { site } = openHandled(() => new Response(body, { headers }));
    const { status, text, fields } = await site.get("/a", { method: "HEAD" });
    expect([status, text, fields.get("content-length")]).toEqual([200, "", "5"]);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it("runs background work after its answer, and logs a failure of that work", async () => {
    const gate = closedGate();
    const done = vi.fn<(_: void) => void>();
    const handle: OriginHandler = (_, background) => {
      background.waitUntil((async () => done(await gate.opened))());
      background.waitUntil(Promise.reject(new RangeError("s3cret")));
      return page("page");
    };
    const { site } = openHandled(numbered({}), { handlers: { default: handle } });
    expect((await read(await site.ask("/a"))).text).toBe("page");
    expect(done).not.toHaveBeenCalled();
    gate.open();
    await site.settle();
    expect(done).toHaveBeenCalledOnce();
    expect(site.log).toEqual([
      expect.stringMatching(/^Background work failed with RangeError: at /),
    ]);
  });

  it("takes precedence over an origin of the same name in the configuration", async () => {
    const config = {
      origins: { api: { url: "https://api.invalid" } },
      routes: [{ name: "api", match: "/api/*", origin: "api" }],
    };
    const site = openSite({ config, handlers: { api: () => page("api") } });
    expect([(await site.get("/api/a")).text, (await site.get("/a")).text]).toEqual(["api", "page"]);
  });

  it("is refused under a name that no origin has", () => {
    expect(() => openSite({ handlers: { nobody: () => page("page") } })).toThrow(
      'The handler of the origin "nobody" is invalid.',
    );
  });
});

describe("a handler that fails", () => {
  const throws = () => {
    throw new TypeError("token s3cret");
  };

  it.each([
    { id: "throws", script: throws, name: "TypeError" },
    { id: "rejects", script: () => Promise.reject(new RangeError("s3cret")), name: "RangeError" },
  ])("gives 502 and a log line without the message of the error: $id", async (row) => {
    const { site } = openHandled(row.script);
    const { status, text } = await site.get("/a", { method: "POST" });
    expect([status, text]).toEqual([502, expect.stringMatching(/^502 Bad Gateway/)]);
    expect(site.log[0]).toMatch(
      new RegExp(`^The handler of an origin failed with ${row.name}: at `),
    );
    expect(`${text}${site.log.join("\n")}`).not.toContain("s3cret");
  });

  it("is called again for a safe method", async () => {
    const { site } = openHandled((_, nth) => (nth === 1 ? throws() : page(`page ${nth}`)));
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("is probed without any field of a client, and its breaker opens once probes fail", async () => {
    const handled = openHandled(() => page("fine", cc("no-store")));
    const { site, asked } = handled;
    const headers = { "x-client": "a" };
    await site.get("/fine", { headers });
    site.clock.advance(6);
    handled.script = throws;
    for (let nth = 0; nth < 6; nth += 1) await site.get(`/${nth}`, { headers });
    const probes = asked.filter((request) => !request.headers.has("x-client"));
    const paths = new Set(probes.map(({ url }) => new URL(url).pathname));
    expect(paths).toEqual(new Set(["/fine", "/"]));
    const calledCount = asked.length;
    expect((await site.get("/other")).status).toBe(503);
    expect(asked).toHaveLength(calledCount);
  });
});

describe("a handler that never answers", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  it("gives 504 after originTimeout, and cancels a body that comes later", async () => {
    const gate = closedGate();
    const cancelled = vi.fn<() => void>();
    const { site, asked } = openHandled(
      async () => {
        await gate.opened;
        return new Response(new ReadableStream({ cancel: cancelled }));
      },
      { config: { originTimeout: "1s" } },
    );
    const asking = site.ask("/a");
    await until(() => asked.length === 1);
    await vi.advanceTimersByTimeAsync(999);
    expect(await Promise.race([asking, Promise.resolve("waiting")])).toBe("waiting");
    await vi.advanceTimersByTimeAsync(1);
    expect((await asking).status).toBe(504);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(site.log.filter((line) => line.startsWith("The handler"))).toEqual([]);
    gate.open();
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce(), 60_000);
  });
});
