// Every sink keeps the promises of a sink.
import { describeSinks } from "../../../testing/write-behind/sink-contract.ts";
import {
  d1World,
  postgresWorld,
  type SinkWorld,
  sqliteWorld,
} from "../../../testing/write-behind/sink-worlds.ts";

const underTest = (open: () => Promise<SinkWorld>) => async () => {
  const world = await open();
  return { counters: world.counters(), buffers: world.buffers(), stop: () => world.stop() };
};

describeSinks("D1", underTest(d1World));
describeSinks("node:sqlite", underTest(sqliteWorld));
describeSinks("Postgres", underTest(postgresWorld));
