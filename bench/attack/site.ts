// The site under attack: its configuration, its pages, and a check of its responses.
import { pageText } from "../load/page-text.ts";

export const pageCount = 200;
/** The number of seconds after which an accepted purge must have taken effect. */
export const maxLagSeconds = 10;
/** The response time of the origin, and the round-trip time to Redis. */
export const originMs = 20;
export const restRttMs = 5;
/** The response time of the origin for a page that nobody may share. */
export const crowdedMs = 2_000;

/** The size of the database that an attack fills. */
export const databaseMebibytes = 64;

/**
 * The configuration of a site without special precautions. A `POST` to a form invalidates its page
 * in all colos.
 */
const config = {
  purge: { maxLagSeconds },
  routes: [
    { name: "forms", match: "/forms/*", invalidate: "everywhere" },
    { name: "rest", match: "*", negative: { 404: "30s", 410: "5m" } },
  ],
};
export const siteConfig = JSON.stringify(config);

/** The path of the pages that only the shared tier stores, on a site without Redis. */
export const sharedPath = "/noise";

/** Returns the configuration of a site without Redis, whose objects have the given size. */
export const objectsConfig = (objectBytes: number) =>
  JSON.stringify({
    ...config,
    limits: { objectBytes },
    routes: [{ name: "shared", match: `${sharedPath}/*`, tiers: ["shared"] }, ...config.routes],
  });

export const pagePath = (page: number): string => `/pages/${page}`;
export const pageTag = (page: number): string => `page-${page}`;
export const pageEtag = (page: number): string => `"page-${page}"`;
export const accountPath = "/account";

/**
 * Returns the lifetime of a page. Every fifth page, including the second most requested page,
 * expires after two seconds.
 */
export const lifetimeSeconds = (page: number): number => (page % 5 === 1 ? 2 : 600);

const textBytes = (page: number): number => 2_048 + (page % 8) * 4_096;

/**
 * The first line of each page: the path and the cookie of the request, and the time of the
 * response.
 */
interface Said {
  readonly path: string;
  readonly cookie: string;
  readonly madeAtMs: number;
}

export function pageBody(page: number, said: Said): string {
  return `${JSON.stringify(said)}\n${pageText(page, textBytes(page))}`;
}

export interface Wanted {
  readonly page: number;
  readonly path: string;
  readonly cookie: string;
  readonly mayBe304: boolean;
  /** The time before which the page must not have been made, because of a purge. */
  readonly notBeforeMs: number;
}

/** @returns a description of the fault of a response; `undefined` if the response is correct */
export function faultOf(
  { status, body }: { readonly status: number; readonly body: string },
  wanted: Wanted,
): string | undefined {
  if (status === 304 && wanted.mayBe304) return undefined;
  if (status === 0) return "no whole answer";
  if (status !== 200) return `status ${status}`;
  const headEnd = body.indexOf("\n");
  const said = statedBy(body.slice(0, headEnd));
  if (said === undefined) return "not a page";
  if (said.path !== wanted.path) return "another page";
  if (said.cookie !== wanted.cookie) return "another client's page";
  if (body.slice(headEnd + 1) !== pageText(wanted.page, textBytes(wanted.page)))
    return "wrong body";
  return said.madeAtMs < wanted.notBeforeMs ? "older than a purge" : undefined;
}

function statedBy(head: string): Said | undefined {
  try {
    return JSON.parse(head) as Said;
  } catch {
    return undefined;
  }
}
