// POST /_cache/warm: loads pages and data keys into the tiers, one part of the list per call.
import * as v from "valibot";
import { pathOf } from "../../../base/schemas.ts";
import type { DataBesidePages } from "../../../compose/data-beside-pages.ts";
import type { Reason } from "../../../base/operator-error.ts";
import { SubrequestBudget, warmInTurns } from "./subrequest-budget.ts";
import type { Context } from "../../../pages/site/exchange.ts";
import type { PageRequest } from "./warm-page.ts";
import type { OperatorAnswer, WarmAnswer } from "../../../protocol/answers.ts";
import { bodyUpTo } from "../../../admin/access/request-body.ts";
import { errorsOf, jsonAnswer } from "../../../admin/json-answers.ts";
import { reportOfPage } from "./warm-report.ts";
import { jsonIn } from "../../../base/json-text.ts";
import { type PageToWarm, type WarmOrder, warmOrder } from "../../../protocol/operator-orders.ts";
import { askedUrl } from "../explain/asked-url.ts";

interface WarmSettings {
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
  const { tiers, metrics } = context.site;
  const budget = limit === undefined ? new SubrequestBudget(tiers) : undefined;
  const requests = pages.map(({ request }) => request);
  const results = await warmInTurns(requests, { context, budget });
  return results.map((one, at) => {
    const warmed = reportOfPage(pages[at]?.page ?? "", one);
    metrics.add("warmed", ["pages", warmed.result]);
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

/** Size limit of an order, which contains the whole list in each call. */
const warmBytesMax = 262_144;
const keysMax = 10_000;

/** A page as the sender wrote it, and the request for this page. */
export interface ReadPage {
  readonly page: string;
  readonly request: PageRequest;
}

/** Keys of one namespace; `from` is the number of items before these keys in the list. */
interface KeyBatch {
  readonly namespace: string;
  readonly keys: readonly (string | number)[];
  readonly from: number;
}

/** The whole list of an order, and the position and limit of the part that this call processes. */
interface ReadOrder {
  readonly pages: readonly ReadPage[];
  readonly data: readonly KeyBatch[];
  readonly cursor: number;
  /** The limit of pages; `undefined`: up to 8, within the subrequest budget. */
  readonly limit: number | undefined;
  readonly total: number;
}

const example = 'Send JSON such as {"pages": ["/", "/news/"]}.';

/**
 * Parses an order.
 *
 * @param operator the URL of the operator's request; its host completes paths
 */
function readWarmOrder(body: string, operator: URL): ReadOrder | Reason {
  const parsed = jsonIn(body);
  if (parsed === undefined) return { why: "The body is not JSON.", hint: example };
  const checked = v.safeParse(warmOrder, parsed);
  if (!checked.success) {
    const [issue] = checked.issues;
    return { why: `${placeOf(pathOf(issue))} ${issue.message}.`, hint: example };
  }
  return readList(checked.output, operator);
}

function placeOf(path: readonly unknown[]): string {
  const [field, ...rest] = path.map(String);
  return field === undefined ? "The body" : `${field}${rest.map((part) => `[${part}]`).join("")}`;
}

function readList(order: WarmOrder, operator: URL): ReadOrder | Reason {
  const { pages: sent = [], data: namespaces = {}, cursor = 0, limit } = order;
  const pages: ReadPage[] = [];
  for (const [at, page] of sent.entries()) {
    const read = readPage(typeof page === "string" ? { url: page } : page, operator);
    if ("why" in read) return { ...read, why: `pages[${at}]: ${read.why}` };
    pages.push(read);
  }
  let total = pages.length;
  const data = Object.entries(namespaces).map(([namespace, keys]): KeyBatch => {
    const from = total;
    total += keys.length;
    return { namespace, keys, from };
  });
  // A generated list may be empty, but an order without any list is a mistake.
  if (order.pages === undefined && order.data === undefined) {
    return { why: "The order has neither pages nor data.", hint: example };
  }
  if (total - pages.length > keysMax) {
    return { why: `The list names more than ${keysMax} keys.`, hint: "Send several lists." };
  }
  if (cursor > total) {
    const why = `cursor is ${cursor}, but the length of the list is only ${total}.`;
    return { why, hint: "Send next from the previous answer, with the same list." };
  }
  return { pages, data, cursor, limit, total };
}

function readPage({ url: text, headers = {} }: PageToWarm, operator: URL): ReadPage | Reason {
  const url = askedUrl(
    text,
    operator,
    "Write https://www.example.com/news/, or a path such as /news/.",
  );
  if (typeof url !== "string") return url;
  try {
    const request = { url, headers: new Headers(headers), ownHost: operator.host };
    return { page: text, request };
  } catch {
    const why = `The headers of ${JSON.stringify(text.slice(0, 80))} have an invalid name or value.`;
    return { why, hint: 'Write them as in {"accept-language": "de"}.' };
  }
}
