// A proxy to a Redis that can lose a reply: the server runs the command, and the connection breaks
// before the reply.
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

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
  const sockets = new Set<Socket>();
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
      sockets.add(each);
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
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const way: LossyWay = {
    isShut: false,
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    loseReplyTo: (command) => void (armed = command),
    get lostCount() {
      return lostCount;
    },
    async stop() {
      for (const each of sockets) each.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return way;
}
