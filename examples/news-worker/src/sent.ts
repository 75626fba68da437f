// Reads the text fields of a form or a JSON body. Invalid JSON has no fields.
import type { Context } from "hono";

export async function sentIn(c: Context): Promise<Record<string, string | undefined>> {
  const isJson = c.req.header("content-type")?.startsWith("application/json") === true;
  const sent: unknown = isJson ? await c.req.json().catch(() => null) : await c.req.parseBody();
  if (typeof sent !== "object" || sent === null) return {};
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => typeof value === "string"));
}
