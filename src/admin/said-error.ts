// Errors of the operator's routes: what happened, why, and what would be right.

export interface Said {
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

export function saidError(
  status: number,
  error: Said,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return Response.json({ error }, { status, headers: { "cache-control": "no-store", ...headers } });
}
