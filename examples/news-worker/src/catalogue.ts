// The catalogue of sections: kept for a day, and replaced as a whole by one `bump()`.
import { cache } from "./cache.ts";
import { rows } from "./database.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
  readonly articleCount: number;
}

const catalogue = cache.namespace<readonly Section[]>("catalogue", {
  fresh: "1d",
});

const select = `SELECT id, title, (SELECT count(*) FROM articles WHERE section = sections.id)
  AS articleCount FROM sections`;

export const sections = async () =>
  (await catalogue.getOrSet("all", () => rows<Section>(`${select} ORDER BY title`))) ?? [];

export async function section(id: string) {
  const load = () => rows<Section>(`${select} WHERE id = ?`, id);
  const found = await catalogue.getOrSet(["one", id], load);
  return found?.[0] ?? null;
}

/** A new version of the whole catalogue: no value from before is used again. */
export async function renameSection(id: string, title: string): Promise<void> {
  await rows("UPDATE sections SET title = ? WHERE id = ?", title, id);
  await catalogue.bump();
}
