// The public suite of HTTP caches (https://cache-tests.fyi), as published on npm or as a clone of
// its repository: its list of tests, its origin, its client, and the results of other caches.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { text } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { OperatorError } from "../../src/base/operator-error.ts";
import {
  type ScriptedOrigin,
  type Script,
  startScriptedOrigin,
} from "../../testing/fakes/scripted-origin.ts";

/** `required`: an RFC says so. `optimal`: better than required. `check`: observed, not judged. */
export type Kind = "required" | "optimal" | "check";

export interface SuiteTest {
  readonly suite: string;
  readonly id: string;
  readonly kind: Kind;
  /** A test counts as passed only if these are passed too. */
  readonly dependsOn: readonly string[];
}

/** `passed`, or the suite's message about the failure, by test id. */
export type Results = ReadonlyMap<string, string>;

/** Another cache's results, published with the suite. */
export interface PublishedResults {
  readonly name: string;
  readonly version: string;
  readonly results: Results;
}

/** One version of the suite. */
export interface Suite {
  /** The tests that its client runs against a proxy, in their order. */
  readonly tests: readonly SuiteTest[];
  /** Empty for the npm release, whose results are years old. */
  readonly published: readonly PublishedResults[];
  startOrigin(): Promise<ScriptedOrigin>;
  /**
   * Runs the suite's client in its own process, because the client keeps results for one run only.
   *
   * @param baseUrl the address of the cache
   * @throws Error when the client ends without results
   */
  run(baseUrl: string): Promise<Results>;
}

/** Loads the suite of npm's `http-cache-tests`. */
export function releasedSuite(): Promise<Suite> {
  return loaded(dirname(fileURLToPath(import.meta.resolve("http-cache-tests/package.json"))));
}

/**
 * Loads the suite of a clone of https://github.com/http-tests/cache-tests.
 *
 * @param directory the clone's folder, relative to the working directory or absolute
 * @throws OperatorError for a folder without a suite, or with a suite that cannot be loaded
 */
export async function clonedSuite(directory: string): Promise<Suite> {
  const root = resolve(directory);
  const wanted = ["tests/index.mjs", "results/index.mjs", "test-engine/cli.mjs"];
  const missing = wanted.find((path) => !existsSync(join(root, path)));
  if (missing !== undefined) throw unusable(`${JSON.stringify(directory)} has no ${missing}.`);
  try {
    return await loaded(root);
  } catch (cause) {
    throw unusable(`Its suite cannot be loaded: ${String(cause)}.`, cause);
  }
}

function unusable(why: string, cause?: unknown): OperatorError {
  const hint =
    "Run git clone https://github.com/http-tests/cache-tests, and give the folder of the clone.";
  return new OperatorError({ what: "--suite cannot be used.", why, hint, cause });
}

async function loaded(root: string): Promise<Suite> {
  // The release has the engine in its root.
  const isRelease = !existsSync(join(root, "test-engine"));
  const engine = isRelease ? root : join(root, "test-engine");
  const suites = (await defaultOf(root, "tests/index.mjs")) as SuiteFile[];
  // The release's client adds this suite to those of the index.
  const added = isRelease
    ? [(await defaultOf(root, "tests/surrogate-control.mjs")) as SuiteFile]
    : [];
  const tests = testsOf([...suites, ...added]);
  const handlers = {
    config: (await defaultOf(engine, "server/handle-config.mjs")) as Handler,
    state: (await defaultOf(engine, "server/handle-state.mjs")) as Handler,
    test: (await defaultOf(engine, "server/handle-test.mjs")) as Handler,
  };
  return {
    tests,
    published: isRelease ? [] : await publishedResults(root, tests),
    startOrigin: () => startSuiteOrigin(handlers),
    run: async (baseUrl) => judged(tests, await clientRun(join(engine, "cli.mjs"), baseUrl)),
  };
}

async function defaultOf(root: string, path: string): Promise<unknown> {
  const module = (await import(pathToFileURL(join(root, path)).href)) as { default: unknown };
  return module.default;
}

interface SuiteFile {
  readonly id: string;
  readonly tests: readonly {
    id: string;
    kind?: Kind;
    depends_on?: readonly string[];
    browser_only?: boolean;
  }[];
}

function testsOf(suites: readonly SuiteFile[]): SuiteTest[] {
  return suites.flatMap(({ id: suite, tests }) =>
    tests
      .filter((test) => test.browser_only !== true)
      .map(({ id, kind = "required", depends_on: dependsOn = [] }) => ({
        suite,
        id,
        kind,
        dependsOn,
      })),
  );
}

type Handler = (segments: readonly string[], ...exchange: Parameters<Script>) => void;

/** Node's default, as in the suite's server. It ends bodies shorter than their `Content-Length`. */
const keepAliveMs = 5_000;

/**
 * Starts the suite's own handlers on a free port. Unsafe requests get their answers in the next second: the page that
 * they change has the time as `Last-Modified`, and a page with another body needs another one.
 */
function startSuiteOrigin(handlers: Readonly<Record<string, Handler>>): Promise<ScriptedOrigin> {
  return startScriptedOrigin(
    (request, response) => {
      const { pathname } = new URL(request.url ?? "", "http://any.invalid");
      const [, first = "", ...rest] = pathname.split("/");
      const handle = handlers[first];
      const answer = () => handle?.(rest, request, response);
      if (handle === undefined) response.writeHead(404).end();
      else if (first !== "test" || /^(?:GET|HEAD)$/.test(request.method ?? "")) answer();
      else setTimeout(answer, 1_010 - (Date.now() % 1_000));
    },
    0,
    keepAliveMs,
  );
}

/** The client's output by test id: `true`, or the fault. */
type Said = Readonly<Record<string, true | [kind: string, message: string]>>;

const preloaded = new URL("undici-fallback.ts", import.meta.url).href;

async function clientRun(client: string, baseUrl: string): Promise<Said> {
  // An empty id asks for every test.
  const env = { ...process.env, npm_config_base: baseUrl, npm_package_config_id: "" };
  const running = spawn(process.execPath, ["--no-warnings", "--import", preloaded, client], {
    cwd: dirname(client),
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await Promise.all([text(running.stdout), once(running, "exit")]);
  const startsAt = said.search(/^\{$/m);
  if (startsAt < 0) throw new Error(`The suite's client ended without results: ${said}`);
  return JSON.parse(said.slice(startsAt)) as Said;
}

interface PublishedIndexEntry {
  readonly file: string;
  readonly name: string;
  readonly type: string;
  readonly version: string;
}

/** Returns the results of shared caches, without those of browsers. */
async function publishedResults(
  root: string,
  tests: readonly SuiteTest[],
): Promise<PublishedResults[]> {
  const index = (await defaultOf(root, "results/index.mjs")) as PublishedIndexEntry[];
  const shared = index.filter(({ type }) => type !== "browser");
  return Promise.all(
    shared.map(async ({ file, name, version }) => {
      const said = JSON.parse(await readFile(join(root, "results", file), "utf8")) as Said;
      return { name, version, results: judged(tests, said) };
    }),
  );
}

/** Counts a test as passed only if its dependencies also passed, as the suite's own site does. */
function judged(tests: readonly SuiteTest[], said: Said): Results {
  const byId = new Map(tests.map((test) => [test.id, test]));
  const judge = ({ id, dependsOn }: SuiteTest): string => {
    const result = said[id] ?? ["Harness", "it was not run"];
    if (result !== true) return result[1];
    const failed = dependsOn.find((other) => {
      const test = byId.get(other);
      return test === undefined || judge(test) !== "passed";
    });
    return failed === undefined ? "passed" : `it depends on ${failed}`;
  };
  return new Map(tests.map((test) => [test.id, judge(test)]));
}
