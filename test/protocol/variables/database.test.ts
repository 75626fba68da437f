// Tests which databases the variables name for the cache and for the journal.
import { describe, expect, it } from "vitest";
import { type Fault, faultText, isFault } from "../../../src/base/operator-error.ts";
import type { Env } from "../../../src/protocol/variables/bindings.ts";
import { databasesOf } from "../../../src/protocol/variables/database.ts";

const redis = {
  UPSTASH_REDIS_REST_URL: "https://db.upstash.io",
  UPSTASH_REDIS_REST_TOKEN: "s3cret",
};
const journal = {
  JOURNAL_REDIS_REST_URL: "https://journal.upstash.io",
  JOURNAL_REDIS_REST_TOKEN: "s3cret",
};
const databaseOff = "The database is not used: the shared tier and purges are off.";
const bothOrNeither =
  "Set both as shown on the database's page, or neither to run without a database.";

describe("the journal's database", () => {
  const both = { ...redis, ...journal };
  const { JOURNAL_REDIS_REST_URL, JOURNAL_REDIS_REST_TOKEN } = journal;
  const lacking = `${databaseOff} JOURNAL_REDIS_REST_TOKEN is not set. ${bothOrNeither}`;
  const noCache = "JOURNAL_REDIS_REST_URL is set, and UPSTASH_REDIS_REST_URL is not set.";
  const badToken = { JOURNAL_REDIS_REST_TOKEN: "s3cret\ns3cret" };

  it.each<[id: string, env: Env, says: string]>([
    ["no token", { ...redis, JOURNAL_REDIS_REST_URL }, lacking],
    ["no address", { ...redis, JOURNAL_REDIS_REST_TOKEN }, "JOURNAL_REDIS_REST_URL is not set."],
    ["a bad address", { ...both, JOURNAL_REDIS_REST_URL: "s3cret" }, "REST_URL is not a URL;"],
    ["a bad token", { ...both, ...badToken }, "REST_TOKEN has an invalid character."],
    ["no database of the cache", journal, noCache],
  ])("shuts off both databases if its variables are invalid: %s", (_id, env, says) => {
    // If the cache's database stayed in use, purges would go to another journal than the
    // deployment's.
    const faults: Fault[] = [];
    const { redis: database, journal: own } = databasesOf(env, faults);
    expect([faults, own]).toEqual([[], undefined]);
    const text = isFault(database) ? faultText(database) : "";
    expect(text).toContain(says);
    expect(text).not.toContain("s3cret\n");
  });

  it("has no effect if it is the cache's database", () => {
    const same = {
      JOURNAL_REDIS_REST_URL: "https://DB.upstash.io/",
      JOURNAL_REDIS_REST_TOKEN: "t",
    };
    const faults: Fault[] = [];
    const { redis: database, journal: own } = databasesOf({ ...redis, ...same }, faults);
    expect([database, own]).toEqual([{ url: "https://db.upstash.io", token: "s3cret" }, undefined]);
    expect(faults.map(({ what }) => what)).toEqual(["JOURNAL_REDIS_REST_URL has no effect."]);
  });
});
