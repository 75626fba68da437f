// Sends random requests, answers and purges that contain marked secrets. No log line contains one.
import { describe, expect, it } from "vitest";
import { Draws } from "../../../testing/draws.ts";
import { page, unreachable } from "../../../testing/fakes/origin-in-process.ts";
import { send, signedHeaders, openJournalled } from "../../../testing/site/purge-sender.ts";
import { shareOf } from "../../../testing/histories.ts";

/** A text in all secrets of clients, origins and senders of purges. */
const mark = "s3cret";
const address = "203.0.113.77";

const names = [
  "cookie",
  "authorization",
  "cf-connecting-ip",
  "x-forwarded-for",
  "forwarded",
  "user-agent",
  "referer",
  "origin",
  "range",
  "if-none-match",
  "accept-language",
  "via",
  "baggage",
  "tracestate",
  "traceparent",
  "x-api-key",
  "tidemark-debug",
  "cache-control",
];
const statuses = [200, 200, 200, 204, 301, 404, 500, 503];

function requestFields(draws: Draws): Record<string, string> {
  const drawn = draws.shuffled(names).slice(0, Math.floor(draws.between(0, 8)));
  return Object.fromEntries(
    drawn.map((name) => [name, /ip$|for/.test(name) ? address : `${mark}=${mark}-${name}`]),
  );
}

function answer(draws: Draws): Response {
  if (draws.isLucky(0.1)) unreachable();
  const status = draws.oneOf(statuses);
  const fields: Record<string, string> = {
    "cache-control": draws.oneOf(["max-age=60", "no-store", `private="${mark}"`, "max-age=0"]),
    "x-answer": mark,
  };
  if (draws.isLucky(0.2)) fields["set-cookie"] = `${mark}=${mark}`;
  if (draws.isLucky(0.2)) fields["vary"] = draws.oneOf(["cookie", "x-api-key", "*", "traceparent"]);
  if (draws.isLucky(0.2)) fields["cache-tag"] = `${mark}${"x".repeat(300)}`;
  if (draws.isLucky(0.2)) fields["location"] = `https://origin.invalid/?${mark}`;
  return status === 204
    ? new Response(null, { status, headers: fields })
    : page(mark, fields, status);
}

const reasons = [
  `see /a?t=${mark}`,
  `${mark}@a.example`,
  `by ${mark.repeat(6)}`,
  `from ${address}`,
];

describe.each([1, 2, 3, 4].slice(0, shareOf(4)))("random requests with seed %i", (seed) => {
  it("leave no secret in the log", async () => {
    const draws = new Draws(seed);
    const routes = [
      { name: "keyed", match: "/keyed/*", key: { headers: ["x-api-key"], cookies: [mark] } },
      {
        name: "tagged",
        match: "/tagged/*",
        forward: [],
        tags: () => {
          throw new Error(mark);
        },
      },
      { name: "all", match: "*" },
    ];
    const { site, upstash } = openJournalled({
      config: { logs: { sample: 1, paths: true }, routes },
      env: {
        UPSTASH_REDIS_REST_TOKEN: "shared-token",
        ORIGIN_URL: `https://${mark}.origin.invalid`,
      },
      origin: () => answer(draws),
    });
    for (let nth = 0; nth < 150; nth += 1) {
      upstash.mode = draws.oneOf(["works", "works", "works", "down", "refuses"]);
      upstash.refusal = { status: 400, error: `ERR ${mark} ${address}` };
      const method = draws.oneOf(["GET", "GET", "GET", "HEAD", "POST", `X${mark.toUpperCase()}`]);
      const folder = draws.oneOf(["/keyed", "/tagged", "/else"]);
      const path = `${folder}/${Math.floor(draws.between(0, 9))}?${mark}=${mark}&b=${mark}`;
      const response = await site.ask(path, { method, headers: requestFields(draws) });
      await response.text();
      if (draws.isLucky(0.2)) {
        upstash.mode = "works";
        const tags = [`${mark}-tag`];
        const urls = [`https://www.example.com/a?${mark}=${mark}`];
        const body = JSON.stringify({ tags, urls, reason: draws.oneOf(reasons) });
        const atSeconds = Math.floor(site.clock.atMs / 1_000);
        const signed = { id: `${mark}-${nth}`, atSeconds };
        const headers = draws.isLucky(0.3)
          ? { authorization: `Bearer ${mark}` }
          : signedHeaders(body, signed);
        await send(site, body, headers);
      }
      site.clock.advance(draws.between(0, 5));
    }
    const seen = new Set(site.lines.map(({ event }) => event));
    const events = ["request", "purge", "purge-refused", "database", "origin", "tags-failed"];
    for (const event of events) expect(seen).toContain(event);
    const log = JSON.stringify(site.lines).toLowerCase();
    for (const secret of [mark, address, "origin.invalid", "shared-token", "admin-token"]) {
      expect(log).not.toContain(secret);
    }
  });
});
