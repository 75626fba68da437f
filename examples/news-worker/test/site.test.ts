// Tests of the news site in addition to the patterns in README.md: the requests that it rejects,
// and the pages that readers must not share.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { editorPassword, type NewsSite, startNewsSite } from "../run/news-site.ts";
import { readerPassword } from "../run/seed.ts";

let site: NewsSite;
beforeAll(async () => {
  site = await startNewsSite({ onLog: () => undefined });
});
afterAll(() => site.stop());

const json = { "content-type": "application/json" };
const editor = { authorization: `Basic ${btoa(`editor:${editorPassword}`)}` };

const ask = (path: string, init: RequestInit = {}, colo: 0 | 1 = 0): Promise<Response> =>
  fetch(site.urls[colo] + path, { redirect: "manual", ...init });
const post = (path: string, sent: object | string, headers: Record<string, string> = {}) => {
  const body = typeof sent === "string" ? sent : JSON.stringify(sent);
  return ask(path, { method: "POST", headers: { ...json, ...headers }, body });
};
const text = async (answer: Promise<Response>): Promise<string> => (await answer).text();

async function cookieOf(name: string): Promise<string> {
  const answer = await post("/session", { name, password: readerPassword });
  return answer.headers.get("set-cookie")?.split(";")[0] ?? "";
}

describe("the readers of the site", () => {
  it("get different pages at the same URL", async () => {
    const [ada, bao] = await Promise.all(["ada", "bao"].map(cookieOf));
    const pageOf = (cookie = "") => text(ask("/me", { headers: { cookie } }));
    expect(await pageOf(ada)).toContain("Good morning, Ada");
    expect(await pageOf(bao)).toContain("Chào Bảo");
    expect(await pageOf(ada)).toContain("Good morning, Ada");
    expect(await pageOf()).not.toContain("Ada");
  });

  it("get no session for a wrong password, and no access with a forged cookie", async () => {
    const wrong = await post("/session", { name: "ada", password: "guess" });
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([403, null]);
    const signed = await cookieOf("bao");
    const cookie = signed.replace("=bao", "=ada");
    expect(cookie).not.toBe(signed);
    expect((await ask("/me/profile", { headers: { cookie } })).status).toBe(403);
    expect((await ask("/me/profile", { headers: { cookie: signed } })).status).toBe(200);
  });

  it("cannot change a profile without a session", async () => {
    const init = { method: "PUT", headers: json, body: '{"greeting":"Hello"}' };
    expect((await ask("/me/profile", init)).status).toBe(403);
  });
});

describe("the editor's desk", () => {
  const story = {
    slug: "a-story",
    title: "A <b>story</b>",
    lede: "",
    body: "Text",
    section: "town",
  };

  it("rejects requests without the password", async () => {
    expect((await ask("/editor")).status).toBe(401);
    expect((await post("/editor/articles", story)).status).toBe(401);
    expect((await ask("/news/a-story")).status).toBe(404);
  });

  it("rejects a form that a browser sends from another site with the password", async () => {
    const form = {
      ...editor,
      origin: "https://evil.example",
      "content-type": "application/x-www-form-urlencoded",
    };
    const body = new URLSearchParams(story);
    const answer = await ask("/editor/articles", { method: "POST", headers: form, body });
    expect(answer.status).toBe(403);
  });

  it.each([
    { id: "address", sent: { ...story, slug: "../me" }, says: "needs an address" },
    { id: "title", sent: { ...story, title: "" }, says: "needs an address" },
    { id: "section", sent: { ...story, section: "moon" }, says: "no such section" },
    { id: "JSON body", sent: '{"slug":', says: "needs an address" },
  ])("rejects an article with an invalid $id", async ({ sent, says }) => {
    const answer = await post("/editor/articles", sent, editor);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(says)]);
  });

  it.each([
    { id: "title", path: "/editor/sections/town", says: "needs a title" },
    { id: "section", path: "/editor/sections/moon", says: "no such section" },
  ])("does not rename a section with an invalid $id", async ({ path, says }) => {
    const answer = await post(path, {}, editor);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(says)]);
  });

  it("publishes an article whose absence is cached, and escapes markup in its title", async () => {
    expect((await ask("/news/a-story")).status).toBe(404);
    expect((await post("/editor/articles", story, editor)).status).toBe(200);
    const page = await text(ask("/news/a-story"));
    expect(page).toContain("A &lt;b&gt;story&lt;/b&gt;");
    expect(page).not.toContain("<b>story");
  });

  it("also purges the separately cached title when it replaces an article", async () => {
    const title = "/api/articles/peat-core-tells-of-a-wet-century/title";
    expect((await ask(title)).status).toBe(200);
    const given = { ...story, slug: "peat-core-tells-of-a-wet-century", title: "The peat core" };
    expect((await post("/editor/articles", given, editor)).status).toBe(200);
    expect(await (await ask(title)).json()).toEqual({ title: "The peat core" });
  });
});

it.each(["/news/", "/api/articles/", "/api/views/", "/sections/", "/api/sections/"])(
  "the site responds with 404 to invalid addresses that begin with %s",
  async (path) => {
    for (const odd of ["x".repeat(4_000), "%20", "A"]) {
      expect((await ask(path + odd)).status).toBe(404);
    }
  },
);

it("the site counts views of existing articles only, and shows them in another colo", async () => {
  expect((await post("/api/views/nothing-here", {})).status).toBe(404);
  const path = "/api/views/bees-prefer-the-churchyard";
  await Promise.all(Array.from({ length: 7 }, () => post(path, {})));
  const seenElsewhere = async () => (await ask(path, {}, 1)).json();
  await expect.poll(seenElsewhere, { timeout: 60_000 }).toEqual({ views: 7 });
});
