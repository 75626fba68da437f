// Opens the demo news site with its editor's desk, without a port and with nowhere to purge.
import { createAccounts } from "../../local/demo-origin/accounts.ts";
import { createDemoApp } from "../../local/demo-origin/demo-app.ts";
import { createEditorial } from "../../local/demo-origin/editorial.ts";
import { createNewsroom } from "../../local/demo-origin/newsroom.ts";
import { createPurgeDesk } from "../../local/demo-origin/purge-desk.ts";
import { createReaders } from "../../local/demo-origin/readers.ts";
import { openDatabase } from "../../local/demo-origin/schema.ts";
import { openedAtMs } from "./demo-origin-site.ts";

export const tokenIn = (page: string): string =>
  /name="token" value="([^"]+)"/.exec(page)?.[1] ?? "";
export const editorCookieIn = (headers: Headers): string =>
  /^editor=[^;]+/.exec(headers.get("set-cookie") ?? "")?.[0] ?? "";

export function openEditorSite() {
  const clock = { atMs: openedAtMs };
  const database = openDatabase(":memory:");
  const nowAtMs = () => clock.atMs;
  const given = { database, queryMs: 0, nowAtMs };
  const newsroom = createNewsroom(given);
  const desk = createPurgeDesk(database, nowAtMs);
  const editors = createAccounts({ database, of: "editors", lifetimeSeconds: 28_800, nowAtMs });
  const editorsRoom = { editors, editorial: createEditorial({ database, newsroom, desk }), desk };
  const failures: Error[] = [];
  const readers = createReaders(given);
  const reportError = (error: Error) => failures.push(error);
  const app = createDemoApp({ newsroom, readers, editorsRoom, nowAtMs, reportError });
  const ask = async (path: string, cookie = "", method = "GET") =>
    app.request(path, { method, headers: { cookie } });
  const post = async (path: string, form: Record<string, string>, cookie = "") =>
    app.request(path, { method: "POST", body: new URLSearchParams(form), headers: { cookie } });
  /** A session and the token of its forms. */
  const logIn = async (): Promise<{ cookie: string; token: string }> => {
    const response = await post("/editor/log-in", { name: "edit", password: "editor" });
    const cookie = editorCookieIn(response.headers);
    return { cookie, token: tokenIn(await (await ask("/editor", cookie)).text()) };
  };
  /** What the newest purge asks for. */
  const purged = () => desk.newest(1)[0]?.order;
  return { clock, database, newsroom, desk, failures, ask, post, logIn, purged };
}
