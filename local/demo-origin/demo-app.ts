// The demo news site as a Hono application, without a port.
import { Hono } from "hono";
import { compress, COMPRESSIBLE_CONTENT_TYPE_REGEX } from "hono/compress";
import { etag } from "hono/etag";
import { cacheControl } from "./cache-policy.ts";
import type { DemoEnv, Site } from "./demo-env.ts";
import { fileRoutes } from "./file-routes.ts";
import { newsRoutes } from "./news-routes.ts";
import { withoutStamp } from "./page-frame.ts";
import { readerRoutes } from "./reader-routes.ts";
import { sendMissing, sendText } from "./send.ts";

const plain = "text/plain; charset=utf-8";

/** @param reportError receives each error that a reader sees as a 500 */
export function createDemoApp(
  site: Site,
  reportError: (error: Error) => void = console.error,
): Hono<DemoEnv> {
  const app = new Hono<DemoEnv>();
  app.use(async (context, next) => {
    context.set("site", site);
    context.set("arrivedAtMs", site.nowAtMs());
    await next();
    context.res.headers.set("Date", new Date(site.nowAtMs()).toUTCString());
  });
  app.use(compress({ encoding: "gzip" }));
  // The entity tags are weak, because all codings of a page have the same tag, and so do responses that
  // differ only in the stamp.
  app.use(etag({ weak: true, generateDigest: digestOf }));
  app.use(async (context, next) => {
    await next();
    // `compress` adds this only if it compresses: not for HEAD, and not for a 304.
    if (COMPRESSIBLE_CONTENT_TYPE_REGEX.test(context.res.headers.get("Content-Type") ?? "")) {
      context.header("Vary", "Accept-Encoding", { append: true });
    }
  });
  app.get("/healthz", (context) =>
    sendText(context, plain, "ok\n", { cacheControl: cacheControl.never }),
  );
  app.route("/", readerRoutes);
  app.route("/", newsRoutes);
  app.route("/", fileRoutes);
  app.notFound((context) => sendMissing(context, { says: "No page has this address." }));
  app.onError((error, context) => {
    reportError(error);
    const says = "The newsroom could not make this page. Try again in a moment.\n";
    return sendText(context, plain, says, { status: 500, cacheControl: cacheControl.never });
  });
  return app;
}

function digestOf(body: Uint8Array): Promise<ArrayBuffer> {
  const text = withoutStamp(Buffer.from(body).toString());
  return crypto.subtle.digest("SHA-1", Buffer.from(text));
}
