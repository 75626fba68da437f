// The pages that we write ourselves: plain text that says what a visitor can do, and nothing of
// what stands behind.
import { cacheStatus, type Handling } from "../http/cache-status.ts";

const sentences: Readonly<Record<number, string>> = {
  404: "404 Not Found\n\nThere is nothing at this address.\n",
  500: "500 Internal Server Error\n\nThis request could not be handled. Please try again.\n",
  502: "502 Bad Gateway\n\nThe site cannot be reached just now. Please try again in a moment.\n",
  504: "504 Gateway Timeout\n\nThe site did not answer in time. Please try again in a moment.\n",
};

/** @param handling what to tell in Cache-Status, where the request was for the site */
export function plainPage(status: 404 | 500 | 502 | 504, handling?: Handling): Response {
  const headers = new Headers({
    "content-type": "text/plain; charset=utf-8",
    "cache-control": "no-store",
  });
  if (handling !== undefined) headers.set("cache-status", cacheStatus(handling));
  return new Response(sentences[status] ?? null, { status, headers });
}
