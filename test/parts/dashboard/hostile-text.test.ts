// Tests that no text that clients, origins, senders of purges or writers of Redis choose becomes
// markup: URLs, tags, routes, reasons and header values.
import { describe, expect, it } from "vitest";
import { addedToHistory } from "../../../src/parts/dashboard/history/history.ts";
import { partOf } from "../../../src/parts/dashboard/parts.tsx";

const atMs = Date.UTC(2030, 0, 1, 12);
const payloads = [
  `"><img src=x onerror=alert(1)>`,
  `'><script>alert(1)</script>`,
  "</pre></title></textarea><svg onload=alert(1)>",
  `javascript:alert(1)//" onfocus="alert(1)" autofocus="`,
  "&lt;img src=x onerror=alert(1)&gt;<!--",
];

/** Answers each route with the payload in each text that an outsider can choose. */
function answersWith(text: string): Readonly<Record<string, object | string>> {
  const instant = new Date(atMs).toISOString();
  const rate = { requests: 1, hits: 1, hitRate: 1 };
  return {
    health: {
      status: "degraded",
      version: text,
      colo: text,
      findings: [
        {
          code: text,
          level: "warning",
          case: text,
          about: text,
          since: text,
          values: { [text]: text, list: [text] },
        },
      ],
      notLookedAt: [text],
      hitRates: {
        since: text,
        all: rate,
        routes: [],
        prefixes: [{ name: text, ...rate }],
        namespaces: [],
      },
    },
    stats: {
      colo: text,
      configuredRoutes: [{ name: text }],
      openBreakers: [text],
      edge: text,
      redis: { trouble: { kind: text, why: text } },
    },
    metrics: { gauges: [] },
    journal: {
      entries: [
        {
          position: text,
          at: instant,
          by: text,
          mode: text,
          reason: text,
          tags: [text],
          urls: [text],
          prefixes: [text],
          hosts: [text],
          routes: [text],
        },
        { position: "1-0", at: instant, by: "admin", mode: "hard", reason: "", bypass: [text] },
      ],
    },
    switch: {
      bypass: [text],
      since: text,
      here: [text],
      variable: [text],
      unknownRoutes: [text],
      key: text,
      journal: { why: text, hint: text },
      position: text,
    },
    explain: {
      verdict: { kind: text, by: text, case: text },
      next: text,
    },
  };
}

function portsWith(text: string, fields: Readonly<Record<string, string>>) {
  const answers = answersWith(text);
  const series = [
    `requests|${text}|hit|${text}`,
    `responseBytes|${text}|hit|${text}`,
    `originResponses|${text}|2xx`,
    `responseSeconds|${text}|hit|${text}|b9`,
    `tierReads|${text}|${text}`,
    `dataRequests|${text}|${text}|${text}`,
    `behindChanges|${text}|${text}`,
  ];
  const sums = new Map(series.map((one) => [one, 3]));
  const backlog = { keyCount: 1, backlogMax: 2, overdueMs: 0, heardAtMs: atMs };
  const state = { atMs, viewAgeMs: 1, lagMs: 1, memoryBytes: 1, memoryRecords: 1 };
  return {
    operatorPath: "/_cache",
    isHere: () => true,
    refusalOf: () => Promise.resolve(undefined),
    readBody: () => Promise.resolve(new Uint8Array()),
    nowAtMs: () => atMs,
    visibleWithinSeconds: 10,
    memoryBytesMax: 1,
    sets: () => new Map([[text, { backlog, deadLetterCount: 0 }]]),
    readTotals: async () => ({
      startedAtMs: atMs,
      sums,
      colos: new Map([[text, state]]),
      history: addedToHistory(undefined, [{ atMs, report: { sums } }]),
    }),
    ask: async (path: string) => {
      const answer = answers[/^\/(\w+)/.exec(path)?.[1] ?? ""];
      return Response.json(answer);
    },
    form: async () => new URLSearchParams(fields),
  };
}

/** The elements and attributes that the page itself writes. */
const elements =
  /^(?:section|div|h2|h3|p|span|b|code|strong|dl|dt|dd|figure|figcaption|svg|title|desc|path|rect|ul|li|details|summary|table|caption|thead|tbody|tr|th|td|article|form|label|input|textarea|button|pre)$/;
const attributes =
  /^(?:class|id|role|scope|tabindex|viewBox|preserveAspectRatio|aria-[a-z]+|d|width|height|data-live|data-to|data-result|name|value|type|rows|required|placeholder|autocomplete|spellcheck)$/;

const tag = /<\/?([^\s/>]*)((?:\s+[^\s=>/]+(?:="[^"]*")?)*)\s*\/?>/g;

/** Returns the foreign elements and attributes of a fragment, by a scan like that of a parser. */
function foreignIn(html: string): string[] {
  const tags = [...html.matchAll(tag)];
  const foreign = tags.map(([, name = ""]) => name).filter((name) => !elements.test(name));
  const written = tags.flatMap(([, , rest = ""]) =>
    Array.from(rest.matchAll(/([^\s=>/"]+)="[^"]*"|([^\s=>/"]+)/g)),
  );
  const names = written.map(([, one, other]) => one ?? other ?? "");
  const lone = html.replaceAll(tag, "").includes("<") ? ["a lone <"] : [];
  return [...foreign, ...names.filter((name) => !attributes.test(name)), ...lone];
}

const parts = [
  ...["overview", "week", "tiers", "purges", "data", "explain", "switch"].map((name) => ({
    method: "GET",
    name,
  })),
  { method: "POST", name: "explain" },
];

describe.each(payloads)("the text %s", (text) => {
  it.each(parts)("stays text: $method $name", async ({ method, name }) => {
    const fields = { url: text, headers: text };
    const html = (await partOf(method, name, portsWith(text, fields)))?.toString() ?? "";
    expect(html.length).toBeGreaterThan(20);
    expect(foreignIn(html)).toEqual([]);
  });
});

it.each(payloads.slice(0, 4))("the scan finds markup that is not of the page: %s", (text) => {
  expect(foreignIn(`<p class="${text}">${text}</p>`)).not.toEqual([]);
});
