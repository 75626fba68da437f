// Fields of an answer by which caches say that it has come through them, beside `Cache-Status` and `Age`.

/** Cloudflare's own; requests of Tidemark's pass its cache by. */
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
