// Random requests and answers of the origin: no request fails inside Tidemark, and no answer for one client is shared.
import * as fc from "fast-check";
import { expect, it } from "vitest";
import type { ConfigInput } from "../../src/config/schema.ts";
import { fuzz } from "../../testing/fuzz.ts";
import { shareOf } from "../../testing/histories.ts";
import { openJournalled } from "../../testing/site/purge-sender.ts";
import { fieldLines, methods, targets } from "./http-inputs.ts";

const internalEvents = ["request-failed", "background-failed", "handler-failed"];

const answers = fc.record({
  status: fc.constantFrom(
    200,
    200,
    200,
    203,
    204,
    206,
    301,
    302,
    304,
    307,
    404,
    410,
    416,
    500,
    503,
  ),
  fields: fieldLines("response"),
});

const exchanges = fc.record({
  requests: fc.array(
    fc.record({ method: methods, target: targets, fields: fieldLines("request") }),
    { minLength: 1, maxLength: 3 },
  ),
  answers: fc.array(answers, { minLength: 1, maxLength: 3 }),
  waitSeconds: fc.constantFrom(0, 0, 1, 70),
});

const config: ConfigInput = {
  routes: [
    { name: "none", match: "/none/*", bypass: true },
    { name: "short", match: "/short/*", fresh: "1s", staleWhileRevalidate: "1m" },
    { name: "rest", match: "*", key: { cookies: ["theme"], headers: ["accept-language"] } },
  ],
};

it("no request fails inside Tidemark, and each gets a status that the origin or a rule gives", async () => {
  await fuzz(
    exchanges,
    async ({ requests, answers: given, waitSeconds }) => {
      let next = 0;
      const statuses = new Set<number>();
      const origin = () => {
        const { status, fields } = given[next++ % given.length] ?? { status: 200, fields: [] };
        statuses.add(status);
        const body = [204, 304].includes(status) ? null : `body ${next}`;
        return new Response(body, { status, headers: fields });
      };
      const { site } = openJournalled({ config, origin });
      for (const { method, target, fields } of [...requests, ...requests]) {
        const seen = await site.get(target, { method, headers: Object.fromEntries(fields) });
        const { status } = seen;
        const isExplained = statuses.has(status) || (status !== 500 && status >= 200);
        expect([status, isExplained]).toEqual([status, true]);
        site.clock.advance(waitSeconds);
      }
      expect(site.lines.filter(({ event }) => internalEvents.includes(event))).toEqual([]);
    },
    { runs: shareOf(150) },
  );
});

const forbidding = fc.oneof(
  fc.constantFrom<[string, string]>(["set-cookie", "session=1"], ["vary", "*"]),
  fc
    .tuple(
      fc.constantFrom("max-age=60", "max-age=60, stale-if-error=0", 'max-age=60, no-cache="x"'),
      fc.constantFrom(", ", "; ", " ", "|"),
      fc.constantFrom("private", "Private", "no-store"),
      fc.boolean(),
    )
    .map(([other, separator, one, isFirst]): [string, string] => [
      "cache-control",
      (isFirst ? [one, other] : [other, one]).join(separator),
    ]),
);

it("an answer for one client answers no other request", async () => {
  await fuzz(
    fc.record({ target: targets, fields: fieldLines("response"), one: forbidding }),
    async ({ target, fields, one: [name, value] }) => {
      let count = 0;
      const origin = () => {
        const kept = fields.filter(([field, text]) => !overrides.has(field) && !permits(text));
        const headers = new Headers(kept);
        headers.append(name, value);
        return new Response(`answer ${(count += 1)}`, { headers });
      };
      const { site } = openJournalled({ config, origin });
      const [first, second] = [await site.get(target), await site.get(target)];
      if (count === 0) return;
      expect(first.text).toBe("answer 1");
      expect(second.text).toBe("answer 2");
    },
    { runs: shareOf(400) },
  );
});

/** Fields that replace Cache-Control for this cache (RFC 9213), or that make a response invalid. */
const overrides = new Set([
  "cdn-cache-control",
  "surrogate-control",
  "tidemark-cache-control",
  "content-length",
  "transfer-encoding",
]);

/** `must-understand` makes a cache that knows the status ignore `no-store` (RFC 9111 §5.2.2.3). */
const permits = (text: string) => /must-understand/i.test(text);

it("a purge of a page's URL ends the page", async () => {
  await fuzz(
    targets,
    async (target) => {
      let count = 0;
      const headers = { "cache-control": "max-age=600" };
      const origin = () => new Response(`answer ${(count += 1)}`, { headers });
      const { site } = openJournalled({ config, origin });
      const first = await site.get(target);
      const again = await site.get(target);
      if (again.text !== first.text || count === 0) return;
      // A purge takes a literal star only in this form, because others use it as a pattern.
      const url = new URL(target, "https://www.example.com").href.replaceAll("*", "%2A");
      const purged = await site.ask("/_cache/purge", {
        method: "POST",
        headers: { authorization: "Bearer admin-token-of-the-site" },
        body: JSON.stringify({ urls: [url] }),
      });
      expect([purged.status, await purged.text()]).toEqual([200, expect.any(String)]);
      expect((await site.get(target)).text).not.toBe(first.text);
    },
    { runs: shareOf(400) },
  );
});
