// Parses the order of the warming route.
import { jsonIn } from "../base/json-text.ts";
import * as z from "zod/mini";
import type { Reason } from "../base/operator-error.ts";
import type { PageRequest } from "../proxy/warm/warm-page.ts";
import { type PageToWarm, type WarmOrder, warmOrder } from "../protocol/operator-orders.ts";
import { askedUrl } from "./access/asked-url.ts";

/** Size limit of an order, which contains the whole list in each call. */
export const warmBytesMax = 262_144;
const keysMax = 10_000;

/** A name that no namespace may have, because JavaScript treats this key specially. */
const unnamed = "__proto__";

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
export interface ReadOrder {
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
export function readWarmOrder(body: string, operator: URL): ReadOrder | Reason {
  const parsed = jsonIn(body);
  if (parsed === undefined) return { why: "The body is not JSON.", hint: example };
  const checked = z.safeParse(warmOrder, parsed);
  if (!checked.success) {
    const { path = [], message = "" } = checked.error.issues[0] ?? {};
    return { why: `${placeOf(path)} ${message}.`, hint: example };
  }
  // The schema drops this key silently, so look for it in the unchecked order.
  if (Object.hasOwn((parsed as WarmOrder).data ?? {}, unnamed)) {
    const why = `data may not name "${unnamed}".`;
    return { why, hint: "Leave it out." };
  }
  return readList(checked.data, operator);
}

function placeOf(path: readonly PropertyKey[]): string {
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
