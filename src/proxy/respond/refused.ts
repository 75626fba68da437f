// Answers with one of Tidemark's own pages.
import { settle } from "../../observe/decision.ts";
import type { Exchange } from "../site/exchange.ts";
import { type PlainPage, plainPage } from "./plain-page.ts";

/** Builds the page, and counts the answer. */
export function refused(page: PlainPage, exchange: Exchange): Response {
  exchange.decision.outcome = page === "limited" ? "limited" : "failed";
  settle(exchange);
  return plainPage(page);
}
