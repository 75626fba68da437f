// Redis and its REST server, in a process of their own: as far away as they are told.
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer } from "../../local/upstash-rest-server.ts";
import { answerCalls } from "../load/part.ts";

const running = new Running();

const calls = {
  /** @returns what a colo needs to know of it */
  start: async ({ rttMs }: { rttMs: number }): Promise<Record<string, string>> => {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    const rest = await running.add(startUpstashRestServer({ redisUrl, token: "token", rttMs }));
    return { UPSTASH_REDIS_REST_URL: rest.url, UPSTASH_REDIS_REST_TOKEN: rest.token };
  },
};
export type RedisCalls = typeof calls;

answerCalls(calls);
