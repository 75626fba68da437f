// Selects the lines of a history around a violation that explain it to a person.
import { Excerpt, type World } from "../../checker/excerpt.ts";
import type { DataViolation } from "./violation.ts";
import { covers } from "./coverage.ts";
import type { DataHistory } from "./operations.ts";

/** The other records of a run with data. */
export interface DataWorld extends Omit<World, "isolates"> {
  readonly notes: readonly { path: string; atMs: number; text: string }[];
}

/** Returns reads of the key, its writes and purges, journal events, losses, faults and lives. */
export function excerptOfData(
  { read, purge }: DataViolation,
  history: DataHistory,
  world: DataWorld,
): string[] {
  if (read === undefined) return [];
  const excerpt = new Excerpt(read, purge?.sentAtMs);
  const isOfKey = ({ path }: { path: string }) => path === read.path;
  const key = history.keys.find(isOfKey);
  excerpt.addReads(history.reads.filter(isOfKey), ({ isolate, version, by }) => {
    return `${isolate} gives version ${version} by ${by}`;
  });
  for (const { version, atMs } of history.writes.filter(isOfKey)) {
    excerpt.add(atMs, `the source has version ${version}`);
  }
  for (const each of history.purges.filter(({ order }) => key && covers(order, key))) {
    const { id, isolate, by, mode, order } = each;
    const said = `${mode} purge ${id} of ${JSON.stringify(order)} by ${by}`;
    excerpt.add(each.sentAtMs, `${isolate} begins the ${said}`);
    excerpt.add(
      each.returnedAtMs,
      `${isolate} answers ${id}: ${each.outcome} ${each.position ?? ""}`,
    );
  }
  for (const { atMs, text } of world.notes.filter(isOfKey)) excerpt.add(atMs, text);
  excerpt.addWorld({ ...world, isolates: history.isolates }, read.place, purge?.position);
  return excerpt.lines;
}
