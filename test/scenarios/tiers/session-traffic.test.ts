// Tests how often Redis is read for personal pages of sessions. A session here is a client with an
// unknown cookie.
// Needs parts: global-collapse.
import { describe, expect, it } from "vitest";
import { globalCollapse } from "../../../src/parts/global-collapse/global-collapse.ts";
import { cc, page, type Script, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { openCounted } from "../../../testing/site/counted-looks.ts";

const as = (name: string) => ({ headers: { cookie: `session=${name}` } });
const isSession = ({ headers }: Request) => headers.has("cookie");

/** Answers a session with its own page, and all other clients with a shared page. */
const personal: Script = (request) =>
  isSession(request)
    ? page("yours", cc("private"))
    : page("everybody's", cc("max-age=60, stale-if-error=600"));

describe("a page with a different version for each session", () => {
  it("is looked up in Redis once in a hundred views", async () => {
    const { near, upstash } = openCounted(personal);
    for (let view = 0; view < 100; view += 1) {
      const seen = await near.get("/account", as(`visitor-${view}`));
      expect(seen.text).toBe("yours");
    }
    expect(upstash.commands).toEqual(["GETRANGE"]);
  });

  it.each([
    { id: "private", fields: cc("private") },
    { id: "no-store", fields: cc("no-store") },
    { id: "not explicitly shared", fields: cc("max-age=60") },
    { id: "with Set-Cookie", fields: cc("public, max-age=60", { "set-cookie": "s=1" }) },
  ])("is not looked up in Redis for a second session: $id", async ({ fields }) => {
    const { near, looksFor } = openCounted(() => page("yours", fields));
    await near.get("/account", as("a"));
    expect((await looksFor("/account", as("b"))).looks).toBe(0);
  });

  it("is looked up again a minute after the last request", async () => {
    const { clock, looksFor } = openCounted(personal);
    const views: number[] = [];
    for (const seconds of [0, 50, 50, 60]) {
      clock.advance(seconds);
      views.push((await looksFor("/account", as("a"))).looks);
    }
    expect(views).toEqual([1, 0, 0, 1]);
  });

  it("is looked up and stored for clients without a session", async () => {
    const { near, far, looksFor } = openCounted(personal);
    await near.get("/account", as("a"));
    await far.get("/account");
    const seen = await looksFor("/account");
    expect([seen.text, seen.looks]).toEqual(["everybody's", 1]);
    expect(seen.cacheStatus).toContain("detail=shared");
    expect((await near.get("/account")).cacheStatus).toContain("detail=memory");
    expect((await looksFor("/account", as("b"))).looks).toBe(0);
  });

  it("is looked up once while the shared version is in memory", async () => {
    const { near, looks } = openCounted(personal);
    await near.get("/account");
    const before = looks();
    for (let view = 0; view < 10; view += 1) await near.get("/account", as("a"));
    expect(looks() - before).toBe(1);
  });

  it("answers sessions from memory once the origin shares it explicitly", async () => {
    let isForAll = false;
    const { near, looksFor } = openCounted(() =>
      page("page", cc(isForAll ? "public, max-age=60" : "private")),
    );
    await near.get("/account", as("a"));
    isForAll = true;
    await near.get("/account", as("a"));
    expect((await looksFor("/account", as("b"))).cacheStatus).toContain("detail=memory");
    near.clock.advance(61);
    expect((await looksFor("/account", as("b"))).looks).toBe(1);
  });

  it("is looked up in Redis if its origin fails", async () => {
    const state = { isDown: false };
    const { near, far, looksFor } = openCounted((request) =>
      state.isDown
        ? unreachable()
        : isSession(request)
          ? page("yours", cc("private"))
          : page("everybody's", cc("public, max-age=1, stale-if-error=600")),
    );
    await near.get("/account", as("a"));
    await far.get("/account");
    near.clock.advance(5);
    state.isDown = true;
    const seen = await looksFor("/account", as("b"));
    expect(seen).toMatchObject({ status: 200, text: "everybody's", looks: 1 });
  });

  it("is still looked up in Redis after an error for one session", async () => {
    const { near, looksFor } = openCounted(() => page("no", cc("private"), 403));
    await near.get("/account", as("a"));
    expect((await looksFor("/account", as("b"))).looks).toBe(1);
  });

  it("is not looked up for a second session on a route with globalCollapse()", async () => {
    const global = { name: "global", match: "*", use: [globalCollapse()] };
    const { near, looksFor } = openCounted(personal, { routes: [global] });
    await near.get("/account", as("a"));
    expect((await looksFor("/account", as("b"))).looks).toBe(0);
  });
});

it("a session's variant joins the marker in Redis, whose lookup was skipped", async () => {
  const varied = cc("public, max-age=600", { vary: "x-app" });
  let isForAll = false;
  const { near, far, clock, looksFor } = openCounted(({ headers }) =>
    isForAll ? page(headers.get("x-app") ?? "", varied) : page("yours", cc("private")),
  );
  const app = (name: string, cookie = "") => ({ headers: { "x-app": name, cookie } });
  await near.get("/a", app("a", "session=1"));
  isForAll = true;
  await far.get("/a", app("a"));
  clock.advance(1);
  const { text } = await near.get("/a", app("b", "session=2"));
  expect(text).toBe("b");
  expect((await looksFor("/a", app("a"))).cacheStatus).toContain("detail=shared");
});
