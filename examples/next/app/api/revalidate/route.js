import { purgeTags } from "tidemark/next";

// A webhook of the CMS: readers get the old story once more, while the new one is read. It fails if the purge is not
// accepted, so the CMS sends it again.
export async function POST(request) {
  const { tag, soft = true } = await request.json();
  await purgeTags([tag], { soft });
  return Response.json({ tag });
}
