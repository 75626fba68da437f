// A webhook that purges a tag or a path. It checks a secret.
import { createHash, timingSafeEqual } from "node:crypto";
import { revalidatePath, revalidateTag } from "next/cache";
import { purge } from "tidemark/opennext";

const hash = (text) => createHash("sha256").update(text).digest();

export async function POST(request) {
  const secret = process.env.REVALIDATE_SECRET;
  const sent = request.headers.get("authorization") ?? "";
  if (!secret || !timingSafeEqual(hash(sent), hash(`Bearer ${secret}`))) {
    return new Response(null, { status: 403 });
  }
  const { tag, profile, path, strictly } = await request.json();
  if (path) revalidatePath(path);
  if (tag) revalidateTag(tag, profile ?? { expire: 0 });
  // Rejects if the purge is not accepted, which Next.js does not report.
  if (strictly) await purge({ tags: [strictly] });
  return new Response(null, { status: 204 });
}
