// `tidemark redis-proxy`: Upstash's REST interface in front of a Redis, for Workers.
import { once } from "node:events";
import { whyNotUsable } from "../../../../src/protocol/variables/secret-variables.ts";
import { type ExitCode, exitCode, usageError } from "../command-error.ts";
import { type AddCommand, type Session, wholeNumber } from "../session.ts";

interface ProxyOptions {
  readonly port: number;
  readonly host: string;
}

export const addRedisProxy: AddCommand = (program, act) => {
  program
    .command("redis-proxy")
    .summary("let a Worker use a Redis of your own")
    .description(
      "Runs Upstash's REST interface in front of the Redis or Valkey of REDIS_URL, until Ctrl-C. Clients send the token of UPSTASH_REDIS_REST_TOKEN. Speaks plain HTTP: put a server with TLS, such as a tunnel, in front.",
    )
    .option("--port <n>", "the port", wholeNumber(0, 65_535), 8_079)
    .option("--host <address>", "the address to listen on", "127.0.0.1")
    .addHelpText("after", examples)
    .action(act<ProxyOptions>(runProxy));
};

const examples = `
Examples:
  REDIS_URL=redis://127.0.0.1:6379 tidemark redis-proxy
  REDIS_URL=rediss://:PASSWORD@valkey.internal tidemark redis-proxy --json`;

async function runProxy(
  { world, terminal }: Session,
  { port, host }: ProxyOptions,
): Promise<ExitCode> {
  const { REDIS_URL: redisUrl = "", UPSTASH_REDIS_REST_TOKEN: token = "" } = world.env;
  const what = "The proxy was not started.";
  if (redisUrl === "") {
    const hint = "Set it to an address such as redis://:PASSWORD@127.0.0.1:6379.";
    throw usageError({ what, why: "REDIS_URL is not set.", hint });
  }
  const why = token === "" ? "It is not set." : whyNotUsable(token);
  if (why !== undefined) {
    const hint = "Set it to the output of openssl rand -hex 32, here and at the Worker.";
    throw usageError({ what, why: `UPSTASH_REDIS_REST_TOKEN: ${why}`, hint });
  }
  const { startUpstashRestServer } = await import("../../../../local/upstash-rest-server.ts");
  const server = await startUpstashRestServer({ redisUrl, token, port, host });
  try {
    terminal.print(`The proxy accepts commands at ${server.url}. Ctrl-C stops it.`);
    terminal.json({ event: "ready", url: server.url });
    if (!world.interrupted.aborted) await once(world.interrupted, "abort");
  } finally {
    await server.stop();
  }
  return exitCode.done;
}
