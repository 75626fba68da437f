// Answers with an item.
import { fetched } from "../../../../items.js";

export async function GET(_request, { params }) {
  const { id } = await params;
  return Response.json(await fetched(id));
}
