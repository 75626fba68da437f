// Opens the demo news site without a port, under a clock that tests move.
import { loadAssets } from "../../local/demo-origin/assets.ts";
import { createDemoApp } from "../../local/demo-origin/demo-app.ts";
import { createNewsroom, type Newsroom } from "../../local/demo-origin/newsroom.ts";
import { createReaders } from "../../local/demo-origin/readers.ts";

/** The start of each site's clock: a quarter of a second after a whole second. */
export const openedAtMs = Date.UTC(2026, 10, 20, 12, 0, 0, 250);

/** @param instead replaces parts of the newsroom */
export function openSite(instead: (newsroom: Newsroom) => Partial<Newsroom> = () => ({})) {
  const clock = { atMs: openedAtMs };
  const nowAtMs = () => clock.atMs;
  const newsroom = createNewsroom(0);
  const failures: Error[] = [];
  const app = createDemoApp(
    {
      newsroom: { ...newsroom, ...instead(newsroom) },
      readers: createReaders(nowAtMs),
      assets: loadAssets(),
      nowAtMs,
      siteUrl: undefined,
    },
    (error) => failures.push(error),
  );
  const ask = async (path: string, fields: Record<string, string> = {}, method = "GET") =>
    app.request(path, { headers: fields, method });
  const post = async (path: string, form: Record<string, string>, cookie = "") =>
    app.request(path, { method: "POST", body: new URLSearchParams(form), headers: { cookie } });
  const logIn = async (name: string): Promise<string> => {
    const response = await post("/log-in", { name, password: "reader" });
    return /^session=[^;]+/.exec(response.headers.get("set-cookie") ?? "")?.[0] ?? "";
  };
  return { clock, failures, ask, post, logIn };
}
