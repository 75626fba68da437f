// Who may use the demo's editor: its log-in, its session, the token of its forms.
import { describe, expect, it } from "vitest";
import { openEditorSite } from "./demo-editor-site.ts";
import { openSite } from "./demo-origin-site.ts";

const slug = "fog-signal-tested";
const story = { title: "New title", lede: "", body: "New body", section: "town", author: "wren" };

describe("logging in", () => {
  it("sets a session for the desk alone, which scripts and other sites cannot use", async () => {
    const { post } = openEditorSite();
    const response = await post("/editor/log-in", { name: "edit", password: "editor" });
    expect(response.status).toBe(303);
    expect(response.headers.get("location")).toBe("/editor");
    expect(response.headers.get("set-cookie")).toMatch(
      /^editor=[\w-]{32}; Max-Age=28800; Path=\/editor; HttpOnly; SameSite=Lax$/,
    );
  });

  it.each([
    { id: "wrong-password", form: { name: "edit", password: "Editor" } },
    { id: "unknown-name", form: { name: "nobody", password: "editor" } },
    { id: "a-reader", form: { name: "ada", password: "reader" } },
    { id: "empty", form: {} },
  ])("$id gives 401 and no session", async ({ form }) => {
    const { post } = openEditorSite();
    const response = await post("/editor/log-in", form);
    expect(response.status).toBe(401);
    expect(response.headers.get("set-cookie")).toBeNull();
    expect(await response.text()).toContain("do not go together");
  });

  it("is not a reader's, nor a reader's the editor's", async () => {
    const { ask, logIn, post } = openEditorSite();
    expect((await post("/log-in", { name: "edit", password: "editor" })).status).toBe(401);
    const { cookie } = await logIn();
    const asReader = cookie.replace("editor=", "session=");
    expect((await ask("/me", asReader)).status).toBe(303);
    const reader = await post("/log-in", { name: "ada", password: "reader" });
    const asEditor = (reader.headers.get("set-cookie") ?? "").replace(
      /^session=([^;]+).*/,
      "editor=$1",
    );
    expect((await ask("/editor", asEditor)).headers.get("location")).toBe("/editor/log-in");
  });

  it("ends with the log-out, and after eight hours", async () => {
    const { ask, clock, logIn, post } = openEditorSite();
    const { cookie, token } = await logIn();
    const out = await post("/editor/log-out", { token }, cookie);
    expect(out.headers.get("set-cookie")).toMatch(/^editor=; Max-Age=0; Path=\/editor/);
    expect((await ask("/editor", cookie)).status).toBe(303);
    const later = await logIn();
    clock.atMs += 28_800_000 - 1;
    expect((await ask("/editor", later.cookie)).status).toBe(200);
    clock.atMs += 1;
    expect((await ask("/editor", later.cookie)).status).toBe(303);
  });
});

const changes = [
  "/editor/publish",
  `/editor/articles/${slug}/correct`,
  `/editor/articles/${slug}/withdraw`,
  "/editor/breaking",
  "/editor/breaking/clear",
  "/editor/purges/msg_1/send-again",
  "/editor/log-out",
];
const pages = ["/editor", "/editor/log-in", "/editor/purges", `/editor/articles/${slug}`];

describe("every answer of the desk", () => {
  it.each([...pages, "/editor/nowhere", "/editor/articles/unwritten"])(
    "%s is private and never kept, for the editor and for others",
    async (path) => {
      const { ask, logIn } = openEditorSite();
      const { cookie } = await logIn();
      for (const asked of [await ask(path, cookie), await ask(path), await ask(path, "", "HEAD")]) {
        expect(asked.headers.get("cache-control")).toBe("private, no-store");
        expect(asked.headers.get("cache-tag")).toBeNull();
        expect(asked.headers.get("etag")).toBeNull();
      }
    },
  );

  it.each(changes)("POST %s leads strangers to the log-in and changes nothing", async (path) => {
    const { desk, newsroom, post } = openEditorSite();
    const before = newsroom.edition();
    const response = await post(path, { ...story, text: "x" });
    expect(response.headers.get("location")).toBe("/editor/log-in");
    expect(response.headers.get("cache-control")).toBe("private, no-store");
    expect([newsroom.edition(), desk.newest(1)]).toEqual([before, []]);
  });

  it.each(changes)("POST %s without this session's token is refused", async (path) => {
    const { ask, desk, logIn, newsroom, post } = openEditorSite();
    const [{ cookie }, other] = [await logIn(), await logIn()];
    const before = newsroom.edition();
    for (const token of ["", "wrong", other.token, `${other.token}x`]) {
      const response = await post(path, { ...story, text: "x", token }, cookie);
      expect(response.status).toBe(403);
      expect(response.headers.get("cache-control")).toBe("private, no-store");
    }
    expect([newsroom.edition(), desk.newest(1)]).toEqual([before, []]);
    expect((await ask("/editor", cookie)).status).toBe(200);
  });

  it("has no such place on a site without a desk", async () => {
    expect((await openSite().ask("/editor")).status).toBe(404);
  });
});
