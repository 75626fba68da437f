// Tests which kind of trouble each error of Redis is. The error texts are those of Upstash and Redis.
import { hintOf, type RemoteTrouble, troubleLine, whyOf } from "../../../src/remote/trouble.ts";
import { overUpstash } from "../../../src/remote/redis/rest.ts";
import { type Command, Redis } from "../../../src/remote/redis/redis.ts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { readTrouble, upstashWords } from "../../../src/remote/redis/redis-trouble.ts";
import { type Manner, UnsteadyRestServer } from "../../../testing/fakes/unsteady-rest-server.ts";

let server: UnsteadyRestServer;
beforeAll(async () => {
  server = await UnsteadyRestServer.start();
});
afterAll(() => server.stop());

/** A key and a value that contain words of Redis errors. These words must not count as an error. */
const [key, value] = ["WRONGPASS", "OOM READONLY Unauthorized"];

async function troubleAfter(manner: Manner, isTransaction = false): Promise<RemoteTrouble> {
  server.manner = manner;
  const send = overUpstash({ url: server.url, token: "t" });
  const redis = new Redis((form, commands) => send(form, commands, 1_000));
  const set: Command = ["SET", key, value];
  const sent = isTransaction ? redis.multi([set, ["GET", key]]) : redis.exec(set);
  return sent.then(
    () => expect.unreachable("The command was answered."),
    (cause: unknown) => readTrouble(cause),
  );
}

const errorRows: readonly { error: string; status?: number; trouble: RemoteTrouble }[] = [
  { error: "Unauthorized", status: 401, trouble: "token-refused" },
  { error: "WRONGPASS invalid or missing auth token", status: 401, trouble: "token-refused" },
  { error: "NOAUTH Authentication required.", status: 401, trouble: "token-refused" },
  { error: "Forbidden", status: 403, trouble: "forbidden" },
  { error: "OOM command not allowed when used memory > 'maxmemory'.", trouble: "full" },
  { error: "ERR max data size limit exceeded. Limit: 1 bytes", trouble: "full" },
  { error: "ERR DB capacity quota exceeded. Limit: 1 bytes", trouble: "full" },
  { error: "READONLY You can't write against a read only replica.", trouble: "read-only" },
  {
    error: "NOPERM this user has no permissions to run the 'set' command",
    trouble: "not-permitted",
  },
  {
    error: "ERR unknown command 'EVAL_RO', with args beginning with: ",
    trouble: "unknown-command",
  },
  { error: "ERR Can't execute 'get': only (P|S)SUBSCRIBE is allowed", trouble: "subscribed" },
  { error: "ERR max requests limit exceeded. Limit: 500000", trouble: "plan-used-up" },
  { error: "ERR max daily request limit exceeded. Limit: 10000", trouble: "plan-used-up" },
  { error: "ERR max bandwidth limit exceeded", trouble: "plan-used-up" },
  { error: "ERR max request size exceeded. Limit: 10485760 bytes", trouble: "too-large" },
  { error: "WRONGTYPE Operation against a key", trouble: "wrong-type" },
  {
    error: "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to",
    trouble: "not-saving",
  },
  { error: "NOREPLICAS Not enough good replicas to write.", trouble: "few-replicas" },
  { error: "MOVED 3999 127.0.0.1:6381", trouble: "needs-cluster" },
  { error: "CROSSSLOT Keys in request don't hash to the same slot", trouble: "needs-cluster" },
  { error: "ERR value WRONGPASS is not an integer", trouble: "refused" },
  { error: "ERR max single record size exceeded. Limit: 1 bytes", trouble: "too-large" },
  { error: "LOADING Redis is loading the dataset in memory", trouble: "busy" },
  { error: "MASTERDOWN Link with MASTER is down", trouble: "busy" },
  { error: "CLUSTERDOWN The cluster is down", trouble: "busy" },
  { error: "TRYAGAIN Multiple keys request during rehashing of slot", trouble: "busy" },
  { error: "Too Many Requests", status: 429, trouble: "busy" },
  { error: "ERR value 503 Service Unavailable is not an integer", trouble: "refused" },
];

it.each(errorRows)(
  "reads the error $error as $trouble",
  async ({ error, status = 400, trouble }) => {
    const body = JSON.stringify({ error });
    expect(await troubleAfter({ kind: "answers", status, body })).toBe(trouble);
    const transaction = JSON.stringify([{ result: "OK" }, { error }]);
    expect(await troubleAfter({ kind: "answers", body: transaction }, true)).toBe(trouble);
  },
);

it.each<{ body: string; status?: number; trouble: RemoteTrouble }>([
  { body: "<h1>404</h1>", status: 404, trouble: "not-upstash" },
  { body: "<h1>Unauthorized</h1>", trouble: "not-upstash" },
  { body: "", trouble: "not-upstash" },
  { body: "null", trouble: "not-upstash" },
  { body: "{}", trouble: "not-upstash" },
  { body: '{"message":"no such page"}', status: 404, trouble: "not-upstash" },
  { body: "Unauthorized", status: 401, trouble: "token-refused" },
  { body: "Forbidden", status: 403, trouble: "forbidden" },
  { body: "error code: 1016", status: 530, trouble: "unreachable" },
  { body: "error code: 522", status: 522, trouble: "unreachable" },
  { body: "error code: 1015", status: 429, trouble: "busy" },
  { body: "error code: 502", status: 502, trouble: "busy" },
  { body: "<html><title>502 Bad Gateway</title></html>", status: 502, trouble: "busy" },
  { body: "<h1>503 Service Temporarily Unavailable</h1>", status: 503, trouble: "busy" },
  { body: "504 Gateway Time-out", status: 504, trouble: "busy" },
  { body: "Too Many Requests", status: 429, trouble: "busy" },
  { body: "upstream connect error or disconnect/reset before headers", trouble: "busy" },
  { body: "<h1>413 Request Entity Too Large</h1>", status: 413, trouble: "too-large" },
])("reads the invalid answer $status $body as $trouble", async ({ trouble, ...answer }) => {
  expect(await troubleAfter({ kind: "answers", ...answer })).toBe(trouble);
});

it("reads an invalid answer to a transaction as not-upstash", async () => {
  expect(await troubleAfter({ kind: "answers", body: '{"result":1}' }, true)).toBe("not-upstash");
});

it.each([
  { cause: new DOMException("Too late.", "TimeoutError"), trouble: "timeout" },
  { cause: new Error("Network connection lost."), trouble: "unreachable" },
  { cause: new RangeError("Invalid string length"), trouble: "failed" },
  { cause: "a text", trouble: "failed" },
] as const)("reads the error $cause without an answer as $trouble", ({ cause, trouble }) => {
  expect(readTrouble(cause)).toBe(trouble);
});

it("states the reason of each trouble, and a hint unless the trouble passes by itself", () => {
  expect(troubleLine("token-refused", upstashWords)).toBe(
    "Upstash refused the token (401): check UPSTASH_REDIS_REST_TOKEN.",
  );
  expect([whyOf("full", upstashWords), hintOf("full", upstashWords)]).toEqual([
    "The database is full",
    "make room in the database",
  ]);
  for (const passing of ["timeout", "unreachable", "busy"] as const) {
    expect(hintOf(passing, upstashWords)).toBe(undefined);
  }
  expect(troubleLine("too-large", upstashWords)).toContain("lower `limits.sharedBodyBytes`");
});
