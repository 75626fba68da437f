// The header fields of a debug request, in lower case. The answer to a debug request includes its
// explanation.

/** The request field with the admin token, or with a token derived from the admin token. */
export const debugField = "tidemark-debug";

/** Returns the request without the field, which no origin may receive. */
export function withoutDebugField(request: Request): Request {
  const headers = new Headers(request.headers);
  headers.delete(debugField);
  return new Request(request, { headers });
}

/** The response field with the explanation as JSON, shortened to fit into a field. */
export const explainField = "tidemark-explain";
