// The pages that we write ourselves: plain text that says what a visitor can do, and nothing of
// what stands behind.
const sentences: Readonly<Record<number, string>> = {
  404: "404 Not Found\n\nThere is nothing at this address.\n",
  500: "500 Internal Server Error\n\nThis request could not be handled. Please try again.\n",
  502: "502 Bad Gateway\n\nThe site cannot be reached just now. Please try again in a moment.\n",
  503: "503 Service Unavailable\n\nThe site is down just now. Please try again in a moment.\n",
  504: "504 Gateway Timeout\n\nThe site did not answer in time. Please try again in a moment.\n",
};

const retryAfterSeconds = "5";

/** Without Cache-Status: RFC 9211 §2 leaves it off what is generated here. */
export function plainPage(status: 404 | 500 | 502 | 503 | 504): Response {
  const headers = {
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
    ...(status === 503 ? { "retry-after": retryAfterSeconds } : {}),
  };
  return new Response(sentences[status] ?? null, { status, headers });
}
