// Reports in Redis: a stream of what is not added up yet, and the totals. All that stands in the stream
// is in no totals, so there is no cursor that could disagree with either (docs/adr/0021).
import type { RedisAnswer, RedisClient } from "../redis/redis-client.ts";
import { fieldsOf, nextId, type Report, reportsIn, type StandingReport } from "./report-entry.ts";
import { type HeldTotals, totalsIn } from "./totals-text.ts";

/** With more than so many entries the stream takes no more: nobody adds them up. */
export const standingMax = 4_096;

/** Of at most 8 KiB each: a page is at most 1 MiB. */
export const pageCount = 128;

/** KEYS: stream. ARGV: how many may stand, names and values. @returns how many stand, or -1 */
export const addScript = `
local count = redis.call("XLEN", KEYS[1])
if count > tonumber(ARGV[1]) then return -1 end
redis.call("XADD", KEYS[1], "*", unpack(ARGV, 2))
return count + 1`;

/**
 * KEYS: stream, totals. ARGV: the version that was read, the first and the last entry that were added, the
 * last one's n, the new totals, the first ID to keep. @returns 1, or 0 where something has changed and nothing is written
 */
export const foldScript = `
local held = redis.call("GET", KEYS[2]) or ""
if (string.match(held, "^(1%.[%w_%-]+) ") or "") ~= ARGV[1] then return 0 end
local first = redis.call("XRANGE", KEYS[1], "-", "+", "COUNT", 1)[1]
if not first or first[1] ~= ARGV[2] then return 0 end
local last = redis.call("XRANGE", KEYS[1], ARGV[3], ARGV[3])[1]
if not last then return 0 end
local n = ""
for at = #last[2] - 1, 1, -2 do if last[2][at] == "n" then n = last[2][at + 1] end end
if n ~= ARGV[4] then return 0 end
redis.call("SET", KEYS[2], ARGV[5])
redis.call("XTRIM", KEYS[1], "MINID", ARGV[6])
return 1`;

/** What stands at one moment, as the primary has it. */
export interface Standing {
  readonly held: HeldTotals;
  /** The oldest, a page of them; a page that is not full is all of them. */
  readonly page: readonly StandingReport[];
  readonly isFull: boolean;
}

export interface ReportStreamSettings {
  readonly redis: Pick<RedisClient, "attempt" | "insist">;
  readonly namespace: string;
  /** Absent: the usual. */
  readonly pageCount?: number;
  /** Absent: the usual. */
  readonly standingMax?: number;
}

/** Where reports of isolates meet. No call of it rejects. */
export class ReportStream {
  readonly #settings: ReportStreamSettings;
  readonly #pageCount: number;

  constructor(settings: ReportStreamSettings) {
    this.#settings = settings;
    this.#pageCount = settings.pageCount ?? pageCount;
  }

  /**
   * One command, sent once.
   *
   * @returns how many entries stand now; -1 where there are too many, and nothing was written
   */
  async add(report: Report): Promise<RedisAnswer<number>> {
    const given = [String(this.#settings.standingMax ?? standingMax), ...fieldsOf(report)];
    const answer = await this.#settings.redis.insist<unknown>("metrics", (redis) =>
      redis.eval(addScript, [this.#keys.stream], given),
    );
    return answer.kind === "answered" ? { ...answer, value: Number(answer.value) } : answer;
  }

  /** Three commands in a transaction that writes, so that the primary answers, and of one moment. */
  async standing(): Promise<RedisAnswer<Standing>> {
    const { stream, totals, probe } = this.#keys;
    const answer = await this.#settings.redis.attempt<unknown[]>(
      "metrics",
      (redis) =>
        redis
          .multi()
          .set(probe, "1", { px: 1_000 })
          .get(totals)
          .xrange(stream, "-", "+", this.#pageCount)
          .exec(),
      "writes",
    );
    if (answer.kind === "unavailable") return answer;
    const [, held, entries] = answer.value;
    const page = reportsIn(entries);
    return {
      kind: "answered",
      value: { held: totalsIn(held), page, isFull: page.length >= this.#pageCount },
    };
  }

  /**
   * Puts totals in the place of those that were read, and takes out what they have of the stream: both or
   * neither. One command.
   *
   * @param version of the totals that were read
   * @param page    what was added to them
   * @returns whether it was done; else something has changed meanwhile, or there was nothing to add
   */
  async fold(
    version: string,
    page: readonly StandingReport[],
    text: string,
  ): Promise<RedisAnswer<boolean>> {
    const { stream, totals } = this.#keys;
    const [first, last] = [page[0], page.at(-1)];
    if (first === undefined || last === undefined) return { kind: "answered", value: false };
    const given = [version, first.id, last.id, last.n, text, nextId(last.id)];
    const answer = await this.#settings.redis.insist<unknown>("metrics", (redis) =>
      redis.eval(foldScript, [stream, totals], given),
    );
    return answer.kind === "answered" ? { ...answer, value: Number(answer.value) === 1 } : answer;
  }

  get #keys() {
    const stream = `${this.#settings.namespace}:metrics`;
    return { stream, totals: `${stream}:totals`, probe: `${stream}:probe` };
  }
}
