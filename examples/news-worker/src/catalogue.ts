// The catalogue of sections: kept for a day, and replaced as a whole by one `clear()`.
import { cache } from "./cache.ts";
import { rows } from "./database.ts";

export interface Section {
  readonly id: string;
  readonly title: string;
}

const catalogue = cache.namespace<readonly Section[]>("catalogue", { fresh: "1d" });

export async function sections(): Promise<readonly Section[]> {
  const load = () => rows<Section>("SELECT id, title FROM sections ORDER BY title");
  return (await catalogue.getOrSet("all", load)) ?? [];
}

/** Found in the whole list, so that an address that somebody makes up costs no query and no place in the cache. */
export const section = async (id: string): Promise<Section | null> =>
  (await sections()).find((one) => one.id === id) ?? null;

/** A new version of the whole catalogue: no value from before is used again. */
export async function renameSection(id: string, title: string): Promise<void> {
  await rows("UPDATE sections SET title = ? WHERE id = ?", title, id);
  await catalogue.clear();
}
