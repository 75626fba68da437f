// POST /_cache/warm: loads pages and data keys into the tiers, one part of the list per call.
import type { DataBesidePages } from "../data-beside-pages.ts";
import type { Reason } from "../base/operator-error.ts";
import { inTurns } from "../proxy/warm/pool.ts";
import { SubrequestBudget } from "../proxy/warm/subrequest-budget.ts";
import type { Context } from "../proxy/site/exchange.ts";
import { warmPage } from "../proxy/warm/warm-page.ts";
import type { OperatorAnswer, WarmAnswer } from "../protocol/answers.ts";
import { bodyUpTo } from "./access/request-body.ts";
import { errorsOf, jsonAnswer } from "./json-answers.ts";
import { type ReadOrder, type ReadPage, readWarmOrder, warmBytesMax } from "./warm-order.ts";
import { reportOfPage } from "./warm-report.ts";

export interface WarmSettings {
  readonly context: Context;
  /** `undefined` if the Worker has no data cache. */
  readonly data: Pick<DataBesidePages, "warming"> | undefined;
  /** Reads the journal to its end; `undefined` without one. */
  readonly catchUp: (() => Promise<void>) | undefined;
}

/** The number of pages for a call without a limit. */
const pagesUnlessSet = 8;

/** The limit of keys in one load, and in one Redis command. */
const keysAtOnceMax = 100;

/**
 * Answers `POST /_cache/warm` with `WarmOrder`. A call processes pages, or up to 100 keys of one
 * namespace. Without a limit, it warms at most 8 pages, within the 50 subrequests of the free plan.
 * A plain page costs 5 subrequests, and a page that varies costs 7. Keys cost two round trips to
 * Redis plus their load.
 *
 * @returns 200 with a result per item, and the next cursor; 400, 408 or 413 with an error
 */
export async function warmRoute(request: Request, settings: WarmSettings): Promise<Response> {
  const bounds = { bytesMax: warmBytesMax, hintOfLarge: "Send several lists." };
  const bytes = await bodyUpTo(request, bounds);
  if ("why" in bytes) return refused(bytes.status, bytes.code, bytes);
  const order = readWarmOrder(new TextDecoder().decode(bytes), new URL(request.url));
  if ("why" in order) return refused(400, "malformed", order);
  const wrong = whyNoData(order, settings);
  if (wrong !== undefined) return refused(400, "malformed", wrong);
  const { cursor, limit, pages, total } = order;
  // Read the latest purges first. Otherwise this isolate would report purged pages as fresh.
  if (cursor < total) await settings.catchUp?.();
  const done =
    cursor < pages.length
      ? await warmPages(pages.slice(cursor, cursor + (limit ?? pagesUnlessSet)), order, settings)
      : await warmData(order, settings);
  const next = cursor + done.length;
  const answer: OperatorAnswer<"warm"> = { done, next: next < total ? next : null, total };
  return jsonAnswer(answer);
}

/**
 * Warms pages. An explicit limit replaces the budget, because the sender may have a larger plan.
 */
async function warmPages(
  pages: readonly ReadPage[],
  { limit }: ReadOrder,
  { context }: WarmSettings,
): Promise<readonly WarmAnswer[]> {
  const { site } = context;
  const budget = limit === undefined ? new SubrequestBudget(site.tiers) : undefined;
  const routeOf = ({ request: { url } }: ReadPage) =>
    site.readUrl({ url: new URL(url).href, method: "GET" }).route;
  const work = async (page: ReadPage) => {
    const warmedPage = await warmPage(page.request, context);
    budget?.ended(routeOf(page), warmedPage);
    return warmedPage;
  };
  const mayBegin = (page: ReadPage) => budget?.begin(routeOf(page)) ?? true;
  const results = await inTurns(pages, { work, mayBegin }, context.nowAtMs);
  return results.map((one, at) => {
    const warmed = reportOfPage(pages[at]?.page ?? "", one);
    site.metrics.add("warmed", ["pages", warmed.result]);
    return warmed;
  });
}

async function warmData(
  { data: batches, cursor }: ReadOrder,
  { context, data }: WarmSettings,
): Promise<readonly WarmAnswer[]> {
  const batch = batches.find(({ keys, from }) => cursor < from + keys.length);
  if (batch === undefined || data === undefined) return [];
  const { namespace, from } = batch;
  const keys = batch.keys.slice(cursor - from, cursor - from + keysAtOnceMax);
  const results = await data.warming.load(namespace, keys);
  for (const { result } of results) context.site.metrics.add("warmed", ["data", result]);
  return keys.map((key, at) => Object.assign({ namespace, key }, results[at]));
}

function whyNoData({ data: batches }: ReadOrder, { data }: WarmSettings): Reason | undefined {
  if (batches.length === 0) return undefined;
  if (data === undefined) {
    const why = "This Worker has no cache for data.";
    return { why, hint: "Pass one as the option data, or omit data." };
  }
  for (const { namespace, keys } of batches) {
    const why = data.warming.whyNot(namespace, keys);
    if (why !== undefined) return why;
  }
  return undefined;
}

const refused = errorsOf("Nothing was warmed.");
