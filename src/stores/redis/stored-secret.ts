// The secret of the names of records in the site's database. The first isolate that needs it draws it,
// and no isolate replaces it.
import type { Redis } from "@upstash/redis/cloudflare";
import type { RedisClient } from "../../redis/redis-client.ts";

/** Reads the secret, with one command. Returns `undefined` without an answer. Never rejects. */
export async function storedSecret(redis: RedisClient, namespace: string) {
  const key = `${namespace}:secret`;
  const read = await redis.attempt("secret", (client) => client.get<string>(key));
  if (read.kind === "unavailable") return undefined;
  if (read.value !== null) return read.value;
  const drawn = `${crypto.randomUUID()} ${crypto.randomUUID()}`;
  // A replica may lack the secret, so this transaction reads it again at the primary.
  const draw = (client: Redis) =>
    client.multi().set(key, drawn, { nx: true }).get<string>(key).exec();
  const answer = await redis.attempt("secret", draw, "writes");
  return answer.kind === "answered" ? (answer.value[1] ?? undefined) : undefined;
}
