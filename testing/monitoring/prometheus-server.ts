// A real Prometheus that scrapes one site and evaluates the alerts of monitoring/.
import { mkdtemp, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { freePort } from "../../local/free-port.ts";
import { startProgram } from "../programs.ts";

/** The target, which is scraped each second. */
interface Scraped {
  /** An address such as `127.0.0.1:8787`. */
  readonly address: string;
  /** The value for Prometheus's `authorization` setting. */
  readonly token: string;
}

/** One series of a query's result. */
interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: readonly [atSeconds: number, value: string];
}

export interface PrometheusServer {
  /**
   * Evaluates a query at the last complete scrape that `scraped` has seen, or at the present time.
   * A later scrape may lack series, because Redis is slow on a busy machine.
   *
   * @throws Error with Prometheus's message for a wrong query
   */
  query(expression: string): Promise<readonly Series[]>;
  /** Returns each loaded rule, with the result of its last evaluation. */
  rules(): Promise<readonly { name: string; health: string; lastError?: string }[]>;
  /** Waits for this many more complete scrapes, which have totals and figures of the database. */
  scraped(times: number): Promise<void>;
  stop(): Promise<void>;
}

const startTimeoutMs = 90_000;

/** A query for the time of the last scrape. It has no result if the scrape is incomplete. */
const wholeScrape =
  "max(timestamp(tidemark_requests_total)) and on() (max(tidemark_redis_up) == 1)";

/** @throws Error with the output of Prometheus if it does not start */
export async function startPrometheus({ address, token }: Scraped): Promise<PrometheusServer> {
  const folder = await mkdtemp(join(tmpdir(), "prometheus-"));
  const port = await freePort();
  const config = join(folder, "prometheus.json");
  await writeFile(config, JSON.stringify(configOf(address, token)));
  const base = `http://127.0.0.1:${port}`;
  const isReady = () =>
    fetch(`${base}/-/ready`).then(
      ({ ok }) => ok,
      () => false,
    );
  const { printed, stop } = await startProgram({
    command: "prometheus",
    args: [
      `--config.file=${config}`,
      `--storage.tsdb.path=${join(folder, "data")}`,
      `--web.listen-address=127.0.0.1:${port}`,
    ],
    ready: (text) => eventually(isReady, text),
    endsBy: "SIGTERM",
    folder,
  });
  let wholeAt: string | undefined;
  const queried = async (parameters: Record<string, string>) => {
    const body = new URLSearchParams(parameters);
    const { result } = await asked<{ result: Series[] }>(`${base}/api/v1/query`, body);
    return result;
  };
  return {
    async query(expression) {
      return queried({ query: expression, ...(wholeAt !== undefined && { time: wholeAt }) });
    },
    async rules() {
      type Group = { rules: { name: string; health: string; lastError?: string }[] };
      const { groups } = await asked<{ groups: Group[] }>(`${base}/api/v1/rules`);
      return groups.flatMap(({ rules }) => rules);
    },
    async scraped(times) {
      const before = wholeAt;
      const seen = new Set<string>();
      const isSeen = async () => {
        const [series] = await queried({ query: wholeScrape });
        if (series !== undefined && series.value[1] !== before) seen.add(series.value[1]);
        wholeAt = [...seen].at(-1) ?? before;
        return seen.size >= times;
      };
      await eventually(isSeen, printed);
    },
    stop,
  };
}

/** Returns the configuration of docs/monitoring.md with shorter intervals. JSON is YAML. */
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
      throw new Error(
        `Prometheus was not ready, or scraped too little, within 90 s. It printed:\n${printed()}`,
      );
    await delay(50);
  }
}
