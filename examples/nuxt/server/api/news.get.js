export default defineEventHandler((event) => {
  const all = stories();
  setResponseHeaders(event, sharedFields(["news", ...all.map(({ id }) => `story:${id}`)]));
  return all;
});
