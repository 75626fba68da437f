// How often each article was read. Views are gathered in the isolate for a second, and written behind the
// answers as one query. What an isolate has gathered and not yet written is lost if it ends before that.
import { waitUntil } from "cloudflare:workers";
import { rows } from "./database.ts";

const gatherMs = 1_000;
let gathered = new Map<string, number>();

export const views = {
  add(slug: string): void {
    if (gathered.size === 0) waitUntil(writeGathered());
    gathered.set(slug, (gathered.get(slug) ?? 0) + 1);
  },

  /** What the database holds, and what this isolate has yet to write. */
  async get(slug: string): Promise<number> {
    const found = await rows<{ count: number }>("SELECT count FROM views WHERE slug = ?", slug);
    return (found[0]?.count ?? 0) + (gathered.get(slug) ?? 0);
  },

  /** The most read, the most read first. */
  async top(count: number): Promise<(readonly [slug: string, count: number])[]> {
    const select = "SELECT slug, count FROM views ORDER BY count DESC, slug LIMIT ?";
    const found = await rows<{ slug: string; count: number }>(select, count);
    return found.map((row) => [row.slug, row.count]);
  },
};

async function writeGathered(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, gatherMs));
  const counts = Object.fromEntries(gathered);
  gathered = new Map();
  await rows(
    `INSERT INTO views (slug, count) SELECT key, value FROM json_each(?) WHERE true
     ON CONFLICT (slug) DO UPDATE SET count = views.count + excluded.count`,
    JSON.stringify(counts),
  );
}
