// Shows without the checker that BentoCache stores a value whose load began before a purge of its
// tag. Needs redis-server.
import { spawn } from "node:child_process";
import { setTimeout as delay } from "node:timers/promises";
import { BentoCache, bentostore } from "bentocache";
import { memoryDriver } from "bentocache/drivers/memory";
import { redisBusDriver, redisDriver } from "bentocache/drivers/redis";

const server = spawn("redis-server", ["--port", "9831", "--save", ""], { stdio: "ignore" });
await delay(500);
const connection = { host: "127.0.0.1", port: 9831 };
const open = () => {
  const store = bentostore()
    .useL1Layer(memoryDriver({ maxSize: "10mb" }))
    .useL2Layer(redisDriver({ connection }))
    .useBus(redisBusDriver({ connection }));
  return new BentoCache({ default: "items", ttl: "1h", stores: { items: store } });
};
const nodes = [open(), open()] as const;
let version = 1;
const read = (node: BentoCache<{ items: ReturnType<typeof bentostore> }>) =>
  node.getOrSet({
    key: "item",
    tags: ["item"],
    factory: async () => {
      const seen = version;
      await delay(1_000);
      return `version ${seen}`;
    },
  });
const load = read(nodes[0]);
await delay(500);
version = 2;
console.log("origin: version 2");
console.log("purge:", await nodes[1].deleteByTag({ tags: ["item"] }));
console.log("the load returns:", await load);
const seconds = Number(process.argv[2] ?? 10);
await delay(seconds * 1_000);
console.log(`${seconds} s after the purge:`);
for (const node of nodes) console.log("answer:", await read(node));
for (const node of nodes) await node.disconnectAll();
server.kill();
