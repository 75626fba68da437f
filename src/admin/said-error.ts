// Errors of the operator's routes: what happened, why, and what would be right.
import type { Fault } from "../operator-error.ts";

export interface Said extends Fault {
  readonly code: string;
}

/** An error as JSON, `{"error": {code, what, why, mend}}`, which nobody may store. */
export function saidError(
  status: number,
  error: Said,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store", ...headers } });
}
