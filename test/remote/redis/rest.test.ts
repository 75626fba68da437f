// Tests what the package @upstash/redis would do otherwise: each row is a trap of version 1.39.0 that
// the options or the reading of its errors avoid.
import { Redis } from "@upstash/redis";
import { afterEach, describe, expect, it, vi } from "vitest";
import { RedisRefusal } from "../../../src/remote/redis/redis.ts";
import { overUpstash, subscribeAtUpstash } from "../../../src/remote/redis/rest.ts";
import { readTrouble, upstashWords } from "../../../src/remote/redis/redis-trouble.ts";
import { troubleLine } from "../../../src/remote/trouble.ts";

afterEach(() => vi.restoreAllMocks());

const address = { url: "https://database.invalid/", token: "the-token" };
const set = ["SET", "key", "the-value"] as const;

/** Answers each request, and returns the requests. */
function answerWith(answer: (init: RequestInit) => Promise<Response> | Response) {
  const requests: { url: string; init: RequestInit }[] = [];
  vi.spyOn(globalThis, "fetch").mockImplementation(async (input, init = {}) => {
    requests.push({ url: input as string, init });
    return answer(init);
  });
  return requests;
}

const replies = (body: string, status = 200) => new Response(body, { status });
const rejection = async (answer: Promise<unknown>): Promise<Error> =>
  answer.then(
    () => expect.unreachable("The call succeeded."),
    (cause: unknown) => cause as Error,
  );

describe("the request", () => {
  it("has the token and the commands, and neither telemetry, a sync token nor another encoding", async () => {
    const requests = answerWith(() => replies('[{"result":"OK"},{"result":1}]'));
    const send = overUpstash(address);
    expect(await send("multi-exec", [set, ["DEL", "b"]], 1_000)).toEqual(["OK", 1]);
    const [{ url, init } = expect.unreachable("Nothing was sent.")] = requests;
    expect(url).toBe("https://database.invalid/multi-exec");
    expect(init).toMatchObject({ method: "POST", body: JSON.stringify([set, ["DEL", "b"]]) });
    const fields = { "Content-Type": "application/json", authorization: "Bearer the-token" };
    expect(init.headers).toEqual(fields);
  });

  it("is kept by no cache of `fetch`, as frameworks have one", async () => {
    const requests = answerWith(() => replies('{"result":"OK"}'));
    await overUpstash(address)("single", [set], 1_000);
    expect(requests.map(({ init }) => init.cache)).toEqual(["no-store"]);
  });

  it("is sent once, also if the connection is lost, and alone, also if others are sent in this turn", async () => {
    const requests = answerWith(() => Promise.reject(new TypeError("fetch failed")));
    const send = overUpstash(address);
    const calls = [send("single", [set], 1_000), send("single", [set], 1_000)];
    const causes = await Promise.all(calls.map(rejection));
    expect(causes.map(readTrouble)).toEqual(["unreachable", "unreachable"]);
    expect(requests).toHaveLength(2);
  });

  it("is not created before the first call, and a call with an invalid URL rejects", async () => {
    const send = overUpstash({ url: "redis://127.0.0.1", token: "t" });
    expect(readTrouble(await rejection(send("single", [set], 1_000)))).toBe("failed");
  });
});

describe("a subscription", () => {
  it("is one streamed request, and ends with its signal", async () => {
    const stream = new TransformStream<string, string>();
    const requests = answerWith(
      () => new Response(stream.readable.pipeThrough(new TextEncoderStream())),
    );
    const over = new AbortController();
    const heard: unknown[] = [];
    const listen = (text?: string) => heard.push(text);
    const ended = subscribeAtUpstash(address, "site:journal", listen, over.signal);
    const body = stream.writable.getWriter();
    for (const part of [
      "data: subscribe,site:journal,1\n\nda",
      "ta: message,site:journal,1,2\n\n",
      ": ping\n",
    ])
      await body.write(part);
    await vi.waitUntil(() => heard.length === 2);
    expect(heard).toEqual([undefined, "1,2"]);
    expect(requests.map(({ url }) => url)).toEqual([
      "https://database.invalid/subscribe/site:journal",
    ]);
    expect(requests[0]?.init.headers).toMatchObject({ Accept: "text/event-stream" });
    over.abort();
    await ended;
  });

  it("that is refused rejects with the refusal", async () => {
    answerWith(() => replies('{"error":"Unauthorized"}', 401));
    const { signal } = new AbortController();
    const refused = subscribeAtUpstash(address, "site:journal", () => undefined, signal);
    expect(readTrouble(await rejection(refused))).toBe("token-refused");
  });
});

describe("the reply", () => {
  it("keeps a leading byte order mark", async () => {
    answerWith(() => replies('{"result":"\uFEFFtext"}'));
    const [value] = await overUpstash(address)("single", [["GET", "key"]], 1_000);
    expect(value).toBe("\uFEFFtext");
  });

  it.each(["before the reply", "within its body"])(
    "is no success if the timeout ends %s",
    async (when) => {
      const timeout = new AbortController();
      vi.spyOn(AbortSignal, "timeout").mockReturnValue(timeout.signal);
      const late = new DOMException("The operation timed out.", "TimeoutError");
      answerWith(() => {
        timeout.abort(late);
        if (when === "before the reply") throw late;
        return new Response(new ReadableStream({ pull: (body) => body.error(late) }));
      });
      const cause = await rejection(overUpstash(address)("single", [set], 1_000));
      expect(readTrouble(cause)).toBe("timeout");
    },
  );

  it("of a refused write does not quote the value", async () => {
    answerWith(() => replies('{"error":"OOM command not allowed"}', 400));
    const cause = await rejection(overUpstash(address)("single", [set], 1_000));
    expect(cause).toEqual(new RedisRefusal("OOM command not allowed"));
  });

  it.each([
    { body: '{"message":"Service Unavailable"}', status: 503 },
    { body: "null", status: 502 },
    { body: "null", status: 200 },
    { body: '{"result":1}', status: 200, form: "pipeline" },
  ] as const)("$status $body of a server in front is not Upstash's", async (row) => {
    const form = "form" in row ? row.form : "single";
    answerWith(() => replies(row.body, row.status));
    const cause = await rejection(overUpstash(address)(form, [set], 1_000));
    expect(readTrouble(cause)).toBe("not-upstash");
    expect(troubleLine("not-upstash", upstashWords)).toBe(
      "The answer is not one of Upstash's REST interface: check that UPSTASH_REDIS_REST_URL is the REST URL of the " +
        "database, and that no server in front of it, such as a proxy, fails.",
    );
  });
});

it("the package still has the traps: remove a row, and what avoids it, when this fails", async () => {
  const timeout = AbortSignal.abort();
  const client = (options: object) =>
    Reflect.get(new Redis({ ...address, ...options }), "client") as {
      request(asked: object): Promise<unknown>;
    };
  const requests = answerWith(() => Promise.reject(new TypeError("fetch failed")));
  const aborted = client({ responseEncoding: false }).request({ body: [], signal: timeout });
  expect(await aborted).toEqual({ result: {} });
  requests.length = 0;
  await rejection(client({ retry: false }).request({ body: [] }));
  expect(requests).toHaveLength(2);
});
