// Runs the tests of sinks over SQL against every database.
import { d1World, postgresWorld, sqliteWorld } from "../../../testing/write-behind/sink-worlds.ts";
import { describeSqlSinks } from "./sql-sink-contract.ts";

describeSqlSinks("D1", d1World);
describeSqlSinks("node:sqlite", sqliteWorld);
describeSqlSinks("Postgres", postgresWorld);
