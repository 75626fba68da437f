// Predicts whether an answer from a tier would start a background refresh.
import type { QuietSite } from "./quiet-context.ts";
import { isRefreshDue } from "../../proxy/reuse/early-refresh.ts";
import type { Search } from "../../proxy/reuse/search.ts";
import type { AnsweringVerdict } from "../../proxy/reuse/verdict.ts";

/** `by chance`: the probability rises as expiry approaches. */
export type RefreshDue = "yes" | "by chance" | "no";

/** Predicts the refresh from the lowest and the highest random number, without drawing one. */
export function refreshDue(
  answer: AnsweringVerdict,
  { lookup, exchange, atMs }: Search<QuietSite>,
): RefreshDue {
  const isDue = (draw: number) =>
    isRefreshDue(answer, {
      lookup,
      atMs,
      exchange: { ...exchange, site: { ...exchange.site, random: () => draw } },
    });
  if (isDue(1)) return "yes";
  return isDue(Number.MIN_VALUE) ? "by chance" : "no";
}
