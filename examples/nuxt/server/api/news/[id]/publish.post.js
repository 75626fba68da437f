// In a real site, only an editor may publish.
export default defineEventHandler(async (event) => {
  const id = getRouterParam(event, "id");
  change(id);
  await purgeTags(event, `story:${id}`);
  return { published: id };
});
