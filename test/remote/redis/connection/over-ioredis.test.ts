// Tests the commands that ioredis could send a second time: after its own time-out, and over a cluster that loses a node.
import { EventEmitter } from "node:events";
import { expect, it } from "vitest";
import { overIoredis } from "../../../../src/remote/redis/connection/over-ioredis.ts";
import { transportOver } from "../../../../src/remote/redis/connection/transport.ts";

type Arguments = readonly (string | Uint8Array)[];

class PlayedIoredis extends EventEmitter {
  readonly status = "ready";
  readonly isCluster: boolean;
  readonly options = {};
  readonly node = Object.assign(new EventEmitter(), { status: "ready" });
  readonly sent: (readonly [name: string, ...Arguments])[] = [];
  readonly #answer: (name: string) => unknown;

  /** @param answer returns the reply to a command, or throws */
  constructor({ isCluster, answer }: { isCluster: boolean; answer: (name: string) => unknown }) {
    super();
    this.isCluster = isCluster;
    this.#answer = answer;
  }

  nodes() {
    return this.isCluster ? [this.node] : [];
  }

  async call(name: string, ...args: Arguments) {
    this.sent.push([name, ...args]);
    return this.#answer(name);
  }

  get connection() {
    return overIoredis(this as never);
  }
}

it("a command that has timed out in ioredis, which still keeps it, cannot run once more", async () => {
  const played = new PlayedIoredis({
    isCluster: false,
    answer: () => {
      throw new Error("Command timed out");
    },
  });
  const sending = played.connection.send(["EVAL", "return 1", "1", "a"]);
  await expect(sending).rejects.toThrow("Command timed out");
  expect(String(played.sent[0]?.[2])).toBe("\0");
});

it("a script that a node of a cluster does not know is sent as text, while another node closes", async () => {
  const played = new PlayedIoredis({
    isCluster: true,
    answer: (name) => {
      if (name === "EVAL") return "done";
      played.node.emit("close");
      throw new Error("NOSCRIPT No matching script.");
    },
  });
  const { transport } = transportOver(played.connection);
  const run = () => transport("single", [["EVAL", "return 1", 1, "a"]], 5_000);
  expect([await run(), await run()]).toEqual([["done"], ["done"]]);
  expect(played.sent.map(([name]) => name)).toEqual(["EVAL", "EVALSHA", "EVAL"]);
});
