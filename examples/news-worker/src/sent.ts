// What a form or a JSON body has sent, as texts. Nothing of it where the body is no JSON.
import type { Context } from "hono";

export async function sentIn(c: Context): Promise<Record<string, string | undefined>> {
  const isJson = c.req.header("content-type")?.startsWith("application/json") === true;
  const sent: unknown = isJson ? await c.req.json().catch(() => null) : await c.req.parseBody();
  if (typeof sent !== "object" || sent === null) return {};
  return Object.fromEntries(Object.entries(sent).filter(([, value]) => typeof value === "string"));
}
