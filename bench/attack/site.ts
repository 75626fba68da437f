// The site under attack: its configuration, its pages, and the check of its answers.
import { pageText } from "../load/page-text.ts";

export const pageCount = 200;
/** The seconds after a purge's 200 from which nothing older may answer. */
export const maxLagSeconds = 10;
/** The duration of an answer of the origin, and of a round trip to Redis. */
export const originMs = 20;
export const restRttMs = 5;

/** The size of the database that an attack fills. */
export const databaseMebibytes = 64;

/**
 * The configuration of a site without special precautions. Its forms purge their pages everywhere.
 */
export const siteConfig = JSON.stringify({
  purge: { maxLagSeconds },
  routes: [
    { name: "forms", match: "/forms/*", invalidate: "everywhere" },
    { name: "rest", match: "*", negative: { 404: "30s", 410: "5m" } },
  ],
});

export const pagePath = (page: number): string => `/pages/${page}`;
export const pageTag = (page: number): string => `page-${page}`;
export const pageEtag = (page: number): string => `"page-${page}"`;
export const accountPath = "/account";

/**
 * Returns the lifetime. Every fifth page expires all the time, including the second most requested.
 */
export const lifetimeSeconds = (page: number): number => (page % 5 === 1 ? 2 : 600);

const textBytes = (page: number): number => 2_048 + (page % 8) * 4_096;

/** The first line of each page: its name, its reader and its time. */
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
  /** The time of the newest purge that the answer must respect. */
  readonly notBeforeMs: number;
}

/** @returns the fault of an answer; `undefined` if there is none */
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
