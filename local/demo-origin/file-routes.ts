// Routes of files: assets under their hash, pictures of articles, the archive of any size.
import { Hono, type Context } from "hono";
import { archiveBytesMax, archiveStream } from "./archive.ts";
import { articleTag, cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { drawPicture } from "./picture.ts";
import { evaluatePreconditions } from "./preconditions.ts";
import { send } from "./send.ts";
import { sendGone, sendMissing, sendPlainPage, type Site } from "./site.ts";

const archiveBytesDefault = 1_048_576;

export function fileRoutes(site: Site): Hono<DemoEnv> {
  const routes = new Hono<DemoEnv>();
  routes.get("/assets/:file", (context) => {
    const asset = site.assets.byPath.get(context.req.path);
    if (asset === undefined) {
      const says = "Assets change their address with their content. Load the page again.";
      return sendMissing(context, site, { says });
    }
    const current = { version: asset.hash };
    return send(context, {
      contentType: asset.contentType,
      cacheControl: cacheControl.asset,
      compressible: asset.compressible,
      current,
      render: () => ({ body: asset.content, validators: current }),
    });
  });
  routes.get("/images/:file", (context) => sendPicture(context, site));
  routes.get("/download/archive.bin", (context) => sendArchive(context, site));
  return routes;
}

function sendPicture(context: Context<DemoEnv>, site: Site): Promise<Response> {
  const slug = /^(.+)\.svg$/.exec(context.req.param("file") ?? "")?.[1] ?? "";
  const article = site.newsroom.versionOf(slug);
  if (article === undefined) {
    const tags = slug === "" ? [] : [articleTag(slug)];
    return sendMissing(context, site, { says: "No article has this picture.", tags });
  }
  if (article.withdrawnAtMs !== null) {
    const gone = { tags: [articleTag(slug)], pageVersion: article.version };
    return sendGone(context, site, gone);
  }
  // Drawn from the slug alone, so a correction leaves the picture as old as the article.
  const current = { lastModifiedAtMs: article.publishedAtMs };
  return send(context, {
    contentType: "image/svg+xml",
    cacheControl: cacheControl.picture,
    compressible: false,
    current,
    render: () => ({ body: drawPicture(slug), validators: current, tags: [articleTag(slug)] }),
  });
}

function sendArchive(context: Context<DemoEnv>, site: Site): Promise<Response> | Response {
  const bytes = readByteCount(context.req.query("bytes") ?? String(archiveBytesDefault));
  const cut = context.req.query("cut");
  const cutBytes = cut === undefined ? undefined : readByteCount(cut);
  const badCut = cut !== undefined && (cutBytes === undefined || cutBytes > (bytes ?? 0));
  if (bytes === undefined || badCut) {
    const says =
      `"bytes" must be a whole number from 0 to ${archiveBytesMax}, and "cut", when given, one ` +
      'from 0 to "bytes".';
    return sendPlainPage(context, site, { status: 400, title: "No such archive", says });
  }
  const etag = `"archive-${bytes}"`;
  const fields = { "Cache-Control": cacheControl.archive, ETag: etag };
  const { headers } = context.req.raw;
  const verdict = evaluatePreconditions({ headers, etag, lastModifiedAtMs: undefined });
  if (verdict === "not-modified") return context.body(null, 304, fields);
  if (verdict === "precondition-failed") return context.body(null, 412, fields);
  return context.body(archiveStream({ bytes, cutBytes, ...context.env }), 200, {
    "Content-Type": "application/octet-stream",
    // Said outright, since the server counts a short body itself and then names its length.
    ...(context.req.query("chunked") === "1"
      ? { "Transfer-Encoding": "chunked" }
      : { "Content-Length": String(bytes) }),
    ...fields,
  });
}

/** @returns `undefined` for what is no whole number of bytes, or more than the largest archive */
function readByteCount(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text) || Number(text) > archiveBytesMax) return undefined;
  return Number(text);
}
