// Sessions of readers. A signed cookie contains the reader's name. Passwords are stored as salted
// hashes.
import { env } from "cloudflare:workers";
import type { Context } from "hono";
import { getSignedCookie, setSignedCookie } from "hono/cookie";
import { timingSafeEqual } from "hono/utils/buffer";
import { firstRow } from "./database.ts";
import { passwordHash } from "./password-hash.ts";

const cookieName = "reader";

export async function signIn(c: Context, name: string, password: string): Promise<boolean> {
  const select = "SELECT password_salt AS salt, password_hash AS hash FROM readers WHERE name = ?";
  const found = await firstRow<{ salt: string; hash: string }>(select, name);
  // Hash the password even for an unknown name, so that the response time does not reveal which
  // readers exist.
  const hash = await passwordHash(password, found?.salt ?? "nobody");
  if (found === null || !(await timingSafeEqual(hash, found.hash))) return false;
  const secure = new URL(c.req.url).protocol === "https:";
  const how = { httpOnly: true, sameSite: "Lax", path: "/", secure, maxAge: 30 * 86_400 } as const;
  await setSignedCookie(c, cookieName, name, env.SESSION_SECRET, how);
  return true;
}

export async function readerOf(c: Context): Promise<string | undefined> {
  const name = await getSignedCookie(c, env.SESSION_SECRET, cookieName);
  return name === false ? undefined : name;
}
