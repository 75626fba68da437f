/** The fields by which Tidemark stores an answer. Browsers, which no purge reaches, ask each time. */
export const cacheFields = (tags) => ({
  "cdn-cache-control": "max-age=300, stale-while-revalidate=3600",
  "cache-control": "no-cache",
  "cache-tag": tags.join(","),
});
