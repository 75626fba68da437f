// Settings of the site. The cron trigger reloads them every minute, so no reader waits for the
// database.
import { cache } from "./cache.ts";
import { rows } from "./database.ts";

export interface Settings {
  readonly name: string;
  readonly motto: string;
}

const kept = cache.namespace<Settings, string>("settings", {
  // Longer than the minute between two runs, so that one run can fail without effect.
  fresh: "3m",
  stale: "1d",
  // The cron trigger reloads these keys if they are older than `refresh`.
  keys: ["site"],
  refresh: "30s",
  load: async () => new Map([["site", await readSettings()]]),
});

export const settings = async () => kept.getOrSet("site") as Promise<Settings>;

/** Changes only the database. The next run of the cron trigger loads the change. */
export const saveSetting = (name: keyof Settings, value: string) =>
  rows("UPDATE settings SET value = ? WHERE name = ?", value, name);

async function readSettings(): Promise<Settings> {
  const found = await rows<{ name: string; value: string }>("SELECT name, value FROM settings");
  const values = new Map(found.map(({ name, value }) => [name, value]));
  return { name: values.get("name") ?? "", motto: values.get("motto") ?? "" };
}
