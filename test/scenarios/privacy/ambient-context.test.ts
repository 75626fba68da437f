// Tests handlers that read the user from an AsyncLocalStorage around the cache. Work whose answer
// others may get runs in no client's context, and a bypassed request in its own.
// Needs parts: slices.
import { AsyncLocalStorage } from "node:async_hooks";
import { describe, expect, it } from "vitest";
import type { ConfigInput } from "../../../src/config/schema.ts";
import { openWarmSite, warmed } from "../../../testing/site/warm-site.ts";
import {
  type AskInit,
  openSite,
  type Site,
  type SiteOptions,
} from "../../../testing/site/harness.ts";
import { cc } from "../../../testing/fakes/origin-in-process.ts";
import {
  answered,
  openSliced,
  sliceBytes,
  slicedOrigin,
} from "../../parts/slices/sliced-origin.ts";
import { pass, playTimers } from "../../../testing/site/two-colos.ts";
import { pause } from "../../../src/base/timeouts.ts";
import type { OriginHandler } from "../../../src/platform/origins.ts";

const users = new AsyncLocalStorage<string>();
const userNow = () => users.getStore() ?? "nobody";
const withCookie: AskInit = { headers: { cookie: "session=1" } };

type Fields = (user: string) => Readonly<Record<string, string>>;

/** Opens a site in the context of Ada, as its first request would. */
function opened(cacheControl: string | Fields, config: ConfigInput = {}) {
  /** The users in whose context the handler was called. */
  const seen: string[] = [];
  const fields = typeof cacheControl === "string" ? () => cc(cacheControl) : cacheControl;
  const handler = () => {
    seen.push(userNow());
    // The body is written only when it is read.
    const pieces = ["of ", undefined, "."].values();
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          const { value, done = false } = pieces.next();
          if (done) return controller.close();
          controller.enqueue(new TextEncoder().encode(value ?? userNow()));
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers: fields(userNow()) });
  };
  const options = { config, handlers: { default: handler } };
  const site = users.run("ada", () => openSite(options));
  return { site, seen };
}

/** Sends a request in the context of a user. */
const as = (user: string, site: Site, path = "/page", init: AskInit = {}) =>
  users.run(user, () => site.get(path, init));

const stale = "public, max-age=1, stale-while-revalidate=600";

describe("a page that all clients share has no user of", () => {
  it("the client whose request led to it", async () => {
    const { site } = opened("public, max-age=60");
    expect((await as("ada", site, "/page", withCookie)).text).toBe("of nobody.");
    expect(await site.get("/page")).toMatchObject({ text: "of nobody." });
  });

  it("the client whose stale hit caused a refresh", async () => {
    const { site } = opened(stale);
    await site.get("/page");
    site.clock.advance(2);
    expect((await as("ada", site, "/page", withCookie)).cacheStatus).toContain("hit; ttl=-1");
    const { text, cacheStatus } = await site.get("/page");
    expect([text, cacheStatus]).toEqual(["of nobody.", expect.stringContaining("hit; ttl=1")]);
  });

  it("a client that entered a context for good", async () => {
    const { site } = opened(stale);
    const entered = async () => {
      users.enterWith("eve");
      await site.get("/page");
      site.clock.advance(2);
      await site.get("/page");
    };
    await users.run("mallory", entered);
    expect((await site.get("/page")).text).toBe("of nobody.");
  });

  it("the leader of a flight that others join", async () => {
    const { site } = opened("max-age=60");
    const answers = await Promise.all(["ada", "bob", "eve"].map((user) => as(user, site)));
    expect(answers.map(({ text }) => text)).toEqual(Array(3).fill("of nobody."));
    expect(answers.filter(({ cacheStatus }) => cacheStatus.includes("collapsed"))).toHaveLength(2);
  });

  it("the clients for which an anonymous request is sent", async () => {
    const { site, seen } = opened((user) => cc(user === "nobody" ? "max-age=60" : "private"));
    await Promise.all(["ada", "bob", "eve"].map((user) => as(user, site, "/page", withCookie)));
    await as("ada", site, "/page", { headers: { range: "bytes=0-1" } });
    await as("ada", site, "/page", { headers: { range: "bytes=0-1" } });
    expect(new Set(seen)).toEqual(new Set(["nobody"]));
  });

  it("the operator whose order warms it", async () => {
    const handle = () => new Response(userNow(), { headers: cc("public, max-age=60") });
    const { near } = users.run("ada", () => openWarmSite({ handlers: { default: handle } }));
    expect(await users.run("ada", () => warmed(near, "/page"))).toMatchObject([{}]);
    const { text, cacheStatus } = await near.get("/page");
    expect([text, cacheStatus]).toEqual(["nobody", expect.stringContaining("hit")]);
  });
});

it("a handler's failure lets nobody's context into the probes of the origin", async () => {
  const seen: string[] = [];
  const handler = () => {
    seen.push(userNow());
    throw new TypeError("The database is down.");
  };
  const site = users.run("ada", () => openSite({ handlers: { default: handler } }));
  for (let nth = 0; nth < 12; nth += 1) await as("ada", site, `/page/${nth}`);
  expect(seen.length).toBeGreaterThan(12);
  expect(new Set(seen)).toEqual(new Set(["nobody"]));
});

it("a refusal for a signed-in client does not remove the page of all", async () => {
  const { site } = opened((user) => cc(user === "nobody" ? stale : "private"));
  await site.get("/page");
  site.clock.advance(2);
  for (let nth = 0; nth < 3; nth += 1) {
    await as("ada", site, "/page", nth === 1 ? {} : withCookie);
    site.clock.advance(2);
  }
  const { text, cacheStatus } = await site.get("/page");
  expect([text, cacheStatus]).toEqual(["of nobody.", expect.stringContaining("hit")]);
});

describe("a request that bypasses the cache runs in its client's context", () => {
  const config: ConfigInput = { routes: [{ name: "me", match: "/me/*", bypass: true }] };

  it.each<[path: string, init: AskInit]>([
    ["/me/orders", {}],
    ["/page", { headers: { authorization: "Bearer of-ada" } }],
    ["/page", { method: "POST", body: "x" }],
  ])("%s %j", async (path, init) => {
    const { site } = opened("max-age=60", config);
    expect((await as("ada", site, path, init)).text).toBe("of ada.");
    expect((await as("bob", site, path, init)).text).toBe("of bob.");
  });
});

/** Answers with a body that is written when it is read, and notes the users that the handler sees. */
function openLazy(length: number, pieceBytes: number, options: SiteOptions = {}) {
  const seen = new Set<string>();
  const callers: unknown[] = [];
  const origin = slicedOrigin({ length });
  const handler: OriginHandler = async (request, _, caller) => {
    seen.add(userNow());
    callers.push(caller);
    const { status, headers, body } = answered(request, origin);
    const bytes = new Uint8Array(await new Response(body).arrayBuffer());
    let at = 0;
    const written = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          seen.add(userNow());
          await pause(100);
          controller.enqueue(bytes.slice(at, (at += pieceBytes)));
          if (at >= bytes.length) controller.close();
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(written, { status, headers });
  };
  const site = users.run("ada", () =>
    openSliced(origin, { ...options, handlers: { default: handler } }),
  );
  return { site, seen, callers };
}

/** Reads an answer as a user, and waits after each chunk. Returns the number of bytes. */
const bytesFor = (user: string, site: Site, path: string, init: AskInit = {}, everyMs = 0) =>
  users.run(user, async () => {
    let bytes = 0;
    for await (const chunk of (await site.ask(path, init)).body ?? []) {
      bytes += chunk.byteLength;
      await pause(everyMs);
    }
    return bytes;
  });

describe("no part of a large body is written in the context of", () => {
  playTimers();

  it("a client that fetches one of its slices", async () => {
    const { site, seen, callers } = openLazy(3 * sliceBytes, sliceBytes / 2);
    const read = [];
    for (const [user, range] of [
      ["ada", "bytes=0-0"],
      ["bob", "bytes=70000-70003"],
      ["eve", "bytes=0-"],
    ] as const) {
      read.push(bytesFor(user, site, "/v", { headers: { range } }));
      await pass(site.clock, 2);
    }
    expect(await Promise.all(read)).toEqual([1, 4, 3 * sliceBytes]);
    expect([callers, seen]).toEqual([Array(3).fill(undefined), new Set(["nobody"])]);
  });

  it("a client that was overtaken, and continues with a range request", async () => {
    const config = { limits: { bufferBytes: 60 } };
    const { site, seen, callers } = openLazy(400, 10, { config });
    site.cache.put = () => Promise.reject(new Error("The cache is full."));
    const fast = ["ada", "eve"].map((user) => bytesFor(user, site, "/large"));
    const slow = bytesFor("bob", site, "/large", {}, 1_000);
    await pass(site.clock, 60);
    expect(await Promise.all([...fast, slow])).toEqual([400, 400, 400]);
    expect(callers.length).toBeGreaterThan(1);
    expect([new Set(callers), seen]).toEqual([new Set([undefined]), new Set(["nobody"])]);
  });
});
