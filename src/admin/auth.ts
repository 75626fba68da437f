// Who may use the operator's routes: the bearer of ADMIN_TOKEN (RFC 6750 §2.1).
import type { Secret } from "../platform/secrets.ts";
import { type Fault, isFault } from "../operator-error.ts";
import { toldError } from "./told.ts";

/** Is the request of the token's bearer? */
export async function isAuthorized(request: Request, adminToken: string): Promise<boolean> {
  const [, given] = /^Bearer +(\S+) *$/i.exec(request.headers.get("authorization") ?? "") ?? [];
  return given !== undefined && isToken(given, adminToken);
}

/** Compares digests under a random key, so that timing tells nothing of the token. */
export async function isToken(given: string, adminToken: string): Promise<boolean> {
  const uses = ["sign", "verify"] as const;
  const key = await crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, uses);
  const bytes = (text: string) => new TextEncoder().encode(text);
  const expected = await crypto.subtle.sign("HMAC", key, bytes(adminToken));
  return crypto.subtle.verify("HMAC", key, expected, bytes(given));
}

/** @returns why a route stays shut; `undefined` for the bearer of a usable token */
export async function refusalOfBearer(
  request: Request,
  adminToken: Exclude<Secret, undefined>,
): Promise<Response | undefined> {
  const what = "This route was not opened.";
  if (isFault(adminToken)) return notUsable(adminToken, what);
  if (await isAuthorized(request, adminToken)) return undefined;
  const why = request.headers.has("authorization")
    ? "The Authorization field does not hold this deployment's ADMIN_TOKEN as a bearer."
    : "The request has no Authorization field.";
  const mend =
    'Send "Authorization: Bearer <ADMIN_TOKEN>", with the value that was set as the secret ADMIN_TOKEN.';
  const error = { code: "unauthorized", what, why, mend };
  return toldError(401, error, { "www-authenticate": "Bearer" });
}

/** @param fault says nothing of the secret itself but what makes it of no use */
export function notUsable(fault: Fault, what: string): Response {
  const why = `On this deployment, ${fault.what} ${fault.why}`;
  return toldError(503, { code: "not-usable", what, why, mend: fault.mend });
}
