// The demo's editor: what each change purges, and that both or none of the two is kept.
import { describe, expect, it } from "vitest";
import { editorCookieIn, openEditorSite } from "./demo-editor-site.ts";

const slug = "fog-signal-tested";
const text = { title: "New title", lede: "New lede", body: "New body" };
const story = { ...text, section: "town", author: "wren" };

describe("a change purges what it alters", () => {
  it("publishing: the article's address, its lists", async () => {
    const { ask, logIn, post, purged } = openEditorSite();
    const { cookie, token } = await logIn();
    const form = { ...story, title: "Crème brûlée & “crabs”!", token };
    const response = await post("/editor/publish", form, cookie);
    expect(response.headers.get("location")).toBe("/editor#purges");
    const path = "/articles/creme-brulee-crabs";
    expect(purged()).toEqual({
      tags: ["article:creme-brulee-crabs", "section:town", "author:wren", "feed"],
      reason: "published creme-brulee-crabs",
    });
    const page = await ask(path);
    expect([page.status, page.headers.get("page-version")]).toEqual([200, "1"]);
    expect(await (await ask("/")).text()).toContain(path);
  });

  it("correcting: the article, and with it the lists that show it", async () => {
    const { ask, logIn, post, purged } = openEditorSite();
    const { cookie, token } = await logIn();
    const body = "One.\r\n\r\n## Two\r\n\r\nThree.";
    await post(`/editor/articles/${slug}/correct`, { ...text, body, token }, cookie);
    expect(purged()).toEqual({ tags: [`article:${slug}`], reason: `corrected ${slug}` });
    const page = await ask(`/articles/${slug}`);
    expect(page.headers.get("page-version")).toBe("2");
    expect(await page.text()).toMatch(/New title[^]*<h2>Two<\/h2> <p>Three\.<\/p>/);
    const lists = await ask("/sections/harbour");
    expect(lists.headers.get("cache-tag")).toContain(`article:${slug}`);
  });

  it("withdrawing: the article, its lists; its addresses are gone, under its tag", async () => {
    const { ask, logIn, newsroom, post, purged } = openEditorSite();
    const { cookie, token } = await logIn();
    const { articles } = await newsroom.latest({ offset: 0, limit: 1 });
    const [lead = { slug: "", title: "", section: "", authorId: "" }] = articles;
    const search = `/search?q=${encodeURIComponent(lead.title)}`;
    const lists = ["/", "/feed", `/sections/${lead.section}`, "/rss.xml", search];
    const isListed = async (path: string) =>
      (await (await ask(path)).text()).includes(`/articles/${lead.slug}`);
    expect(await Promise.all(lists.map(isListed))).toEqual(lists.map(() => true));
    await post(`/editor/articles/${lead.slug}/withdraw`, { token }, cookie);
    expect(purged()).toEqual({
      tags: [`article:${lead.slug}`, `section:${lead.section}`, `author:${lead.authorId}`, "feed"],
      reason: `withdrew ${lead.slug}`,
    });
    const page = `/articles/${lead.slug}`;
    for (const path of [page, `${page}.json`, `/images/${lead.slug}.svg`]) {
      const { status, headers } = await ask(path);
      expect([path, status]).toEqual([path, 410]);
      expect(headers.get("cache-control")).toBe("max-age=10");
      expect(headers.get("cache-tag")).toBe(`article:${lead.slug}`);
      expect(headers.get("page-version")).toBe("2");
    }
    expect(await Promise.all(lists.map(isListed))).toEqual(lists.map(() => false));
    expect(await (await ask("/feed.json?page=5")).json()).toMatchObject({ pageCount: 5 });
  });

  it("breaking, set and cleared: the line", async () => {
    const { ask, logIn, post, purged } = openEditorSite();
    const { cookie, token } = await logIn();
    const version = async () => Number((await ask("/breaking")).headers.get("page-version"));
    const before = await version();
    await post("/editor/breaking", { text: "Bridge closed.", token }, cookie);
    expect(purged()).toEqual({ tags: ["breaking"], reason: "set the breaking line" });
    expect(await (await ask("/breaking")).text()).toContain("Bridge closed.");
    expect(await version()).toBe(before + 1);
    await post("/editor/breaking/clear", { token }, cookie);
    expect(purged()).toEqual({ tags: ["breaking"], reason: "cleared the breaking line" });
    expect(await (await ask("/breaking")).text()).toContain("Nothing is breaking.");
    expect(await version()).toBe(before + 2);
  });

  it("names the page that shows it, and the version from which on it does", async () => {
    const { desk, logIn, post } = openEditorSite();
    const { cookie, token } = await logIn();
    await post(`/editor/articles/${slug}/correct`, { ...text, token }, cookie);
    await post(`/editor/articles/${slug}/correct`, { ...text, token }, cookie);
    await post(`/editor/articles/${slug}/withdraw`, { token }, cookie);
    const path = `/articles/${slug}`;
    expect(desk.newest(9)).toMatchObject([
      { path, version: 4 },
      { path, version: 3 },
      { path, version: 2 },
    ]);
  });
});

describe("what cannot be done is said, and nothing is changed", () => {
  const withdrawn = `/editor/articles/${slug}`;
  it.each([
    { id: "no-title", path: "/editor/publish", form: { ...story, title: "?!" }, status: 400 },
    { id: "no-body", path: "/editor/publish", form: { ...story, body: " " }, status: 400 },
    { id: "no-section", path: "/editor/publish", form: { ...story, section: "x" }, status: 400 },
    { id: "no-author", path: "/editor/publish", form: { ...story, author: "x" }, status: 400 },
    {
      id: "taken",
      path: "/editor/publish",
      form: { ...story, title: "Fog signal tested" },
      status: 409,
    },
    { id: "correct-none", path: "/editor/articles/none/correct", form: text, status: 404 },
    { id: "correct-withdrawn", path: `${withdrawn}/correct`, form: text, status: 404 },
    { id: "withdraw-twice", path: `${withdrawn}/withdraw`, form: {}, status: 404 },
    {
      id: "correct-to-nothing",
      path: "/editor/articles/museum-of-small-mistakes/correct",
      form: { ...text, body: "" },
      status: 400,
    },
    { id: "breaking-nothing", path: "/editor/breaking", form: { text: " " }, status: 400 },
  ])("$id: $status", async ({ path, form, status }) => {
    const { desk, logIn, newsroom, post } = openEditorSite();
    newsroom.withdraw(slug);
    const before = newsroom.edition();
    const { cookie, token } = await logIn();
    const response = await post(path, { ...form, token }, cookie);
    expect(response.status).toBe(status);
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect([newsroom.edition(), desk.newest(1)]).toEqual([before, []]);
  });
});

describe("change and purge", () => {
  it.each([
    { id: "publish", path: "/editor/publish", form: story },
    { id: "correct", path: `/editor/articles/${slug}/correct`, form: text },
    { id: "withdraw", path: `/editor/articles/${slug}/withdraw`, form: {} },
    { id: "set", path: "/editor/breaking", form: { text: "Bridge closed." } },
    { id: "clear", path: "/editor/breaking/clear", form: {} },
  ])("are one: $id leaves neither when the outbox cannot take its row", async ({ path, form }) => {
    const { ask, database, desk, failures, logIn, newsroom, post } = openEditorSite();
    const before = [newsroom.edition(), await newsroom.breaking(), newsroom.versionOf(slug)];
    const { cookie, token } = await logIn();
    const trigger = "BEFORE INSERT ON purge_outbox BEGIN SELECT raise(ABORT, 'no room'); END";
    database.exec(`CREATE TRIGGER full ${trigger}`);
    const response = await post(path, { ...form, token }, cookie);
    expect(response.status).toBe(500);
    expect(failures.map(({ message }) => message)).toEqual(["no room"]);
    expect([newsroom.edition(), await newsroom.breaking(), newsroom.versionOf(slug)]).toEqual(
      before,
    );
    database.exec("DROP TRIGGER full");
    expect(desk.newest(1)).toEqual([]);
    expect((await post(path, { ...form, token }, cookie)).status).toBe(303);
    expect(desk.newest(2)).toHaveLength(1);
    expect((await ask("/editor", cookie)).status).toBe(200);
  });

  it("are shown on the desk, which says when there is nowhere to send", async () => {
    const { ask, logIn, post } = openEditorSite();
    const { cookie, token } = await logIn();
    expect(await (await ask("/editor", cookie)).text()).toContain("Nothing was changed yet.");
    await post("/editor/publish", { ...story, title: "<script>alert(1)</script>", token }, cookie);
    const desk = await (await ask("/editor", cookie)).text();
    expect(desk).toContain("No address for purges is set");
    expect(desk).toMatch(/<code>article:script-alert-1-script<\/code>/);
    expect(desk).toContain("not sent");
    expect(desk).toContain("&lt;script&gt;alert(1)");
    expect(desk).not.toContain("<script>alert");
    expect(editorCookieIn((await ask("/editor", cookie)).headers)).toBe("");
  });
});
