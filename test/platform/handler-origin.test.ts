// An origin that is a function in the isolate itself: whatever an origin at an address does, it does.
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { OriginHandler } from "../../src/platform/origins.ts";
import { openSite, read, type Site, type SiteOptions, until } from "../../testing/site/harness.ts";
import { cc, chunked, closedGate, page, unchanged } from "../../testing/fakes/origin-in-process.ts";

/** @param nth 1 for its first call */
type Script = (request: Request, nth: number) => Response | Promise<Response>;

interface Handled {
  readonly site: Site;
  readonly asked: Request[];
  script: Script;
}

/** A site whose default origin is a function, with no address of an origin anywhere. */
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
  it("fills the cache, and is not called for a hit", async () => {
    const { site, asked } = openHandled(numbered(cc("max-age=60")));
    const seen = [await site.get("/a?b=1"), await site.get("/a?b=1")];
    expect(seen.map(({ text, cacheStatus }) => [text, cacheStatus])).toEqual([
      ["page 1", "tidemark; fwd=uri-miss; fwd-status=200; stored"],
      ["page 1", "tidemark; hit; ttl=60; detail=memory"],
    ]);
    expect(asked.map(({ url, method }) => [url, method])).toEqual([
      ["https://www.example.com/a?b=1", "GET"],
    ]);
  });

  it("is called behind a stale answer, with the stored validators", async () => {
    const fields = { ...cc("max-age=60, stale-while-revalidate=30"), etag: '"1"' };
    const handled = openHandled(numbered(fields));
    const { site, asked } = handled;
    await site.get("/a");
    site.clock.advance(61);
    handled.script = () => unchanged(fields);
    expect((await site.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=-1; detail=memory");
    expect(asked.map(({ headers }) => headers.get("if-none-match"))).toEqual([null, '"1"']);
    expect((await site.get("/a")).cacheStatus).toBe("tidemark; hit; ttl=60; detail=memory");
  });

  it("gets a request of its own each time, and says by Via who asks", async () => {
    const { site, asked } = openHandled(numbered(cc("no-store")));
    await site.get("/a");
    await site.get("/a");
    expect(asked[0]).not.toBe(asked[1]);
    expect(asked[0]?.headers.get("via")).toMatch(/^1\.1 tidemark-/);
    expect(asked[0]?.redirect).toBe("manual");
  });

  it("gets the body of what is passed by", async () => {
    const { site } = openHandled(async (request) => page(`got ${await request.text()}`));
    expect((await site.get("/a", { method: "POST", body: "form" })).text).toBe("got form");
  });

  it("makes a redirect that the client follows, to the site's own address", async () => {
    const { site } = openHandled(() => Response.redirect("https://www.example.com/b", 301));
    const { status, fields } = await site.get("/a");
    expect([status, fields.get("location")]).toEqual([301, "https://www.example.com/b"]);
  });

  it("streams its body to the client while it makes it", async () => {
    const gate = closedGate();
    const body = new ReadableStream<Uint8Array>({
      async start(controller) {
        controller.enqueue(new TextEncoder().encode("first "));
        await gate.opened;
        controller.enqueue(new TextEncoder().encode("last"));
        controller.close();
      },
    });
    const { site } = openHandled(() => new Response(body, { headers: cc("max-age=60") }));
    const reader = (await site.ask("/a")).body?.getReader();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("first ");
    gate.open();
    expect(new TextDecoder().decode((await reader?.read())?.value)).toBe("last");
    await reader?.read();
    await site.settle();
    expect((await site.get("/a")).text).toBe("first last");
  });

  it("has what it cut short stored nowhere", async () => {
    const handled = openHandled(
      () => new Response(chunked(["half"], "breaks"), { headers: cc("max-age=60") }),
    );
    await expect(handled.site.get("/a")).rejects.toThrow("The connection was lost.");
    await handled.site.settle();
    handled.script = () => page("whole");
    expect((await handled.site.get("/a")).text).toBe("whole");
  });

  it("answers HEAD without the body that it made", async () => {
    const cancelled = vi.fn<() => void>();
    const body = new ReadableStream({ cancel: cancelled });
    const headers = { "content-length": "5", etag: '"1"' };
    const { site } = openHandled(() => new Response(body, { headers }));
    const { status, text, fields } = await site.get("/a", { method: "HEAD" });
    expect([status, text, fields.get("content-length")]).toEqual([200, "", "5"]);
    expect(cancelled).toHaveBeenCalledOnce();
  });

  it.each([
    { answer: () => page("et", { "content-range": "bytes 1-2/5" }, 206), status: 206 },
    { answer: () => page("whole", cc("max-age=60")), status: 200 },
  ])("may answer a range with a part or with the whole: $status", async ({ answer, status }) => {
    const { site, asked } = openHandled(answer);
    const seen = await site.get("/a", { headers: { range: "bytes=1-2" } });
    expect([seen.status, asked[0]?.headers.get("range")]).toEqual([status, "bytes=1-2"]);
  });

  it("leaves work behind its answer, and a failure there is told", async () => {
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

  it("is chosen by the route that names its origin, before what the configuration says", async () => {
    const config = {
      origins: { api: { url: "https://api.invalid" } },
      routes: [{ name: "api", match: "/api/*", origin: "api" }],
    };
    const site = openSite({ config, handlers: { api: () => page("api") } });
    expect([(await site.get("/api/a")).text, (await site.get("/a")).text]).toEqual(["api", "page"]);
  });

  it("is refused under a name that no route can have", () => {
    expect(() => openSite({ handlers: { nobody: () => page("page") } })).toThrow(
      'The handler of the origin "nobody" is invalid.',
    );
  });
});

describe("a handler that fails", () => {
  const nothing = () => undefined as unknown as Response;
  const throws = () => {
    throw new TypeError("token s3cret");
  };

  it.each([
    { id: "throws", script: throws, name: "TypeError" },
    { id: "rejects", script: () => Promise.reject(new RangeError("s3cret")), name: "RangeError" },
    { id: "answers nothing", script: nothing, name: "TypeError" },
  ])("is an origin that cannot be reached, and the log says where: $id", async (row) => {
    const { site } = openHandled(row.script);
    const { status, text } = await site.get("/a", { method: "POST" });
    expect([status, text]).toEqual([502, expect.stringMatching(/^502 Bad Gateway/)]);
    expect(site.log[0]).toMatch(
      new RegExp(`^The handler of an origin failed with ${row.name}: at `),
    );
    expect(`${text}${site.log.join("\n")}`).not.toContain("s3cret");
  });

  it("is called once more for what is safe", async () => {
    const { site } = openHandled((_, nth) => (nth === 1 ? throws() : page(`page ${nth}`)));
    expect((await site.get("/a")).text).toBe("page 2");
  });

  it("leaves the answer to what is stale, where that may be", async () => {
    const handled = openHandled(numbered(cc("max-age=60, stale-if-error=600")));
    await handled.site.get("/a");
    handled.site.clock.advance(61);
    handled.script = throws;
    expect((await handled.site.get("/a")).text).toBe("page 1");
  });

  it("is probed with nothing of any client, and left alone where that fails too", async () => {
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

  it("is a plain 504 after its time, and what comes too late is let go", async () => {
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
    await vi.waitFor(() => expect(cancelled).toHaveBeenCalledOnce());
  });
});
