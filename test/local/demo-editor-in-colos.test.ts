// The demo's editor behind two real colos: every change is seen in both within the promised time.
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { startSite, type Site } from "../../local/site.ts";
import { defaultConfigPath } from "../../local/load-config.ts";
import { editorCookieIn, tokenIn } from "./demo-editor-site.ts";

const slug = "fog-signal-tested";
const options = {
  origin: undefined,
  redis: undefined,
  config: defaultConfigPath,
  port: 0,
  colos: 2,
  rttMs: 0,
  replicaLagMs: 0,
};
let site: Site;

beforeAll(async () => {
  site = await startSite(options, {});
});
afterAll(() => site?.stop());

it("shows in both colos what the editor changed behind Tidemark", async () => {
  const editorUrl = site.editorUrl ?? "";
  expect(editorUrl).toBe(`${site.colos[0]?.url}/editor`);
  const ask = (path: string, cookie: string) =>
    fetch(`${editorUrl}${path}`, { headers: { cookie } });
  const post = (path: string, form: Record<string, string>, cookie: string) =>
    fetch(`${editorUrl}${path}`, {
      method: "POST",
      redirect: "manual",
      headers: { cookie },
      body: new URLSearchParams(form),
    });
  const { headers } = await post("/log-in", { name: "edit", password: "editor" }, "");
  const cookie = editorCookieIn(headers);
  const desk = await ask("", cookie);
  expect(desk.headers.get("cache-control")).toBe("private, no-store");
  const token = tokenIn(await desk.text());
  expect(await (await ask(`/articles/${slug}`, cookie)).text()).toContain(
    "colo-1 version 1, colo-2 version 1",
  );

  await post(`/articles/${slug}/correct`, { title: "T", lede: "", body: "B", token }, cookie);
  await post("/breaking", { text: "Bridge closed.", token }, cookie);
  const seen = async () => {
    const list = (await (await ask("/purges", cookie)).text()).replaceAll(/<[^>]*>/g, "");
    return [...list.matchAll(/colo-\d (\d+\.\d) s/g)].map(([, seconds]) => Number(seconds));
  };
  await vi.waitFor(async () => expect(await seen()).toHaveLength(4), {
    timeout: 15_000,
    interval: 250,
  });
  // What is seen at a look came at most one pause and one answer earlier.
  expect(Math.max(...(await seen()))).toBeLessThan(11);
  for (const { url } of site.colos) {
    const article = await fetch(`${url}/articles/${slug}`);
    expect(article.headers.get("page-version")).toBe("2");
    expect(await (await fetch(`${url}/breaking`)).text()).toContain("Bridge closed.");
  }
}, 30_000);
