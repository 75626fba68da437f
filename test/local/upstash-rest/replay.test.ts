// How each write is made repeatable: one row per way in which repeating it as sent would go wrong.
import { expect, it } from "vitest";
import type { RedisCommand, RedisReply } from "../../../local/upstash-rest/redis-connection.ts";
import { replayOf } from "../../../local/upstash-rest/replay.ts";

const id = Buffer.from("7-0");
const ok = Buffer.from("OK");
const former = Buffer.from("former");

interface Row {
  id: string;
  sent: RedisCommand;
  reply: RedisReply;
  repeated: RedisCommand | undefined;
}

const rows: readonly Row[] = [
  { id: "plain", sent: ["HSET", "h", "f", "v"], reply: 1, repeated: ["HSET", "h", "f", "v"] },
  {
    id: "xadd",
    sent: ["XADD", "s", "*", "f", "v"],
    reply: id,
    repeated: ["XADD", "s", id, "f", "v"],
  },
  {
    id: "xadd-options",
    sent: ["XADD", "s", "nomkstream", "MINID", "~", "5", "LIMIT", "9", "7-*", "f", "*"],
    reply: id,
    repeated: ["XADD", "s", "nomkstream", "MINID", "~", "5", "LIMIT", "9", id, "f", "*"],
  },
  {
    id: "xadd-maxlen-plain",
    sent: ["XADD", "s", "MAXLEN", "9", "*", "f", "v"],
    reply: id,
    repeated: ["XADD", "s", "MAXLEN", "9", id, "f", "v"],
  },
  {
    id: "xadd-none",
    sent: ["XADD", "s", "NOMKSTREAM", "*", "f", "v"],
    reply: null,
    repeated: undefined,
  },
  { id: "set", sent: ["SET", "k", "nx"], reply: ok, repeated: ["SET", "k", "nx"] },
  {
    id: "set-ex",
    sent: ["SET", "k", "v", "nx", "EX", "2"],
    reply: ok,
    repeated: ["SET", "k", "v", "PXAT", "3000"],
  },
  {
    id: "set-px",
    sent: ["SET", "k", "v", "PX", "5", "XX"],
    reply: ok,
    repeated: ["SET", "k", "v", "PXAT", "1005"],
  },
  {
    id: "set-keepttl",
    sent: ["SET", "k", "v", "KEEPTTL"],
    reply: ok,
    repeated: ["SET", "k", "v", "KEEPTTL"],
  },
  { id: "set-nx-not", sent: ["SET", "k", "v", "NX"], reply: null, repeated: undefined },
  { id: "set-get", sent: ["SET", "k", "v", "GET"], reply: null, repeated: ["SET", "k", "v"] },
  {
    id: "set-get-nx",
    sent: ["SET", "k", "v", "GET", "NX"],
    reply: null,
    repeated: ["SET", "k", "v"],
  },
  {
    id: "set-get-nx-not",
    sent: ["SET", "k", "v", "GET", "NX"],
    reply: former,
    repeated: undefined,
  },
  {
    id: "set-get-xx",
    sent: ["SET", "k", "v", "GET", "XX"],
    reply: former,
    repeated: ["SET", "k", "v"],
  },
  { id: "set-get-xx-not", sent: ["SET", "k", "v", "GET", "XX"], reply: null, repeated: undefined },
  { id: "setnx", sent: ["SETNX", "k", "v"], reply: 1, repeated: ["SET", "k", "v"] },
  { id: "setnx-not", sent: ["SETNX", "k", "v"], reply: 0, repeated: undefined },
  {
    id: "setex",
    sent: ["SETEX", "k", "2", "v"],
    reply: ok,
    repeated: ["SET", "k", "v", "PXAT", "3000"],
  },
  {
    id: "psetex",
    sent: ["PSETEX", "k", "2", "v"],
    reply: ok,
    repeated: ["SET", "k", "v", "PXAT", "1002"],
  },
  { id: "getex", sent: ["GETEX", "k"], reply: former, repeated: undefined },
  {
    id: "getex-ex",
    sent: ["GETEX", "k", "EX", "2"],
    reply: former,
    repeated: ["PEXPIREAT", "k", "3000"],
  },
  {
    id: "getex-persist",
    sent: ["GETEX", "k", "persist"],
    reply: former,
    repeated: ["PERSIST", "k"],
  },
  {
    id: "expire",
    sent: ["EXPIRE", "k", "2", "GT"],
    reply: 1,
    repeated: ["PEXPIREAT", "k", "3000"],
  },
  { id: "pexpire", sent: ["PEXPIRE", "k", "-1"], reply: 1, repeated: ["PEXPIREAT", "k", "999"] },
  { id: "pexpire-not", sent: ["PEXPIRE", "k", "9", "NX"], reply: 0, repeated: undefined },
  {
    id: "expireat",
    sent: ["EXPIREAT", "k", "9", "XX"],
    reply: 1,
    repeated: ["EXPIREAT", "k", "9"],
  },
];

it.each(rows)("$id", ({ sent, reply, repeated }) => {
  const outcome = { kind: "replied", reply } as const;
  expect(replayOf({ command: sent, outcome, executedAtMs: 1_000 })).toEqual(repeated);
});

it.each([
  { id: "failed-write", sent: ["INCR", "text"], repeated: undefined },
  { id: "failed-script", sent: ["EVAL", "…", "0"], repeated: undefined },
] as const)("$id", ({ sent, repeated }) => {
  const outcome = { kind: "refused", message: "ERR" } as const;
  expect(replayOf({ command: sent, outcome, executedAtMs: 1_000 })).toEqual(repeated);
});
