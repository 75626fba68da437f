// The breaking line. It is read from the database for each new response, which is rare, because the
// route `breaking` caches the page.
import { firstRow, rows } from "./database.ts";

export const breakingTag = "breaking";

export async function breakingLine(): Promise<string> {
  const select = "SELECT text FROM breaking ORDER BY said_at_ms DESC LIMIT 1";
  return (await firstRow<{ text: string }>(select))?.text ?? "";
}

export const sayBreaking = (text: string) =>
  rows("INSERT OR REPLACE INTO breaking (said_at_ms, text) VALUES (?, ?)", Date.now(), text);
