// Tests that explain predicts the result of each request of the public test suite for HTTP caches.
import { expect, it } from "vitest";
import published from "http-cache-tests/tests/index.mjs";
import surrogateControl from "http-cache-tests/tests/surrogate-control.mjs";
import { FakeClock } from "../../../testing/fakes/fake-clock.ts";
import { playsAll } from "../../../testing/histories.ts";
import { both, explainToken } from "../../../testing/site/explained.ts";
import { openSite } from "../../../testing/site/harness.ts";
import { type Disagreement, excuse } from "./disagreement.ts";

const env = { ADMIN_TOKEN: explainToken, SITE_HOST: "www.example.com" };

interface SuiteRequest {
  readonly request_method?: string;
  readonly request_headers?: readonly (readonly [string, string | number])[];
  readonly query_arg?: string;
  readonly filename?: string;
  readonly pause_after?: boolean;
  readonly disconnect?: boolean;
  readonly response_status?: readonly [number, string];
  readonly response_headers?: readonly (readonly [string, string | number, ...unknown[]])[];
  readonly response_body?: string | null;
}

interface SuiteTest {
  readonly id: string;
  readonly browser_only?: boolean;
  readonly requests: readonly SuiteRequest[];
}

const corpus = [
  ...(published as { tests: SuiteTest[] }[]),
  surrogateControl as { tests: SuiteTest[] },
]
  .flatMap(({ tests }) => tests)
  .filter((test) => test.browser_only !== true);

/** Returns a field value. A number is a date, in seconds from now. */
function textOf(clock: FakeClock, value: string | number): string {
  return typeof value === "number" ? clock.date(value) : value;
}

function suiteAnswer(clock: FakeClock, asked: Request, test: SuiteRequest): Response {
  const headers = new Headers({ date: clock.date() });
  for (const [name, value] of test.response_headers ?? []) {
    if (/^(?:content-length|transfer-encoding)$/i.test(name)) continue;
    if (name.toLowerCase() === "date") headers.delete(name);
    headers.append(name, textOf(clock, value));
  }
  const [status = 200] = test.response_status ?? [];
  const condition = asked.headers.get("if-none-match") ?? asked.headers.get("if-modified-since");
  const isUnchanged =
    condition !== null && [headers.get("etag"), headers.get("last-modified")].includes(condition);
  if (isUnchanged || [204, 304].includes(status) || asked.method === "HEAD") {
    return new Response(null, { status: isUnchanged ? 304 : status, headers });
  }
  return new Response(test.response_body ?? "body", { status, headers });
}

/**
 * Compares each request of a suite test with its explanation. `npm run conformance` checks the
 * results themselves.
 */
async function run(test: SuiteTest): Promise<Disagreement[]> {
  const clock = new FakeClock();
  let now: SuiteRequest = {};
  const origin = (asked: Request) => suiteAnswer(clock, asked, now);
  const site = openSite({
    env,
    clock,
    origin,
    config: { heuristics: true, honourRequestDirectives: true },
  });
  const found: Disagreement[] = [];
  for (const [nth, request] of test.requests.entries()) {
    now = request;
    const {
      request_method: method = "GET",
      request_headers: fields = [],
      query_arg: query,
    } = request;
    const headers: Record<string, string> = {};
    for (const [name, value] of fields) headers[name] = textOf(clock, value);
    const url = `https://www.example.com/${test.id}/${request.filename ?? ""}${query ? `?${query}` : ""}`;
    const compared = await both(site, url, { method, headers });
    const { told, came } = compared;
    if (told !== came && excuse(compared) === undefined)
      found.push({ id: `${test.id} ${nth}`, told, came });
    if (request.pause_after === true) clock.advance(3);
  }
  return found;
}

// Nothing in it is random, so `npm run test:live` does not repeat it.
it.skipIf(playsAll)(
  "explain predicts the results of all requests of the public suite",
  { timeout: 600_000 },
  async () => {
    const found: Disagreement[] = [];
    for (const test of corpus) found.push(...(await run(test)));
    expect(corpus.length).toBeGreaterThan(300);
    expect(found.slice(0, 10)).toEqual([]);
  },
);
