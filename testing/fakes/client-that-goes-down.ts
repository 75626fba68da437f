// A Redis client whose connection a test can break, while the database continues.
import type { RedisAddress } from "../../src/remote/redis/address.ts";
import type { RedisClient } from "../../src/remote/redis/redis-client.ts";
import { upstashStore } from "./upstash-store.ts";

/** An address without a listener. */
const nowhere = { url: "http://127.0.0.1:9", token: "" };

export function clientThatGoesDown(address: RedisAddress): {
  readonly client: RedisClient;
  readonly goDown: () => void;
} {
  let used = upstashStore.client({ ...address, nowAtMs: Date.now });
  const client = new Proxy(used, {
    get: (_, name) => {
      const member: unknown = Reflect.get(used, name, used);
      return typeof member === "function" ? member.bind(used) : member;
    },
  });
  return {
    client,
    goDown: () => void (used = upstashStore.client({ ...nowhere, nowAtMs: Date.now })),
  };
}
