// The breaking line. It is read from the database whenever its page is made, which is rare: see its route.
import { firstRow, rows } from "./database.ts";

export const breakingTag = "breaking";

export async function breakingLine(): Promise<string> {
  const select = "SELECT text FROM breaking ORDER BY said_at_ms DESC LIMIT 1";
  return (await firstRow<{ text: string }>(select))?.text ?? "";
}

export const sayBreaking = (text: string) =>
  rows("INSERT OR REPLACE INTO breaking (said_at_ms, text) VALUES (?, ?)", Date.now(), text);
