// Tests responses that do not come from Tidemark. The command reports an error, and never claims
// success.
import { describe, expect, it } from "vitest";
import { operatorOf } from "../fakes/operator.ts";

const json = (value: unknown, status = 200) => Response.json(value, { status });

const asJson = (text: string) =>
  new Response(text, { headers: { "content-type": "application/json" } });

const html = (status: number) =>
  new Response("<h1>hello</h1>", { status, headers: { "content-type": "text/html" } });

const mebibyte = new Uint8Array(1_024 * 1_024).fill(32);

/** Returns a body of 64 MiB that is produced on demand, in chunks of 1 MiB. */
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

type Answers = readonly [name: string, answer: () => Response][];

/** Each command has its own schema of answers. */
const shapes: Answers = [
  ["null", () => json(null)],
  ["a list", () => json([])],
  ["a number", () => json(7)],
  ["an empty object", () => json({})],
  ["success as another program reports it", () => json({ ok: true, status: 200 })],
  ["members of other types", () => json(misshapen)],
  ["5,000 nested lists", () => asJson(deep)],
];

const unreadable: Answers = [
  ["truncated JSON", () => asJson('{"position": "1-0", "visib')],
  ["HTML", () => html(200)],
  ["an empty body", () => asJson("")],
  ["204", () => new Response(null, { status: 204 })],
  ["a body that is too long", long],
  ["a body that is cut off", cut],
  ["a redirect", () => Response.redirect("https://login.example/", 302)],
  ["a redirect without Location", () => new Response(null, { status: 302 })],
  ["401 as HTML", () => html(401)],
  ["404 as HTML", () => html(404)],
  ["429 as HTML", () => html(429)],
  ["502 as HTML", () => html(502)],
  ["503 without a body", () => new Response(null, { status: 503 })],
  ["an error without sentences", () => json({ error: { what: "W." } }, 400)],
  ["an error that is null", () => json({ error: null }, 400)],
  ["an error that is a string", () => json({ error: "no" }, 500)],
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
  "purge --tag a",
  "purge --tag a --wait",
  "purge --tag a --dry-run",
  "stats",
  "stats --isolate",
  "health",
  "journal",
  "switch",
  "switch on a",
  "switch off",
  "explain /a",
  "warm --within --list -",
].map((line) => line.split(" "));

/** `main` writes every error as JSON, so one call of each command is enough. */
const oneOfEach = [...new Map(commands.toReversed().map((args) => [args[0], args])).values()];

/** All commands refuse an unreadable answer in one place, and only a purge is sent again. */
const few: readonly (readonly string[])[] = [["purge", "--tag", "a"], ["stats"]];

/** Returns the rows of a table: each command line as text, and its words. */
const titled = (lines: readonly (readonly string[])[]) =>
  lines.map((words) => [words.join(" "), words] as const);

const answers = [
  ...shapes.map(([id, answer]) => [id, answer, true] as const),
  ...unreadable.map(([id, answer]) => [id, answer, false] as const),
];

describe.each(answers)("a response that is not from Tidemark: %s", (_, answer, isShape) => {
  const ran = async (args: readonly string[]) => {
    const user = await operatorOf(async () => answer(), { input: "/a\n" });
    return user.runs(args);
  };

  it.each(titled(isShape ? commands : few))(
    "makes `tidemark %s` exit with 1",
    async (_line, args) => {
      const { code, out, notes } = await ran(args);
      expect(`${code} ${notes}`).toMatch(/^1 /);
      expect(notes).not.toMatch(/TypeError|undefined|NaN|\[object|TIDEMARK_DEBUG/);
      expect(out).not.toMatch(/^Purged|<h1>/);
    },
  );

  it.each(titled(isShape ? oneOfEach : few))(
    "is a JSON error on stdout of `tidemark %s`",
    async (_line, args) => {
      const { code, out } = await ran([...args, "--json"]);
      expect(code).toBe(1);
      const text = expect.any(String) as string;
      expect(JSON.parse(out)).toEqual({ error: { code: text, what: text, why: text, hint: text } });
    },
  );
});
