// The reports in Redis: a string for the totals, and a stream. Counters (`HINCRBY`) would count twice
// after a lost answer.
import type { RemoteAnswer } from "../../../remote/remote-client.ts";
import { scriptCommand } from "../../../remote/redis/redis.ts";
import type { RedisClient } from "../../../remote/redis/redis-client.ts";
import type { RemoteHealth } from "../../../remote/store-health.ts";
import {
  fieldsOf,
  nextId,
  type Report,
  reportsIn,
  type StandingReport,
} from "../../../observe/reports/report-entry.ts";
import {
  pageCount,
  type ReportState,
  type ReportStream,
  standingMax,
} from "../../../observe/reports/report-store.ts";
import { totalsIn } from "../../../observe/reports/totals.ts";

/** KEYS: stream. ARGV: maximum entries, names and values. @returns the number of entries, or -1 */
export const addScript = `
local count = redis.call("XLEN", KEYS[1])
if count > tonumber(ARGV[1]) then return -1 end
redis.call("XADD", KEYS[1], "*", unpack(ARGV, 2))
return count + 1`;

/**
 * KEYS: stream, totals. ARGV: version of the totals that were read, IDs of the first and last entry
 * to fold, the last entry's `n` if any, new totals, first ID to keep. @returns 1; 0 if the totals
 * or the entries have changed, so nothing was written
 */
export const foldScript = `
local held = redis.call("GET", KEYS[2]) or ""
if (string.match(held, "^(%d+%.[%w_%-]+) ") or "") ~= ARGV[1] then return 0 end
local first = redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", 1)[1]
if not first or first[1] ~= ARGV[2] then return 0 end
local last = redis.call("XRANGE", KEYS[1], ARGV[3], ARGV[3])[1]
if not last then return 0 end
local n = ""
for at = #last[2] - 1, 1, -2 do if last[2][at] == "n" then n = last[2][at + 1] end end
if ARGV[4] ~= "" and n ~= ARGV[4] then return 0 end
redis.call("SET", KEYS[2], ARGV[5])
redis.call("XTRIM", KEYS[1], "MINID", ARGV[6])
return 1`;

interface ReportStreamSettings {
  readonly redis: Pick<RedisClient, "attempt" | "health" | "insist">;
  readonly namespace: string;
  /** Default: 128. The simulation sets less, to cross pages and fill the stream soon. */
  readonly pageCount?: number;
  /** Default: 4,096. */
  readonly standingMax?: number;
}

export class RedisReportStream implements ReportStream {
  readonly storeName = "Redis";
  readonly health: RemoteHealth;
  readonly #settings: ReportStreamSettings;
  readonly #pageCount: number;

  constructor(settings: ReportStreamSettings) {
    this.#settings = settings;
    this.health = settings.redis.health;
    this.#pageCount = settings.pageCount ?? pageCount;
  }

  /** Costs one command. */
  async add(report: Report): Promise<RemoteAnswer<number>> {
    const { redis: client } = this.#settings;
    const given = [String(this.#settings.standingMax ?? standingMax), ...fieldsOf(report)];
    const add = scriptCommand(addScript, [this.#keys.stream], given);
    const answer = await client.insist("metrics", (redis) => redis.exec(add));
    return answer.kind === "answered" ? { ...answer, value: Number(answer.value) } : answer;
  }

  /**
   * Reads the state in one transaction. The transaction includes a write, so the primary executes
   * it.
   */
  async standing(): Promise<RemoteAnswer<ReportState>> {
    const { stream, totals, probe } = this.#keys;
    const answer = await this.#settings.redis.attempt(
      "metrics",
      (redis) =>
        redis.multi([
          ["SET", probe, 1, "PX", 1_000],
          ["GET", totals],
          ["XRANGE", stream, "-", "+", "COUNT", this.#pageCount],
        ]),
      "writes",
    );
    if (answer.kind === "unavailable") return answer;
    const [, text, entries] = answer.value;
    const page = reportsIn(entries);
    const isFull = page.length >= this.#pageCount;
    return { kind: "answered", value: { totals: totalsIn(text), page, isFull } };
  }

  /** Costs one command. */
  async fold(
    version: string,
    page: readonly StandingReport[],
    text: string,
  ): Promise<RemoteAnswer<boolean>> {
    const { stream, totals } = this.#keys;
    const [first, last] = [page[0], page.at(-1)];
    if (first === undefined || last === undefined) return { kind: "answered", value: false };
    const { redis: client } = this.#settings;
    const given = [version, first.id, last.id, last.n, text, nextId(last.id)];
    const fold = scriptCommand(foldScript, [stream, totals], given);
    const answer = await client.insist("metrics", (redis) => redis.exec(fold));
    return answer.kind === "answered" ? { ...answer, value: Number(answer.value) === 1 } : answer;
  }

  get #keys() {
    const stream = `${this.#settings.namespace}:metrics`;
    return { stream, totals: `${stream}:totals`, probe: `${stream}:probe` };
  }
}
