// Renders a path of either router on demand.
export default async function render(request, response) {
  await response.revalidate(request.query.path);
  response.end();
}
