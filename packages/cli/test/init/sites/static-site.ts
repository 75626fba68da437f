// A static site as an origin: files with an ETag and without Cache-Control, as simple servers send
// them.
import { createHash } from "node:crypto";

const page = (title: string, body: string) => `<!doctype html>
<html lang="en"><head><title>${title}</title>
<link rel="stylesheet" href="/assets/site.4f2a9c81.css">
<link rel="alternate" type="application/atom+xml" href="/feed.atom">
<script src="/assets/app.0d3e77ab.js"></script></head>
<body><nav><a href="/">Home</a> <a href="about.html">About</a> <a href="/drafts/y.html">Draft</a> <a href="https://elsewhere.example/x">Away</a></nav>
${body}</body></html>`;

const files: Readonly<Record<string, readonly [type: string, text: string]>> = {
  "/": [
    "text/html",
    page("Home", `<a href="/guides/fog.html">Fog</a> <a href='/guides/rain.html#top'>Rain</a>`),
  ],
  "/about.html": ["text/html", page("About", `<img src="/logo.png">`)],
  "/guides/fog.html": ["text/html", page("Fog", "Fog")],
  "/guides/rain.html": ["text/html", page("Rain", "Rain")],
  "/assets/site.4f2a9c81.css": ["text/css", "p{}"],
  "/assets/app.0d3e77ab.js": ["text/javascript", "0"],
  "/logo.png": ["image/png", "png"],
  "/feed.atom": ["application/atom+xml", "<feed/>"],
  "/robots.txt": ["text/plain", "User-agent: *\nDisallow: /drafts/\nSitemap: /sitemap.xml\n"],
  "/sitemap.xml": [
    "application/xml",
    "<urlset><url><loc>https://static.test/guides/fog.html</loc></url><url><loc>https://static.test/drafts/x.html</loc></url></urlset>",
  ],
};

export function staticSite(request: Request): Response {
  const { pathname } = new URL(request.url);
  const [type, text] = files[pathname] ?? [];
  if (type === undefined || text === undefined) {
    return new Response("not found", { status: 404, headers: { "content-type": "text/html" } });
  }
  const etag = `"${createHash("sha256").update(text).digest("hex").slice(0, 16)}"`;
  if (request.headers.get("if-none-match") === etag) return new Response(null, { status: 304 });
  const headers = { "content-type": type, etag };
  return new Response(request.method === "HEAD" ? null : text, { headers });
}
