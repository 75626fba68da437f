// An answer of our own in place of what was asked for.
import { type Decision, settle, type SettlePorts } from "../../observe/decision.ts";
import { type PlainPage, plainPage } from "./plain-page.ts";

/** Answers with a page of our own, which is counted. */
export function refused(page: PlainPage, decision: Decision, ports: SettlePorts): Response {
  decision.outcome = page === "limited" ? "limited" : "failed";
  settle(decision, ports);
  return plainPage(page);
}
