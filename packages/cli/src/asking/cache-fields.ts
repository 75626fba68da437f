// Response fields that reveal a cache, in addition to `Cache-Status` and `Age`.

/** The field of Cloudflare's cache, which Tidemark's own requests bypass. */
export const cloudflareField = "cf-cache-status";

export const fieldsOfCaches = [
  "x-cache",
  "x-cache-status",
  "x-proxy-cache",
  "x-varnish-cache",
  "x-nginx-cache",
  "x-fastcgi-cache",
  "x-litespeed-cache",
  "x-drupal-cache",
  "x-vercel-cache",
  "x-wp-cache",
  cloudflareField,
];
