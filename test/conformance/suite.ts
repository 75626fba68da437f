// The public suite of HTTP caches (npm http-cache-tests, https://cache-tests.fyi), as published:
// its list of tests, its origin, and its client.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createRequire } from "node:module";
import { dirname } from "node:path";
import { text } from "node:stream/consumers";
import configure from "http-cache-tests/server/handle-config.mjs";
import tellState from "http-cache-tests/server/handle-state.mjs";
import answerTest from "http-cache-tests/server/handle-test.mjs";
import published from "http-cache-tests/tests/index.mjs";
import surrogateControl from "http-cache-tests/tests/surrogate-control.mjs";
import { type ScriptedOrigin, startScriptedOrigin } from "../../testing/fakes/scripted-origin.ts";

/** `required`: the RFC says so. `optimal`: it may be done better. `check`: observed, not judged. */
export type Kind = "required" | "optimal" | "check";

export interface SuiteTest {
  readonly suite: string;
  readonly id: string;
  readonly kind: Kind;
  /** Tests without which this one proves nothing: where they fail, it does not count as passed. */
  readonly dependsOn: readonly string[];
}

/** `passed`, or what the suite said against it. */
export type Results = ReadonlyMap<string, string>;

interface PublishedSuite {
  readonly id: string;
  readonly tests: readonly {
    id: string;
    kind?: Kind;
    depends_on?: readonly string[];
    browser_only?: boolean;
  }[];
}

/** What the suite's client runs against a proxy, in its order. */
export const suiteTests: readonly SuiteTest[] = [
  ...(published as PublishedSuite[]),
  surrogateControl as PublishedSuite,
].flatMap(({ id: suite, tests }) =>
  tests
    .filter((test) => test.browser_only !== true)
    .map(({ id, kind = "required", depends_on: dependsOn = [] }) => ({
      suite,
      id,
      kind,
      dependsOn,
    })),
);

const handlers: Readonly<Record<string, typeof answerTest>> = {
  config: configure,
  state: tellState,
  test: answerTest,
};

/** The suite's origin has Node's own, which ends the bodies that are shorter than their length. */
const keepAliveMs = 5_000;

/** The suite's origin, its own handlers on a port of ours. */
export function startSuiteOrigin(): Promise<ScriptedOrigin> {
  return startScriptedOrigin(
    (request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://any.invalid");
      const [, first = "", ...rest] = pathname.split("/");
      const handle = handlers[first];
      if (handle === undefined) response.writeHead(404).end();
      else handle(rest, request, response);
    },
    0,
    keepAliveMs,
  );
}

const client = createRequire(import.meta.url).resolve("http-cache-tests/cli.mjs");

/**
 * Runs the suite's client in a process of its own: it keeps its results for one run only.
 *
 * @param baseUrl where the cache listens
 * @throws Error when it ends without results
 */
export async function runSuite(baseUrl: string): Promise<Results> {
  // An empty id asks for every test.
  const running = spawn(process.execPath, ["--no-warnings", client], {
    cwd: dirname(client),
    env: { ...process.env, npm_config_base: baseUrl, npm_package_config_id: "" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await Promise.all([text(running.stdout), once(running, "exit")]);
  const startsAt = said.search(/^\{$/m);
  if (startsAt < 0) throw new Error(`The suite's client ended without results: ${said}`);
  return judged(JSON.parse(said.slice(startsAt)) as Said);
}

type Said = Readonly<Record<string, true | [kind: string, message: string]>>;

/** As the suite's own site counts: with the tests that a test depends on. */
function judged(said: Said): Results {
  const results = new Map<string, string>();
  const judge = ({ id, dependsOn }: SuiteTest): string => {
    const result = said[id] ?? ["Harness", "it was not run"];
    if (result !== true) return result[1];
    const failed = dependsOn.find((other) => {
      const test = suiteTests.find((each) => each.id === other);
      return test === undefined || judge(test) !== "passed";
    });
    return failed === undefined ? "passed" : `it depends on ${failed}`;
  };
  for (const test of suiteTests) results.set(test.id, judge(test));
  return results;
}
