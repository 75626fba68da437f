// Would an answer from a tier be refreshed behind it?
import type { QuietSite } from "./quiet-context.ts";
import { isRefreshDue } from "../../proxy/reuse/early-refresh.ts";
import type { Search } from "../../proxy/reuse/search.ts";
import type { Answering } from "../../proxy/reuse/verdict.ts";

/** `by chance`: the nearer its expiry, the likelier. */
export type RefreshDue = "yes" | "by chance" | "no";

/** Draws no random number: asks with the lowest and with the highest number that may be drawn. */
export function refreshDue(
  answer: Answering,
  { asked, exchange, atMs }: Search<QuietSite>,
): RefreshDue {
  const isDue = (draw: number) =>
    isRefreshDue(answer, {
      asked,
      atMs,
      exchange: { ...exchange, site: { ...exchange.site, random: () => draw } },
    });
  if (isDue(1)) return "yes";
  return isDue(Number.MIN_VALUE) ? "by chance" : "no";
}
