// A real Prometheus that scrapes one site and knows the alerts of monitoring/.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../local/colo.ts";
import { guardOf } from "../fakes/redis-server.ts";

/** What it is to scrape, each second. */
export interface Scraped {
  /** Such as `127.0.0.1:8787`. */
  readonly address: string;
  /** What its `authorization` setting sends. */
  readonly token: string;
}

/** One series of a query's answer. */
export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, value: string];
}

export interface PrometheusServer {
  /** @throws Error with what Prometheus says is wrong with the query */
  query(expression: string): Promise<readonly Series[]>;
  /** Each rule that it has loaded, by its name, and how its last evaluation went. */
  rules(): Promise<readonly { name: string; health: string; lastError?: string }[]>;
  /** Resolves when so many more scrapes have been answered. */
  scraped(times: number): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 20_000;

/** @throws Error with what it printed when it does not come up */
export async function startPrometheus({ address, token }: Scraped): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort(0, "127.0.0.1");
  const config = join(folder, "prometheus.json");
  await writeFile(config, JSON.stringify(configOf(address, token)));
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  let printed = "";
  child.stderr.on("data", (chunk) => (printed += String(chunk)));
  const gone = once(child, "exit");
  const guard = guardOf(child);
  const base = `http://127.0.0.1:${port}`;
  const server: PrometheusServer = {
    async query(expression) {
      const body = new URLSearchParams({ query: expression });
      const { result } = await asked<{ result: Series[] }>(`${base}/api/v1/query`, body);
      return result;
    },
    async rules() {
      type Group = { rules: { name: string; health: string; lastError?: string }[] };
      const { groups } = await asked<{ groups: Group[] }>(`${base}/api/v1/rules`);
      return groups.flatMap(({ rules }) => rules);
    },
    async scraped(times) {
      const count = async () => {
        // A scrape succeeds, without any totals, if Redis does not answer in time.
        const [series] = await server.query("max(count_over_time(tidemark_requests_total[1h]))");
        return Number(series?.value[1] ?? 0);
      };
      const until = (await count()) + times;
      await eventually(
        async () => (await count()) >= until,
        () => printed,
      );
    },
    async stop() {
      child.kill("SIGTERM");
      await gone;
      guard.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
    },
  };
  const isReady = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  try {
    await eventually(isReady, () => printed);
  } catch (cause) {
    await server.stop();
    throw cause;
  }
  return server;
}

/** As docs/metrics.md shows it, but faster. JSON is YAML. */
function configOf(address: string, credentials: string) {
  return {
    global: { scrape_interval: "1s", scrape_timeout: "1s", evaluation_interval: "1s" },
    rule_files: [resolve("monitoring/alerts.yml")],
    scrape_configs: [
      {
        job_name: "tidemark",
        metrics_path: "/_cache/metrics",
        scheme: "http",
        authorization: { type: "Bearer", credentials },
        static_configs: [{ targets: [address] }],
      },
    ],
  };
}

async function asked<Data>(url: string, body?: URLSearchParams): Promise<Data> {
  const answer = await fetch(url, body === undefined ? {} : { method: "POST", body });
  const told = (await answer.json()) as { status: string; error?: string; data: Data };
  if (told.status !== "success") throw new Error(`Prometheus says: ${told.error}`);
  return told.data;
}

async function eventually(holds: () => Promise<boolean>, printed: () => string): Promise<void> {
  const deadlineMs = performance.now() + startTimeoutMs;
  while (!(await holds())) {
    if (performance.now() > deadlineMs)
      throw new Error(`It did not come. Prometheus printed:\n${printed()}`);
    await delay(50);
  }
}
