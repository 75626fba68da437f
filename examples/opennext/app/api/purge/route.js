// Purges a tag or a path. A real application checks first who asks.
import { revalidatePath, revalidateTag } from "next/cache";
import { purge } from "tidemark/opennext";

export async function POST(request) {
  const { tag, profile, path, strictly } = await request.json();
  if (path) revalidatePath(path);
  if (tag) revalidateTag(tag, profile ?? { expire: 0 });
  // Rejects if the purge is not accepted, which Next.js does not report.
  if (strictly) await purge({ tags: [strictly] });
  return new Response(null, { status: 204 });
}
