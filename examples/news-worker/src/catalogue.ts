// The catalogue of sections, which is cached for a day. One `clear()` replaces it as a whole.
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

/**
 * Finds a section in the whole list, so that a made-up address costs no query and no space in the
 * cache.
 */
export const section = async (id: string): Promise<Section | null> =>
  (await sections()).find((one) => one.id === id) ?? null;

/** Renames a section, and clears the catalogue, so that no older value is used again. */
export async function renameSection(id: string, title: string): Promise<void> {
  await rows("UPDATE sections SET title = ? WHERE id = ?", title, id);
  await catalogue.clear();
}
