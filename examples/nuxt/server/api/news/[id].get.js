// What the page shows, and what a browser requests on navigation.
export default defineEventHandler(async (event) => {
  const id = getRouterParam(event, "id");
  // Before the 404, so that it is stored under the tag, and the new story purges it.
  setResponseHeaders(event, cacheFields(["news", `story:${id}`]));
  const version = versionOf(id);
  // A slow query: a purge may arrive meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 150));
  if (version === undefined) throw createError({ statusCode: 404 });
  return { id, text: `version ${version}` };
});
