// A route with `forward`: the origin gets few fields of a client, and those by which its answer varies.
import { describe, expect, it } from "vitest";
import type { RouteInput } from "../../../src/config/route-schema.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

function open(origin: Script, route: Partial<RouteInput> = {}) {
  const clock = new FakeClock();
  const upstash = new FakeUpstash(clock);
  const config = { routes: [{ name: "few", match: "*", forward: ["x-app"], ...route }] };
  const [near, far] = openColos(2, { clock, upstash, config, origin }) as [Site, Site];
  /** What each request to the origin had of a field. */
  const told = (name: string) => near.origin.asked.map(({ fields }) => fields.get(name));
  return { clock, near, far, told };
}

const language = (value: string) => ({ headers: { "accept-language": value } });
const varied: Script = ({ headers }) =>
  page(headers.get("accept-language") ?? "any", cc("max-age=60", { vary: "Accept-Language" }));

it("what no answer varies by does not reach the origin", async () => {
  const { near, told } = open(() => page("page", cc("max-age=60")));
  const headers = {
    "x-app": "1",
    "x-other": "2",
    referer: "https://a.example/",
    "user-agent": "3",
  };
  await near.get("/a", { headers });
  expect(near.origin.count).toBe(1);
  for (const name of ["x-other", "referer", "user-agent"]) expect(told(name)).toEqual([null]);
  expect(told("x-app")).toEqual(["1"]);
});

describe("what an answer varies by, and was withheld", () => {
  it("is asked for once more with it, and stored for who has the same", async () => {
    const { near, told } = open(varied);
    const seen = await near.get("/a", language("de"));
    expect([seen.text, told("accept-language")]).toEqual(["de", [null, "de"]]);
    expect(seen.cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    const again = await near.get("/a", language("de"));
    expect([again.text, again.cacheStatus]).toEqual(["de", "tidemark; hit; ttl=60; detail=memory"]);
    expect(near.origin.count).toBe(2);
  });

  it("is sent along from then on, in this colo and in others", async () => {
    const { near, far, told } = open(varied);
    await near.get("/a", language("de"));
    expect((await near.get("/a", language("fr"))).text).toBe("fr");
    expect((await far.get("/a", language("it"))).text).toBe("it");
    expect((await far.get("/a", language("fr"))).cacheStatus).toContain("detail=shared");
    expect(told("accept-language")).toEqual([null, "de", "fr", "it"]);
  });

  it("is no reason to ask again for who does not send it", async () => {
    const { near, told } = open(varied);
    expect((await near.get("/a")).text).toBe("any");
    expect((await near.get("/a", language("de"))).text).toBe("de");
    expect((await near.get("/a")).cacheStatus).toContain("detail=memory");
    expect(told("accept-language")).toEqual([null, "de"]);
  });

  it("is no reason to ask again where no client may steer by it", async () => {
    const { near } = open(() => page("page", cc("max-age=60", { vary: "x-forwarded-port" })));
    await near.get("/a", { headers: { "x-forwarded-port": "8080" } });
    expect((await near.get("/a")).cacheStatus).toContain("detail=memory");
    expect(near.origin.count).toBe(1);
  });

  it("is asked for once and not stored where the second answer varies by more", async () => {
    const { near, told } = open(({ headers }) => {
      const names = headers.has("x-a") ? "x-a, x-b" : "x-a";
      return page("page", cc("max-age=60", { vary: names }));
    });
    const both = { headers: { "x-a": "1", "x-b": "2" } };
    const seen = await near.get("/a", both);
    expect(told("x-b")).toEqual([null, null]);
    expect(seen.cacheStatus).toContain('detail="withheld-field: x-b"');
    expect((await near.get("/a", both)).cacheStatus).toContain("stored");
    expect(told("x-b")).toEqual([null, null, null, "2"]);
  });

  it.each([500, 503])("is not asked for at once in place of an error: %d", async (status) => {
    const { near, told } = open((_, nth) =>
      page("page", cc("max-age=60", { vary: "Accept-Language" }), nth === 1 ? status : 200),
    );
    expect((await near.get("/a", language("de"))).status).toBe(status);
    expect((await near.get("/a", language("de"))).cacheStatus).toContain("stored");
    expect(told("accept-language")).toEqual([null, "de"]);
  });

  it("is remembered where nothing may be stored", async () => {
    const { near, told } = open(({ headers }) =>
      page(headers.get("accept-language") ?? "any", cc("no-store", { vary: "Accept-Language" })),
    );
    for (const wanted of ["de", "fr", "it"]) {
      expect((await near.get("/a", language(wanted))).text).toBe(wanted);
    }
    expect(told("accept-language")).toEqual([null, "de", "fr", "it"]);
  });

  it("is withheld again once no answer varies by it", async () => {
    const { near, told } = open((_, nth) =>
      page("page", cc("no-store", nth < 3 ? { vary: "Accept-Language" } : {})),
    );
    for (let turn = 0; turn < 3; turn += 1) await near.get("/a", language("de"));
    expect(told("accept-language")).toEqual([null, "de", "de", null]);
  });

  it("is sent with each variant's own validator", async () => {
    const { clock, near, told } = open(({ headers }) => {
      const wanted = headers.get("accept-language") ?? "any";
      const fields = cc("max-age=60", { vary: "Accept-Language", etag: `"${wanted}"` });
      return headers.get("if-none-match") === `"${wanted}"`
        ? unchanged(fields)
        : page(wanted, fields);
    });
    await near.get("/a", language("de"));
    await near.get("/a", language("fr"));
    clock.advance(61);
    const seen = await near.get("/a", language("de"));
    expect([seen.text, told("if-none-match").at(-1)]).toEqual(["de", '"de"']);
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(near.origin.count).toBe(4);
  });

  it("is sent by a refresh, too", async () => {
    const { clock, near, told } = open(varied, { staleWhileRevalidate: "60s", fresh: "60s" });
    await near.get("/a", language("de"));
    clock.advance(61);
    await near.get("/a", language("de"));
    expect(told("accept-language")).toEqual([null, "de", "de"]);
    expect((await near.get("/a", language("de"))).cacheStatus).toContain("hit; ttl=60");
  });

  it("answers nobody who waited with another variant", async () => {
    const { near } = open(varied);
    const wanted = ["de", "fr", "de", "it"];
    const seen = await Promise.all(wanted.map((each) => near.get("/a", language(each))));
    expect(seen.map(({ text }) => text)).toEqual(wanted);
  });
});

describe("cookies that no key names", () => {
  const session = (name: string) => ({ headers: { cookie: `session=${name}` } });
  const greeting = ({ headers }: Request) => `for ${headers.get("cookie") ?? "all"}`;

  it("do not reach the origin, so that its answer is for all", async () => {
    const { near } = open((request) => page(greeting(request), cc("max-age=60")), {
      key: { cookies: ["currency"] },
    });
    const both = { headers: { cookie: "session=a; currency=EUR" } };
    expect((await near.get("/a", both)).text).toBe("for currency=EUR");
    const other = await near.get("/a", { headers: { cookie: "currency=EUR" } });
    expect(other.cacheStatus).toContain("detail=memory");
  });

  it("reach it where they are forwarded, and count as a session", async () => {
    const { near } = open((request) => page(greeting(request), cc("max-age=60")), {
      forward: ["Cookie"],
    });
    const seen = await near.get("/a", session("a"));
    expect(seen.text).toBe("for session=a");
    expect(seen.cacheStatus).toContain("unknown-cookie: session");
  });

  it("reach it where the answer varies by them, and are shared with nobody", async () => {
    const { near, told } = open((request) =>
      page(greeting(request), cc("max-age=60", { vary: "Cookie" })),
    );
    const seen = await near.get("/a", session("a"));
    expect([seen.text, seen.fields.get("cache-control")]).toEqual([
      "for session=a",
      "max-age=60, private",
    ]);
    expect((await near.get("/a", session("b"))).text).toBe("for session=b");
    expect((await near.get("/a")).text).toBe("for all");
    expect((await near.get("/a", session("a"))).text).toBe("for session=a");
    expect(told("cookie")).toEqual([null, "session=a", "session=b", null, "session=a"]);
  });
});
