// What the site refuses, and what it must not share: beside the patterns that README.md shows.
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

describe("readers", () => {
  it("get each their own page, by the same address", async () => {
    const [ada, bao] = await Promise.all(["ada", "bao"].map(cookieOf));
    const pageOf = (cookie = "") => text(ask("/me", { headers: { cookie } }));
    expect(await pageOf(ada)).toContain("Good morning, Ada");
    expect(await pageOf(bao)).toContain("Chào Bảo");
    expect(await pageOf(ada)).toContain("Good morning, Ada");
    expect(await pageOf()).not.toContain("Ada");
  });

  it("are not believed with a wrong password, or with a cookie that the site has not signed", async () => {
    const wrong = await post("/session", { name: "ada", password: "guess" });
    expect([wrong.status, wrong.headers.get("set-cookie")]).toEqual([403, null]);
    const signed = await cookieOf("bao");
    const cookie = signed.replace("=bao", "=ada");
    expect(cookie).not.toBe(signed);
    expect((await ask("/me/profile", { headers: { cookie } })).status).toBe(403);
    expect((await ask("/me/profile", { headers: { cookie: signed } })).status).toBe(200);
  });

  it("change nobody's profile without a session", async () => {
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

  it("asks for the password", async () => {
    expect((await ask("/editor")).status).toBe(401);
    expect((await post("/editor/articles", story)).status).toBe(401);
    expect((await ask("/news/a-story")).status).toBe(404);
  });

  it("refuses a form of another site, which the browser would send with the password", async () => {
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
    { id: "form", sent: '{"slug":', says: "needs an address" },
  ])("refuses an article without a good $id", async ({ sent, says }) => {
    const answer = await post("/editor/articles", sent, editor);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(says)]);
  });

  it.each([
    { id: "title", path: "/editor/sections/town", says: "needs a title" },
    { id: "address", path: "/editor/sections/moon", says: "no such section" },
  ])("renames no section without a good $id", async ({ path, says }) => {
    const answer = await post(path, {}, editor);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining(says)]);
  });

  it("publishes what is missing everywhere, and shows it as text and not as markup", async () => {
    expect((await ask("/news/a-story")).status).toBe(404);
    expect((await post("/editor/articles", story, editor)).status).toBe(200);
    const page = await text(ask("/news/a-story"));
    expect(page).toContain("A &lt;b&gt;story&lt;/b&gt;");
    expect(page).not.toContain("<b>story");
  });

  it("purges the parts of an article with the whole of it", async () => {
    const title = "/api/articles/peat-core-tells-of-a-wet-century/title";
    expect((await ask(title)).status).toBe(200);
    const given = { ...story, slug: "peat-core-tells-of-a-wet-century", title: "The peat core" };
    expect((await post("/editor/articles", given, editor)).status).toBe(200);
    expect(await (await ask(title)).json()).toEqual({ title: "The peat core" });
  });
});

it.each(["/news/", "/api/articles/", "/api/views/", "/sections/", "/api/sections/"])(
  "an address that nobody has is missing, however odd: %s…",
  async (path) => {
    for (const odd of ["x".repeat(4_000), "%20", "A"]) {
      expect((await ask(path + odd)).status).toBe(404);
    }
  },
);

it("views are counted of articles that there are", async () => {
  expect((await post("/api/views/nothing-here", {})).status).toBe(404);
  const path = "/api/views/bees-prefer-the-churchyard";
  await Promise.all(Array.from({ length: 7 }, () => post(path, {})));
  const seenElsewhere = async () => (await ask(path, {}, 1)).json();
  await expect.poll(seenElsewhere, { timeout: 5_000 }).toEqual({ views: 7 });
});
