// The site under attack: its configuration, its pages, and what an answer of it must be.
import { pageText } from "../load/page-text.ts";

export const pageCount = 200;
/** Within so many seconds of a purge's 200, nothing older is answered. */
export const maxLagSeconds = 10;
/** What the origin takes for any answer, and a command of Redis for its way there and back. */
export const originMs = 20;
export const restRttMs = 5;

/** Of a database that an attack fills. */
export const databaseMebibytes = 64;

/** As a site has it that thinks of none of this; its forms purge what they change everywhere. */
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

/** Every fifth expires all the time, the second most asked for among them. */
export const lifetimeSeconds = (page: number): number => (page % 5 === 1 ? 2 : 600);

const textBytes = (page: number): number => 2_048 + (page % 8) * 4_096;

/** What stands at the head of each page: of a page, and for whom and when it was made. */
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
  /** No younger purge than this one binds the answer. */
  readonly notBeforeMs: number;
}

/** @returns what is wrong with an answer; `undefined` if nothing is */
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
