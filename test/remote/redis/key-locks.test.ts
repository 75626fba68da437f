// Tests that scripts at Upstash lock only their keys: which requests get the flag, and that no
// script with the flag uses another key.
import { globSync, readFileSync } from "node:fs";
import { afterEach, expect, it, vi } from "vitest";
import { Redis, scriptCommand } from "../../../src/remote/redis/redis.ts";
import { overUpstash, usesOtherKeys } from "../../../src/remote/redis/rest.ts";
import { newEntry } from "../../../testing/examples/purges.ts";
import { openRestDatabase } from "../../../testing/fakes/rest-database.ts";
import { oneRedisServer } from "../../../testing/fakes/redis-server.ts";
import { RedisJournal } from "../../../src/stores/redis/journal/redis-journal.ts";
import { acceptAddsScript, readScript } from "../../../src/write-behind/slice-scripts.ts";
import { upstashStore } from "../../../testing/fakes/upstash-store.ts";

const script = "return redis.call('GET', KEYS[1])";
const flag = "#!lua flags=allow-key-locking\n";
const upstash = "https://db.upstash.io";
const server = oneRedisServer[0]?.start;
const database = openRestDatabase(server);

afterEach(() => void vi.restoreAllMocks());

/** Answers requests with `answer`, and returns the commands of each. */
function sent(answer: (body: string) => Promise<Response> | Response): () => unknown[] {
  const bodies: string[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (_, init) => {
    const body = init?.body as string;
    bodies.push(body);
    return answer(body);
  });
  return () => bodies.map((body) => JSON.parse(body) as unknown);
}

it.each<[what: string, url: string, run: (redis: Redis) => Promise<unknown>, expected: unknown]>([
  [
    "a script",
    upstash,
    (redis) => redis.exec(scriptCommand(script, ["k"], [])),
    ["EVAL", flag + script, 1, "k"],
  ],
  [
    "a script that only reads",
    upstash,
    (redis) => redis.exec(scriptCommand(script, ["k"], [], "EVAL_RO")),
    ["EVAL_RO", flag + script, 1, "k"],
  ],
  [
    "a script of a pipeline",
    upstash,
    (redis) => redis.pipeline([["GET", "k"], scriptCommand(script, ["k"], [])]),
    [
      ["GET", "k"],
      ["EVAL", flag + script, 1, "k"],
    ],
  ],
  [
    "no script that uses other keys",
    upstash,
    (redis) => redis.exec(scriptCommand(readScript, ["k", "clock"], [])),
    ["EVAL", readScript, 2, "k", "clock"],
  ],
  [
    "no other command",
    upstash,
    (redis) => redis.exec(["SET", "EVAL", script]),
    ["SET", "EVAL", script],
  ],
  [
    "no script for another server, which would refuse it",
    "https://db.upstash.io.example.net",
    (redis) => redis.exec(scriptCommand(script, ["k"], [])),
    ["EVAL", script, 1, "k"],
  ],
])("the flag is on %s", async (_, url, run, expected) => {
  const requests = sent((body) =>
    Response.json(body.startsWith("[[") ? [{ result: 1 }, { result: 1 }] : { result: 1 }),
  );
  const send = overUpstash({ url, token: "token" });
  await run(new Redis((form, commands) => send(form, commands, 1_000)));
  expect(requests()).toEqual([expected]);
});

it("Redis refuses the flag, so only Upstash gets it", async () => {
  await expect(database.redis.eval(flag + script, 1, "k")).rejects.toThrow("Unexpected flag");
});

/** Rejects other keys than KEYS in scripts with the flag, as Upstash documents. */
const checked = `local real, declared = redis, {} for _, key in ipairs(KEYS) do declared[key] = true end
local function checkedBy(run) return function(name, ...)
  local keys = ({TIME = {}, RENAME = {...}, DEL = {...}})[name] or {(...)}
  for _, key in ipairs(keys) do
    if not declared[key] then error("Dynamic keys are not allowed. Key was: " .. key) end
  end
  return run(name, ...)
end end
local redis = {call = checkedBy(real.call), pcall = checkedBy(real.pcall), error_reply = real.error_reply}
`;

/** A client whose requests to Upstash go to the local server. */
function clientAtUpstash() {
  const real = globalThis.fetch;
  const path = JSON.stringify(flag).slice(1, -1);
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init) => {
    const url = String(input instanceof Request ? input.url : input);
    const given = init?.body as string;
    const body = given.replaceAll(path, JSON.stringify(checked).slice(1, -1));
    return real(url.replace(upstash, database.address.url), { ...init, body });
  });
  const settings = { url: upstash, token: "token", nowAtMs: Date.now, readTimeoutMsMax: 5_000 };
  return upstashStore.client(settings);
}

it("a journal works whose scripts may use only their keys", async () => {
  const redis = clientAtUpstash();
  const randomText = () => crypto.randomUUID();
  const journal = new RedisJournal({ redis, namespace: "site", nowAtMs: Date.now, randomText });
  expect(await journal.appendMark("")).toMatchObject({ kind: "read" });
  const appended = await journal.append([newEntry({ n: "one" }), newEntry({ n: "two" })]);
  const [first, last] = appended.kind === "appended" ? appended.places : [];
  if (first === undefined || last === undefined) throw new Error("Nothing was appended.");
  expect(await journal.standing([first, last])).toMatchObject({
    states: ["standing", "standing"],
  });
  const other = await redis.write("fill", (client) =>
    client.exec(scriptCommand("return redis.call('GET', KEYS[1] .. '2')", ["k"], [])),
  );
  expect(other).toMatchObject({ kind: "unavailable" });
});

it("a batch of changes is accepted whose script may use only its keys", async () => {
  const redis = clientAtUpstash();
  const keys = ["index", "count", "slice", "ids", "time", "clock"];
  const given = [Math.floor(Date.now() / 60_000), 60_000, 60_000, 60_000, 9, "id", "key", "5"];
  const answer = await redis.write("fill", (client) =>
    client.exec(scriptCommand(acceptAddsScript, keys, given)),
  );
  const atMs = expect.stringMatching(/^\d{13}$/) as string;
  const value = ["accepted", atMs, "0", "1", String(given[0])];
  expect(answer).toMatchObject({ kind: "answered", value });
});

/** The first argument of each command in a file's scripts. TIME has none. */
const keysIn = (text: string) =>
  [...text.matchAll(/redis\.p?call\("(\w+)"(?:, ([^,)]+))?/g)].map(([, name, key]) =>
    name === "TIME" ? "KEYS[1]" : (key ?? ""),
  );
const named = /^(?:KEYS\[(?:\d|#KEYS)\]|(?:journal|lineages|switch|released)Key|journal|record)$/;

it("all scripts of the sources name their keys, except for those that say otherwise", () => {
  const files = globSync("src/**/*.ts").map((path) => ({ path, text: readFileSync(path, "utf8") }));
  const withOthers = files.filter(({ text }) => keysIn(text).some((key) => !named.test(key)));
  expect(withOthers.map(({ path }) => path)).toEqual(["src/write-behind/slice-scripts.ts"]);
  const slices = readFileSync("src/write-behind/slice-scripts.ts", "utf8");
  const parts = slices.split(/(?=\n(?:export )?const )/);
  const inParts = parts.filter((part) => keysIn(part).some((key) => !named.test(key)));
  const names = inParts.map((part) => /const (\w+)/.exec(part)?.[1]);
  // The callers of setTime name its key.
  expect(names).toEqual(["setTime", "slices", "restedScript", "passMarkScript", "readScript"]);
  const users = parts.filter((part) => part.includes("${slices}"));
  expect(users.map((part) => part.includes("`${usesOtherKeys}"))).toEqual([true, true, true]);
  expect(usesOtherKeys).toMatch(/^--.*\n$/);
});
