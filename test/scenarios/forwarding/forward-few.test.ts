// Tests the route option `forward`. The origin gets only the listed fields of a client, the keyed
// fields, and the fields by which its answers vary.
import { describe, expect, it } from "vitest";
import type { RouteInput } from "../../../src/config/route-options.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";
import { cc, page, type Script, unchanged } from "../../../testing/fakes/origin-in-process.ts";

function open(origin: Script, route: Partial<RouteInput> = {}) {
  const routes = [{ name: "few", match: "*", forward: ["x-app"], ...route }];
  const { clock, near, far } = openCounted(origin, { routes });
  /** Returns the value of a field in each request to the origin. */
  const sent = (name: string) => near.origin.asked.map(({ fields }) => fields.get(name));
  return { clock, near, far, sent };
}

const language = (value: string) => ({ headers: { "accept-language": value } });
const byLanguage = cc("max-age=60", { vary: "Accept-Language" });
const wanted = ({ headers }: Request) => headers.get("accept-language") ?? "any";
const varied: Script = (request) => page(wanted(request), byLanguage);

it("withholds unlisted fields by which no answer varies", async () => {
  const { near, sent } = open(() => page("page", cc("max-age=60")));
  const withheld = { "x-other": "2", referer: "https://a.example/", "user-agent": "3" };
  await near.get("/a", { headers: { "x-app": "1", ...withheld } });
  for (const name of Object.keys(withheld)) expect(sent(name)).toEqual([null]);
  expect(sent("x-app")).toEqual(["1"]);
});

describe("a withheld field by which an answer varies", () => {
  it("reaches the origin in a second request, whose answer is stored", async () => {
    const { near, sent } = open(varied);
    const seen = await near.get("/a", language("de"));
    expect([seen.text, sent("accept-language")]).toEqual(["de", [null, "de"]]);
    expect(seen.cacheStatus).toBe("tidemark; fwd=uri-miss; fwd-status=200; stored");
    const again = await near.get("/a", language("de"));
    expect([again.text, again.cacheStatus]).toEqual(["de", "tidemark; hit; ttl=60; detail=memory"]);
    expect(near.origin.count).toBe(2);
  });

  it("reaches the origin in all later requests of each colo", async () => {
    const { near, far, sent } = open(varied);
    await near.get("/a", language("de"));
    expect((await near.get("/a", language("fr"))).text).toBe("fr");
    expect((await far.get("/a", language("it"))).text).toBe("it");
    expect((await far.get("/a", language("fr"))).cacheStatus).toContain("detail=shared");
    expect(sent("accept-language")).toEqual([null, "de", "fr", "it"]);
  });

  it("causes no second request if the client did not send the field", async () => {
    const { near, sent } = open(varied);
    expect((await near.get("/a")).text).toBe("any");
    expect((await near.get("/a", language("de"))).text).toBe("de");
    expect((await near.get("/a")).cacheStatus).toContain("detail=memory");
    expect(sent("accept-language")).toEqual([null, "de"]);
  });

  it("causes no second request if Tidemark never forwards the field: X-Forwarded-Port", async () => {
    const { near } = open(() => page("page", cc("max-age=60", { vary: "x-forwarded-port" })));
    await near.get("/a", { headers: { "x-forwarded-port": "8080" } });
    expect((await near.get("/a")).cacheStatus).toContain("detail=memory");
    expect(near.origin.count).toBe(1);
  });

  it("causes only one second request if the second answer varies by another field", async () => {
    const { near, sent } = open(({ headers }) => {
      const vary = headers.has("x-a") ? "x-a, x-b" : "x-a";
      return page("page", cc("max-age=60", { vary }));
    });
    const both = { headers: { "x-a": "1", "x-b": "2" } };
    const seen = await near.get("/a", both);
    expect(sent("x-b")).toEqual([null, null]);
    expect(seen.cacheStatus).toContain('detail="withheld-field: x-b"');
    expect((await near.get("/a", both)).cacheStatus).toContain("stored");
    expect(sent("x-b")).toEqual([null, null, null, "2"]);
  });

  it.each([500, 503])("causes no second request after a %d", async (status) => {
    const { near, sent } = open((_, nth) => page("page", byLanguage, nth === 1 ? status : 200));
    expect((await near.get("/a", language("de"))).status).toBe(status);
    expect((await near.get("/a", language("de"))).cacheStatus).toContain("stored");
    expect(sent("accept-language")).toEqual([null, "de"]);
  });

  it("reaches the origin even if answers are not stored, until an answer has no Vary", async () => {
    const { near, sent } = open((request, nth) =>
      page(wanted(request), cc("no-store", nth < 5 ? { vary: "Accept-Language" } : {})),
    );
    for (const value of ["de", "fr", "it"]) {
      expect((await near.get("/a", language(value))).text).toBe(value);
    }
    for (const value of ["es", "pl"]) await near.get("/a", language(value));
    expect(sent("accept-language")).toEqual([null, "de", "fr", "it", "es", null]);
  });

  it("reaches the origin together with the validator of its variant", async () => {
    const { clock, near, sent } = open((request) => {
      const etag = `"${wanted(request)}"`;
      const fields = { ...byLanguage, etag };
      const isUnchanged = request.headers.get("if-none-match") === etag;
      return isUnchanged ? unchanged(fields) : page(wanted(request), fields);
    });
    for (const value of ["de", "fr"]) await near.get("/a", language(value));
    clock.advance(61);
    const seen = await near.get("/a", language("de"));
    expect([seen.text, sent("if-none-match").at(-1)]).toEqual(["de", '"de"']);
    expect(seen.cacheStatus).toBe("tidemark; fwd=stale; fwd-status=304; stored");
    expect(near.origin.count).toBe(4);
  });

  it("reaches the origin in a refresh", async () => {
    const { clock, near, sent } = open(varied, { staleWhileRevalidate: "60s", fresh: "60s" });
    await near.get("/a", language("de"));
    clock.advance(61);
    await near.get("/a", language("de"));
    expect(sent("accept-language")).toEqual([null, "de", "de"]);
    expect((await near.get("/a", language("de"))).cacheStatus).toContain("hit; ttl=60");
  });

  it("selects the right variant for each of four simultaneous requests", async () => {
    const { near } = open(varied);
    const values = ["de", "fr", "de", "it"];
    const seen = await Promise.all(values.map((each) => near.get("/a", language(each))));
    expect(seen.map(({ text }) => text)).toEqual(values);
  });
});

describe("a cookie without a key", () => {
  const session = (name: string) => ({ headers: { cookie: `session=${name}` } });
  const greeting =
    (fields = cc("max-age=60")): Script =>
    ({ headers }) =>
      page(`for ${headers.get("cookie") ?? "all"}`, fields);

  it("does not reach the origin, so all clients share the answer", async () => {
    const { near } = open(greeting(), { key: { cookies: ["currency"] } });
    const both = { headers: { cookie: "session=a; currency=EUR" } };
    expect((await near.get("/a", both)).text).toBe("for currency=EUR");
    const other = await near.get("/a", { headers: { cookie: "currency=EUR" } });
    expect(other.cacheStatus).toContain("detail=memory");
  });

  it("reaches the origin if the route forwards Cookie, and counts as a session", async () => {
    const { near } = open(greeting(), { forward: ["Cookie"] });
    const seen = await near.get("/a", session("a"));
    expect(seen.text).toBe("for session=a");
    expect(seen.cacheStatus).toContain("unknown-cookie: session");
  });

  it("reaches the origin if the answer varies by Cookie, and the answer is not shared", async () => {
    const { near, sent } = open(greeting(cc("max-age=60", { vary: "Cookie" })));
    const { text, fields } = await near.get("/a", session("a"));
    expect([text, fields.get("cache-control")]).toEqual(["for session=a", "max-age=60, private"]);
    expect((await near.get("/a", session("b"))).text).toBe("for session=b");
    expect((await near.get("/a")).text).toBe("for all");
    expect((await near.get("/a", session("a"))).text).toBe("for session=a");
    expect(sent("cookie")).toEqual([null, "session=a", "session=b", null, "session=a"]);
  });
});
