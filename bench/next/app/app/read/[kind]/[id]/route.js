// Answers with an item from one kind of cache.
import { fetched, many, nested, plain, remote } from "../../../../items.js";

const kinds = { plain, nested, remote, many, fetch: (id) => fetched(id) };

export async function GET(_request, { params }) {
  const { kind, id } = await params;
  return Response.json(await kinds[kind](id));
}
