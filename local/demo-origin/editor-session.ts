// Who may use the editor's pages: a session of an editor and, for changes, a token of that session.
import { createHmac, timingSafeEqual } from "node:crypto";
import type { Context } from "hono";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import type { Accounts } from "./accounts.ts";
import type { DemoEnv } from "./demo-env.ts";

export const editorSessionSeconds = 8 * 3_600;
const editorCookie = "editor";
const cookiePath = "/editor";

/** @returns the token that the session's forms carry; `undefined` when nobody is logged in */
export function formTokenOf(context: Context<DemoEnv>, editors: Accounts): string | undefined {
  const sessionId = getCookie(context, editorCookie);
  if (sessionId === undefined || editors.nameOf(sessionId) === undefined) return undefined;
  // Made from the session, so that it need not be stored; it does not tell the session's id.
  return createHmac("sha256", sessionId).update("editor's forms").digest("base64url");
}

export function isSameToken(expected: string, given: string): boolean {
  const [left, right] = [Buffer.from(expected), Buffer.from(given)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function beginSession(context: Context<DemoEnv>, sessionId: string): void {
  // Not Secure: the demo is served on plain http://localhost.
  setCookie(context, editorCookie, sessionId, {
    path: cookiePath,
    httpOnly: true,
    sameSite: "Lax",
    maxAge: editorSessionSeconds,
  });
}

export function endSession(context: Context<DemoEnv>, editors: Accounts): void {
  const sessionId = getCookie(context, editorCookie);
  if (sessionId !== undefined) editors.logOut(sessionId);
  deleteCookie(context, editorCookie, { path: cookiePath });
}
