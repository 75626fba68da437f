// Encodes and decodes the lists of hot keys that isolates share. An isolate adds at most one list per minute.
import { jsonIn, listIn } from "../../base/json-text.ts";
import { type HotKeyNote, readNote } from "./note.ts";

/** The limits of one list. */
const notesMax = 16;
const topBytesMax = 8_192;

/** Encodes the notes that fit into a list, hottest first. */
export function encodeNotes(hottestFirst: readonly HotKeyNote[]): string {
  const texts: string[] = [];
  let bytes = 2;
  for (const note of hottestFirst.slice(0, notesMax)) {
    const text = JSON.stringify(note);
    const more = new TextEncoder().encode(text).length + 1;
    if (bytes + more > topBytesMax) continue;
    bytes += more;
    texts.push(text);
  }
  return `[${texts.join(",")}]`;
}

/** Decodes a list. Skips invalid notes. */
export function notesIn(list: string): HotKeyNote[] {
  if (list.length > topBytesMax) return [];
  const values = listIn(jsonIn(list)).slice(0, notesMax);
  return values.map(readNote).filter((note) => note !== undefined);
}
