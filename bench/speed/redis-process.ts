// Redis and its REST server, in a separate process, with a set round-trip time. Clients that use
// the address of the relay have slow writes.
import { startEmbeddedValkey } from "../../local/embedded-valkey.ts";
import { Running } from "../../local/running.ts";
import { startUpstashRestServer, type UpstashRestServer } from "../../local/upstash-rest-server.ts";
import { RestFront } from "../../testing/consistency/rest-front.ts";
import { Recorder } from "../../testing/consistency/recorder.ts";
import { answerCalls } from "../load/part.ts";

const running = new Running();
let rest: UpstashRestServer;
let slow: RestFront;

const envOf = (url: string): Record<string, string> => ({
  UPSTASH_REDIS_REST_URL: url,
  UPSTASH_REDIS_REST_TOKEN: rest.token,
});

const calls = {
  /** @returns the environment variables of a colo */
  start: async (): Promise<Record<string, string>> => {
    const { url: redisUrl } = await running.add(startEmbeddedValkey());
    rest = await running.add(startUpstashRestServer({ redisUrl, token: "token" }));
    return envOf(rest.url);
  },
  setRttMs: (rttMs: number): void => rest.setRttMs(rttMs),
  /**
   * Returns the environment variables of a colo whose requests pass through a relay. The relay can
   * delay writes.
   */
  startSlow: async (): Promise<Record<string, string>> => {
    slow = await running.add(RestFront.start(rest.url, new Recorder()));
    return envOf(slow.url);
  },
  setStoringMs: (storingMs: number): void => {
    slow.storingMs = storingMs;
  },
};
export type RedisCalls = typeof calls;

answerCalls(calls);
