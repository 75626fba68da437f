// Routes for files: hashed assets, pictures of articles, archives of any size.
import { Hono } from "hono";
import { archiveBytesMax, archiveStream } from "./archive.ts";
import { articleTag, cacheControl } from "./cache-policy.ts";
import type { DemoEnv } from "./demo-env.ts";
import { drawPicture } from "./picture.ts";
import { sendMissing, sendRefused, sendText } from "./send.ts";

const archiveBytesDefault = 1_048_576;

export const fileRoutes = new Hono<DemoEnv>();

fileRoutes.get("/assets/:file", (context) => {
  const asset = context.var.site.assets.byPath.get(context.req.path);
  if (asset === undefined) {
    const says = "Assets change their address with their content. Load the page again.";
    return sendMissing(context, { says });
  }
  const { contentType, content } = asset;
  return sendText(context, contentType, content, { cacheControl: cacheControl.asset });
});

fileRoutes.get("/images/:file{.+\\.svg}", (context) => {
  const slug = context.req.param("file").slice(0, -4);
  const tags = [articleTag(slug)];
  if (!context.var.site.newsroom.has(slug)) {
    return sendMissing(context, { says: "No article has this picture.", tags });
  }
  const kept = { cacheControl: cacheControl.picture, tags };
  return sendText(context, "image/svg+xml", drawPicture(slug), kept);
});

fileRoutes.get("/download/archive.bin", async (context) => {
  const bytes = readByteCount(context.req.query("bytes") ?? String(archiveBytesDefault));
  const cut = context.req.query("cut");
  const cutBytes = cut === undefined ? undefined : readByteCount(cut);
  const isBadCut = cut !== undefined && (cutBytes === undefined || cutBytes > (bytes ?? 0));
  if (bytes === undefined || isBadCut) {
    const says =
      `"bytes" must be a whole number from 0 to ${archiveBytesMax}, and "cut", when given, one ` +
      'from 0 to "bytes".';
    return sendRefused(context, { title: "No such archive", says });
  }
  return context.body(archiveStream({ bytes, cutBytes, ...context.env }), 200, {
    "Content-Type": "application/octet-stream",
    "Cache-Control": cacheControl.archive,
    // An explicit ETag, so that the middleware need not read the whole archive.
    ETag: `"archive-${bytes}"`,
    // Set explicitly, because otherwise the server computes the length of a short body and sends it.
    ...(context.req.query("chunked") === "1"
      ? { "Transfer-Encoding": "chunked" }
      : { "Content-Length": String(bytes) }),
  });
});

/** Returns `undefined` for text that is no number of bytes, and for more bytes than `archiveBytesMax`. */
function readByteCount(text: string): number | undefined {
  if (!/^\d{1,10}$/.test(text) || Number(text) > archiveBytesMax) return undefined;
  return Number(text);
}
