// What the command makes of answers that are none of Tidemark's: one sentence each, and never a deed that was not done.
import { describe, expect, it } from "vitest";
import { FakeUser } from "../fakes/fake-world.ts";
import { operatorEnv } from "../fakes/site-as-fetch.ts";

const json = (value: unknown, status = 200) => Response.json(value, { status });

const asJson = (text: string) =>
  new Response(text, { headers: { "content-type": "application/json" } });

const html = (status: number) =>
  new Response("<h1>hello</h1>", { status, headers: { "content-type": "text/html" } });

const mebibyte = new Uint8Array(1_024 * 1_024).fill(32);

/** 64 MiB, a chunk for each question. */
function long(): Response {
  let leftCount = 64;
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) => {
    controller.enqueue(mebibyte);
    leftCount -= 1;
    if (leftCount === 0) controller.close();
  };
  const headers = { "content-type": "text/plain" };
  return new Response(new ReadableStream({ pull }), { headers });
}

function cut(): Response {
  const pull = (controller: ReadableStreamDefaultController<Uint8Array>) =>
    controller.error(new TypeError("terminated", { cause: new Error("other side closed") }));
  return new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/plain" } });
}

const answers: readonly { readonly name: string; readonly answer: () => Response }[] = [
  { name: "null", answer: () => json(null) },
  { name: "a list", answer: () => json([]) },
  { name: "a number", answer: () => json(7) },
  { name: "an object with nothing in it", answer: () => json({}) },
  { name: "somebody else's yes", answer: () => json({ ok: true, status: 200 }) },
  { name: "members of other types", answer: () => json(misshapen) },
  { name: "half of a JSON", answer: () => asJson('{"position": "1-0", "visib') },
  { name: "HTML", answer: () => html(200) },
  { name: "nothing", answer: () => asJson("") },
  { name: "204", answer: () => new Response(null, { status: 204 }) },
  { name: "a body that is too long", answer: long },
  { name: "a body that is cut off", answer: cut },
  { name: "lists without an end in each other", answer: () => asJson(deep) },
  { name: "a redirect", answer: () => Response.redirect("https://login.example/", 302) },
  { name: "a redirect to nowhere", answer: () => new Response(null, { status: 302 }) },
  { name: "401 as HTML", answer: () => html(401) },
  { name: "404 as HTML", answer: () => html(404) },
  { name: "429 as HTML", answer: () => html(429) },
  { name: "502 as HTML", answer: () => html(502) },
  { name: "503 without a body", answer: () => new Response(null, { status: 503 }) },
  { name: "an error without sentences", answer: () => json({ error: { what: "W." } }, 400) },
  { name: "an error that is null", answer: () => json({ error: null }, 400) },
  { name: "an error that is a text", answer: () => json({ error: "no" }, 500) },
];

const deep = `{"request":{},"verdict":{},"faults":[],"configuredRoutes":[],"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`;

const misshapen = {
  position: 5,
  visibleWithinSeconds: "soon",
  entries: [null, { position: 1 }],
  next: {},
  bypass: "on",
  status: "fine",
  findings: [null],
  counters: [{}],
  histograms: null,
  configuredRoutes: {},
  faults: "none",
  isolate: 5,
};

const commands: readonly (readonly string[])[] = [
  ["purge", "--tag", "a"],
  ["purge", "--tag", "a", "--wait"],
  ["purge", "--tag", "a", "--dry-run"],
  ["stats"],
  ["stats", "--isolate"],
  ["health"],
  ["journal"],
  ["journal", "--after", "1-0"],
  ["switch"],
  ["switch", "on", "a"],
  ["switch", "off"],
  ["switch", "off", "--dry-run"],
  ["metrics", "--json"],
  ["explain", "/a", "--json"],
  ["warm", "--hottest", "5"],
  ["warm", "--within", "--list", "-"],
];

/** `main` writes every error as JSON, so one call of each command is enough. */
const oneOfEach = [...new Map(commands.toReversed().map((args) => [args[0], args])).values()];

/** They print text, of which anything counts that says it is plain. */
const plainCommands: readonly (readonly string[])[] = [["metrics"], ["explain", "/a"]];

describe.each(answers)("$name", ({ answer }) => {
  const ran = async (args: readonly string[]) => {
    const user = await FakeUser.at({
      fetch: async () => answer(),
      env: operatorEnv,
      input: "/a\n",
    });
    return user.runs(args);
  };

  it.each([...commands, ...plainCommands])("fails in %s %s %s %s", async (...args) => {
    const { code, out, notes } = await ran(args);
    expect(`${code} ${notes}`).toMatch(/^1 /);
    expect(notes).not.toMatch(/TypeError|undefined|NaN|\[object|TIDEMARK_DEBUG/);
    expect(out).not.toMatch(/^Purged|<h1>/);
  });

  it.each(oneOfEach)("is told as JSON alone in %s %s %s", async (...args) => {
    const { code, out } = await ran([...args, "--json"]);
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual({
      error: {
        code: expect.any(String),
        what: expect.any(String),
        why: expect.any(String),
        hint: expect.any(String),
      },
    });
  });
});
