// What the routes share: the data, the assets, and the sending of a page.
import type { Context } from "hono";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import type { Assets } from "./assets.ts";
import { cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import type { Newsroom } from "./newsroom.ts";
import { pageVersion, type Frame } from "./page-frame.ts";
import { plainPage } from "./plain-page.ts";
import type { Readers } from "./readers.ts";
import { send, type Validators } from "./send.ts";

export interface Site {
  newsroom: Newsroom;
  readers: Readers;
  assets: Assets;
  nowAtMs: () => number;
  /** Scheme and host under which readers see the site; `undefined`: the one that was asked. */
  siteUrl: string | undefined;
}

export const htmlType = "text/html; charset=utf-8";
export const jsonType = "application/json; charset=utf-8";

/** Called when a page's data is there, so that `tookMs` holds the slow queries. */
export function frameNow(context: Context<DemoEnv>, site: Site): Frame {
  const atMs = site.nowAtMs();
  return { assets: site.assets, made: { atMs, tookMs: atMs - context.get("arrivedAtMs") } };
}

/**
 * The validator of a page made from one version of its data.
 *
 * Departs from RFC 9110 §8.8.1: the footer's stamp differs from one making of a page to the
 * next under one strong validator. It is there to be seen, no reader takes it for content, and
 * the origin serves no ranges that could join two makings.
 */
export const pageValidators = (site: Site, data: DataVersion): Validators => ({
  version: `${versionName(data)}-${pageVersion(site.assets)}`,
  lastModifiedAtMs: data.updatedAtMs,
});

export const dataValidators = (data: DataVersion): Validators => ({
  version: versionName(data),
  lastModifiedAtMs: data.updatedAtMs,
});

export interface DataVersion {
  version: number;
  updatedAtMs: number;
}

// A newsroom in memory counts from 1 again after a restart; the instant keeps names apart.
const versionName = ({ version, updatedAtMs }: DataVersion): string =>
  `v${version}.${updatedAtMs.toString(36)}`;

export function sendPlainPage(
  context: Context<DemoEnv>,
  site: Site,
  page: {
    status: ContentfulStatusCode;
    title: string;
    says: string;
    cacheControl?: string;
    tags?: string[];
    pageVersion?: number;
  },
): Promise<Response> {
  return send(context, {
    contentType: htmlType,
    cacheControl: page.cacheControl ?? cacheControl.never,
    compressible: true,
    status: page.status,
    render: async () => ({
      body: await plainPage(frameNow(context, site), page),
      ...(page.tags === undefined ? {} : { tags: page.tags }),
      ...(page.pageVersion === undefined ? {} : { pageVersion: page.pageVersion }),
    }),
  });
}

/** Kept briefly, under the tag that is purged when what is missing appears. */
export const sendMissing = (
  context: Context<DemoEnv>,
  site: Site,
  missing: { says: string; tags?: string[] },
): Promise<Response> =>
  sendPlainPage(context, site, {
    status: 404,
    title: "Nothing here",
    cacheControl: cacheControl.missing,
    ...missing,
  });

/** For what was withdrawn; under the tag that it had, so that this answer too can be purged. */
export const sendGone = (
  context: Context<DemoEnv>,
  site: Site,
  gone: { tags: string[]; pageVersion: number },
): Promise<Response> =>
  sendPlainPage(context, site, {
    status: 410,
    title: "Withdrawn",
    says: "The newsroom has taken this article out of the paper.",
    cacheControl: cacheControl.missing,
    ...gone,
  });
