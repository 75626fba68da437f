// Purges in a Server Action.
"use server";
import { revalidateTag } from "next/cache";

export async function purge(kind, tag) {
  revalidateTag(tag, kind === "expireTag" ? { expire: 0 } : "max");
}
