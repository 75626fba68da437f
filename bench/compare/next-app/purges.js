// All kinds of purges. `updateTag` works in Server Actions only.
import { revalidatePath, revalidateTag, updateTag } from "next/cache";

export const purges = {
  updateTag: (tag) => updateTag(tag),
  expireTag: (tag) => revalidateTag(tag, { expire: 0 }),
  staleTag: (tag) => revalidateTag(tag, "max"),
  path: (path) => revalidatePath(path),
};
