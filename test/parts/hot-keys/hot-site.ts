// Opens a site that refreshes hot keys, in three colos that sample every hit by default.
import { hotKeys } from "../../../src/parts/hot-keys/hot-keys.ts";
import type { ConfigInput } from "../../../src/config/schema.ts";
import type { HotKeyNote } from "../../../src/parts/hot-keys/note.ts";
import { notesIn } from "../../../src/parts/hot-keys/stream.ts";
import { listsIn } from "../../../src/parts/operate/reports/redis-lists.ts";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { FakeUpstash } from "../../../testing/fakes/fake-upstash.ts";
import { type AskInit, host, openColos, type Site } from "../../../testing/site/harness.ts";
import { cc, page, type Script } from "../../../testing/fakes/origin-in-process.ts";

export const siteEnv = { SITE_HOST: host, ADMIN_TOKEN: "admin-of-this-site" };

export interface HotSite {
  readonly clock: FakeClock;
  readonly upstash: FakeUpstash;
  readonly colos: readonly [Site, Site, Site];
  /** Returns the isolates' reports of hot keys, the newest first. */
  readonly told: () => HotKeyNote[];
}

/** Answers with numbered pages that have a lifetime of two minutes. */
export const numbered: Script = (_, nth) => page(`page ${nth}`, cc("max-age=120"));

/** @param settings.random 0 samples every hit, 0.99 none */
export function openHotSite(
  settings: {
    config?: ConfigInput;
    origin?: Script;
    random?: number;
    env?: Readonly<Record<string, string>>;
  } = {},
): HotSite {
  const clock = new FakeClock();
  // Avoid the minute in which an isolate renews the expiry of the stream.
  clock.advance(300);
  const upstash = new FakeUpstash(clock);
  const [near, far, desk] = openColos(3, {
    config: { parts: [hotKeys(10)], ...settings.config },
    env: { ...siteEnv, ...settings.env },
    origin: settings.origin ?? numbered,
    random: settings.random ?? 0,
    clock,
    upstash,
  });
  const told = () => listsIn(upstash.hot.reversed(["+", "-"])).flatMap(notesIn);
  return { clock, upstash, colos: [near!, far!, desk!], told };
}

/** Requests pages often enough to be sampled, and once more after a minute, which reports them. */
export async function heat(site: Site, paths: readonly string[], init: AskInit = {}) {
  for (const path of paths) for (let asked = 0; asked < 3; asked += 1) await site.get(path, init);
  site.clock.advance(60);
  for (const path of paths) await site.get(path, init);
}

/** Adds a report to the stream, like an isolate or another writer. */
export function plant({ upstash }: HotSite, notes: unknown): void {
  const top = typeof notes === "string" ? notes : JSON.stringify(notes);
  upstash.hot.add(["MAXLEN", "~", "256", "*", "v", "1", "top", top]);
}

export async function hotKeyCounts(site: Site): Promise<Record<string, number>> {
  const { text } = await site.get("/_cache/stats", {
    headers: { authorization: "Bearer admin-of-this-site" },
  });
  return (JSON.parse(text) as { hotKeys: Record<string, number> }).hotKeys;
}
