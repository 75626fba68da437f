import { createHash, timingSafeEqual } from "node:crypto";
import { purgeTags } from "tidemark/next";

const hash = (text) => createHash("sha256").update(text).digest();

// A webhook of the CMS: readers get the old story once more, while the new one is read. It fails if the purge is not
// accepted, so the CMS sends it again.
export async function POST(request) {
  const secret = process.env.REVALIDATE_SECRET;
  const sent = request.headers.get("authorization") ?? "";
  if (!secret || !timingSafeEqual(hash(sent), hash(`Bearer ${secret}`))) {
    return new Response(null, { status: 403 });
  }
  const { tag, soft = true } = await request.json();
  await purgeTags([tag], { soft });
  return Response.json({ tag });
}
