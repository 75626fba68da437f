// Explains to the sender of a purge or a post why the journal's object is unavailable.
import type { Unavailable } from "../../purge/journal/journal.ts";
import type { RedisCause } from "../../redis/database-way.ts";
import { hintOf, whyOf } from "../../redis/trouble.ts";
import type { ObjectClient } from "./object-client.ts";

export function unavailableFor(cause: RedisCause, client: ObjectClient): Unavailable {
  const trouble = cause === "shut-off" || cause === "writes-refused" ? client.trouble?.kind : cause;
  if (trouble === undefined) return { kind: "unavailable" };
  const { words } = client;
  return { kind: "unavailable", why: `${whyOf(trouble, words)}.`, hint: hintOf(trouble, words) };
}
