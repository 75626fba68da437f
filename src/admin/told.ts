// Answers of the operator's routes: JSON that nobody may store.
import type { Fault } from "../operator-error.ts";

type Fields = Readonly<Record<string, string>>;

/** What was asked for. */
export function told(said: object, status = 200, headers: Fields = {}): Response {
  return Response.json(said, { status, headers: { "cache-control": "no-store", ...headers } });
}

/** What happened, why, and what would be right, as `{"error": {code, what, why, mend}}`. */
export function toldError(
  status: number,
  { code, what, why, mend }: Fault & { readonly code: string },
  headers?: Fields,
): Response {
  return told({ error: { code, what, why, mend } }, status, headers);
}
