// Tests `tidemark doctor` with a site whose JSON has an unexpected shape. The command must neither
// crash nor print invalid output.
import { describe, expect, it } from "vitest";
import { operatorOf } from "../fakes/operator.ts";
import { adminToken, siteUrl } from "../fakes/site-as-fetch.ts";

type Answers = Readonly<Record<string, string>>;

const health = { status: "ok", summary: "", scope: "", at: null, version: "1", colo: "x" };
const metrics = { startedAt: null, at: null, boundsSeconds: [1], counters: [], histograms: [] };
const well: Answers = {
  health: JSON.stringify({ ...health, findings: [], notLookedAt: [] }),
  stats: JSON.stringify({ faults: [], configuredRoutes: [], configuredHooks: [] }),
  metrics: JSON.stringify(metrics),
  purge: JSON.stringify({ position: "1-0", visibleWithinSeconds: 1, visibleBy: "" }),
};

async function examined(answers: Answers, args: readonly string[] = []) {
  const user = await operatorOf(async (input) => {
    const url = new URL(input instanceof Request ? input.url : String(input));
    if (url.origin !== siteUrl) throw new TypeError("fetch failed");
    const route = url.pathname.replace("/_cache/", "");
    const text = { ...well, ...answers }[route];
    if (text !== undefined) return new Response(text);
    return new Response("page", { headers: { "cache-status": "tidemark; hit" } });
  });
  return user.runs(["doctor", "--json", ...args]);
}

const shapes = ["null", "[]", "{}", "7", '"x"', "[null]", '{"findings":7,"notLookedAt":{"a":1}}'];
const deep = [
  '{"findings":[null,7,{}],"notLookedAt":[null,{}],"at":7,"colo":{}}',
  '{"findings":[{"code":7,"level":"worst","what":{},"cause":null,"remedy":[]}],"notLookedAt":[]}',
  '{"faults":[null,{}],"configuredRoutes":[null,{"name":7,"match":"x"}]}',
  '{"boundsSeconds":["x"],"counters":[null,{"name":"tidemark_requests_total"}],"histograms":[{}]}',
  '{"boundsSeconds":[1],"counters":7,"histograms":[{"name":"tidemark_origin_seconds","labels":null}]}',
];

describe.each(["health", "stats", "metrics"])(
  "a response to %s of an unexpected shape",
  (route) => {
    it.each([...shapes, ...deep])(
      "makes doctor neither crash nor print invalid JSON: %s",
      async (text) => {
        const { code, out, notes } = await examined({ [route]: text });
        expect(notes).toBe("");
        expect([0, 3]).toContain(code);
        const told = JSON.parse(out) as { notLookedAt: string[]; findings: { level: string }[] };
        expect(told.notLookedAt.every((one) => typeof one === "string")).toBe(true);
        expect(`${out}${notes}`).not.toMatch(/TypeError|undefined|is not a function/);
        expect(out).not.toContain(adminToken);
      },
    );
  },
);

it.each([...shapes, '{"visibleWithinSeconds":"x"}', '{"visibleWithinSeconds":1e12}'])(
  "doctor does not crash on a response to a purge of an unexpected shape: %s",
  async (text) => {
    const { code, notes } = await examined({ purge: text }, ["--purge", "--yes"]);
    expect(notes).not.toMatch(/TypeError|undefined|is not/);
    expect([0, 1, 3]).toContain(code);
  },
);
