// Runs the contract tests against every sink except MySQL, which mysql.test.ts tests.
import { playsAll } from "../../../testing/histories.ts";
import { describeSinks } from "./sink-contract.ts";
import {
  d1World,
  libsqlWorld,
  postgresWorld,
  type SinkWorld,
  sqliteWorld,
} from "../../../testing/write-behind/sink-worlds.ts";

const underTest = (open: () => Promise<SinkWorld>) => async () => {
  const world = await open();
  return { counters: world.counters(), buffers: world.buffers(), stop: () => world.stop() };
};

describeSinks("node:sqlite", underTest(sqliteWorld));
describeSinks("libSQL", underTest(libsqlWorld));
// D1 and Postgres take long to start. In `npm test`, sql.test.ts uses both.
if (playsAll) {
  describeSinks("D1", underTest(d1World));
  describeSinks("Postgres", underTest(postgresWorld));
}
