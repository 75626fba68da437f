// Tests the demo origin's readers: log-in, log-out, my feed, and the front page for readers and
// others.
import { describe, expect, it } from "vitest";
import { openSite } from "./demo-origin-site.ts";

type Ask = ReturnType<typeof openSite>["ask"];
const followed = async (ask: Ask, cookie: string): Promise<string[]> => {
  const text = await (await ask("/me", { cookie })).text();
  return [...text.matchAll(/aria-pressed="true">(\w+)</g)].map(([, title = ""]) => title);
};

describe("logging in", () => {
  it("sets a session that scripts and other sites cannot use, and leads to my feed", async () => {
    const { post } = openSite();
    const response = await post("/log-in", { name: "ada", password: "reader" });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/me");
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(response.headers.get("set-cookie")).toMatch(
      /^session=[\w-]{32}; Max-Age=604800; Path=\/; HttpOnly; SameSite=Lax$/,
    );
  });

  it.each([
    { id: "wrong-password", form: { name: "ada", password: "Reader" } },
    { id: "unknown-name", form: { name: "nobody", password: "reader" } },
    { id: "no-password", form: { name: "ada" } },
    { id: "empty", form: {} },
  ])("answers 401, and sets no session: $id", async ({ form }) => {
    const { post } = openSite();
    const response = await post("/log-in", form);
    expect(response.status).toBe(401);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(response.headers.get("cache-control")).toBe("no-store");
    expect(await response.text()).toContain("do not go together");
  });

  it("gives each log-in its own session, and ends only the one that logs out", async () => {
    const { ask, logIn, post } = openSite();
    const [first, second] = [await logIn("ada"), await logIn("ada")];
    expect(first).not.toBe(second);
    const out = await post("/log-out", {}, first);
    expect(out.headers.get("set-cookie")).toMatch(/^session=; Max-Age=0; Path=\//);
    expect((await ask("/me", { cookie: first })).status).toBe(303);
    expect((await ask("/me", { cookie: second })).status).toBe(200);
  });

  it("ends a session after seven days", async () => {
    const { ask, clock, logIn } = openSite();
    const cookie = await logIn("ada");
    clock.atMs += 7 * 24 * 3_600_000 - 1;
    expect((await ask("/me", { cookie })).status).toBe(200);
    clock.atMs += 1;
    expect((await ask("/me", { cookie })).status).toBe(303);
  });
});

describe("my feed", () => {
  it("shows each of two readers their own feed", async () => {
    const { ask, logIn } = openSite();
    const [ada, bao] = [await logIn("ada"), await logIn("bao")];
    expect(await followed(ask, ada)).toEqual(["Harbour", "Science"]);
    expect(await followed(ask, bao)).toEqual(["Culture"]);
    const page = await ask("/me", { cookie: bao });
    expect(page.headers.get("cache-control")).toBe("private, no-cache");
    expect(page.headers.get("cache-tag")).toBeNull();
    const text = await page.text();
    expect(text).toContain("Hello, Bảo");
    expect(text).toContain("/articles/museum-of-small-mistakes");
    expect(text).not.toContain("/articles/fog-signal-tested");
  });

  it("follows and leaves sections", async () => {
    const { ask, logIn, post } = openSite();
    const cookie = await logIn("bao");
    await post("/me/follow", { section: "town", follow: "on" }, cookie);
    await post("/me/follow", { section: "town", follow: "on" }, cookie);
    const left = await post("/me/follow", { section: "culture", follow: "off" }, cookie);
    expect(left.headers.get("location")).toBe("/me");
    expect(await followed(ask, cookie)).toEqual(["Town"]);
    expect((await post("/me/follow", { section: "sport", follow: "on" }, cookie)).status).toBe(400);
    expect((await post("/me/follow", { section: "town", follow: "maybe" }, cookie)).status).toBe(
      400,
    );
    const stranger = await post("/me/follow", { section: "town", follow: "on" });
    expect(stranger.headers.get("location")).toBe("/log-in");
  });

  it("tells a reader who follows no section", async () => {
    const { ask, logIn } = openSite();
    const text = await (await ask("/me", { cookie: await logIn("chiara") })).text();
    expect(text).toContain("You follow no section yet.");
  });
});

describe("the front page", () => {
  it("is private and greets a reader who is logged in", async () => {
    const { ask, logIn } = openSite();
    const response = await ask("/", { cookie: await logIn("ada") });
    expect(response.status).toBe(200);
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("vary")).toBe("Cookie, Accept-Encoding");
    expect(response.headers.get("cache-tag")).toBeNull();
    expect(await response.text()).toContain("Good to see you, Ada.");
  });

  it("is private and deletes the cookie when the session is over", async () => {
    const { ask } = openSite();
    const response = await ask("/", { cookie: "session=over" });
    expect(response.headers.get("cache-control")).toBe("private, no-cache");
    expect(response.headers.get("set-cookie")).toMatch(/^session=; Max-Age=0; Path=\//);
    expect(await response.text()).not.toContain("Good to see you");
  });

  it.each(["/feed", "/feed.json", "/sections/town", "/articles/fog-signal-tested", "/breaking"])(
    "is the only page that varies by Cookie: %s does not",
    async (path) => {
      const { ask, logIn } = openSite();
      const [known, unknown] = [await ask(path, { cookie: await logIn("ada") }), await ask(path)];
      expect([...known.headers]).toEqual([...unknown.headers]);
      expect(await known.text()).toBe(await unknown.text());
    },
  );
});
