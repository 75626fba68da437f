export default defineEventHandler((event) => {
  const all = stories();
  setResponseHeaders(event, cacheFields(["news", ...all.map(({ id }) => `story:${id}`)]));
  return all;
});
