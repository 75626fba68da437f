// Tests replays of writes on the replica. Each row is a case in which repeating the write as sent
// would be wrong.
import { expect, it } from "vitest";
import type { RedisReply } from "../../../local/upstash-rest/redis-connection.ts";
import { replayOf, unreplayablePart } from "../../../local/upstash-rest/replay.ts";

const id = Buffer.from("7-0");
const ok = Buffer.from("OK");

const commandOf = (words: string) => words.split(" ") as [string, ...string[]];

it.each<[sent: string, reply: RedisReply, repeated?: string]>([
  ["HSET h f v", 1, "HSET h f v"],
  ["XADD s * f v", id, "XADD s 7-0 f v"],
  [
    "XADD s nomkstream MINID ~ 5 LIMIT 9 7-* f *",
    id,
    "XADD s nomkstream MINID ~ 5 LIMIT 9 7-0 f *",
  ],
  ["XADD s MAXLEN 9 * f v", id, "XADD s MAXLEN 9 7-0 f v"],
  ["XADD s NOMKSTREAM * f v", null],
  ["SET k nx", ok, "SET k nx"],
  ["SET k v nx PX 2", ok, "SET k v PXAT 1002"],
  ["SET k v PX 5 XX", ok, "SET k v PXAT 1005"],
  ["SET k v NX", null],
  ["PEXPIRE k -1", 1, "PEXPIREAT k 999"],
  ["PEXPIRE k 9 NX", 0],
])("%s, answered with %s, is repeated as %s", (sent, reply, repeated) => {
  const outcome = { kind: "replied", reply } as const;
  const replay = replayOf({ command: commandOf(sent), outcome, executedAtMs: 1_000 });
  expect(replay?.join(" ")).toEqual(repeated);
});

it.each(["INCR text", "EVAL … 0"])("%s, which Redis refused, is not repeated", (sent) => {
  const outcome = { kind: "refused", message: "ERR" } as const;
  const replay = replayOf({ command: commandOf(sent), outcome, executedAtMs: 1_000 });
  expect(replay).toBeUndefined();
});

it.each<[command: string, part?: string]>([
  ["SETEX k 2 v", "SETEX"],
  ["SET k v EX 2", "SET with EX"],
  ["SET k v NX GET", "SET with GET"],
  ["SET k EX px 2 NX"],
  ["PEXPIRE k 9 GT"],
])("of %s, the part that cannot be repeated later is %s", (command, part) => {
  expect(unreplayablePart(commandOf(command))).toBe(part);
});
