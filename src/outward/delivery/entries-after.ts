// Reads the journal's entries after a target's cursor.
import type { Entry } from "../../purge/journal/entry.ts";
import type { OutwardPorts } from "../port/outward-target.ts";
import type { Cursor } from "./target-state.ts";

/** The maximum number of entries in a page. */
export const pageCount = 128;

/**
 * Reads a page of entries, oldest first. Then checks that the journal still has the entry at the
 * cursor: if it has, trimming has removed no entry after the cursor before the read.
 */
export async function entriesAfter(
  { position, n }: Cursor,
  { journal }: Pick<OutwardPorts, "journal">,
): Promise<readonly Entry[] | "lost" | "unavailable"> {
  const entries = await journal.after(position, pageCount);
  if ("kind" in entries) return "unavailable";
  if (entries.length === 0) return entries;
  const standing = await journal.standing([{ position, n }]);
  if (standing.kind === "unavailable") return "unavailable";
  return standing.states[0] === "standing" ? entries : "lost";
}
