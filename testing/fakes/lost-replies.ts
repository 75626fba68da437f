// A proxy to a Redis that can lose a reply: the server runs the command, and the connection breaks
// before the reply.
import { connect, createServer } from "node:net";
import { listening } from "../listening.ts";

interface LossyWay {
  readonly url: string;
  /** Loses the reply to the next command with this name, or for EVAL with a script's digest. */
  loseReplyTo(command: string): void;
  readonly lostCount: number;
  /** Whether to refuse new connections. */
  isShut: boolean;
  stop(): Promise<void>;
}

export async function startLossyWay(redisUrl: string): Promise<LossyWay> {
  const { port: redisPort } = new URL(redisUrl);
  let [armed, lostCount]: [string | undefined, number] = [undefined, 0];
  const server = createServer((client) => {
    if (way.isShut) {
      client.destroy();
      return;
    }
    const redis = connect(Number(redisPort), "127.0.0.1");
    let isLosing = false;
    const end = () => [client, redis].forEach((each) => each.destroy());
    for (const each of [client, redis]) {
      each.setNoDelay(true);
      each.on("error", end).on("close", end);
    }
    client.on("data", (sent) => {
      const name = armed && new RegExp(`\r\n${armed}(?:SHA)?\r\n`);
      if (name && name.test(sent.toString("latin1"))) {
        [armed, isLosing] = [undefined, true];
      }
      redis.write(sent);
    });
    redis.on("data", (reply) => {
      if (isLosing) {
        lostCount += 1;
        end();
      } else client.write(reply);
    });
  });
  const { port, stop } = await listening(server);
  const way: LossyWay = {
    isShut: false,
    url: `redis://127.0.0.1:${port}`,
    loseReplyTo: (command) => void (armed = command),
    get lostCount() {
      return lostCount;
    },
    stop,
  };
  return way;
}
