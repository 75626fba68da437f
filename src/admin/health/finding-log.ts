// Tells the operator when a finding begins and when it ends, as looks of this isolate come upon it.
import { Condition } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Finding, FindingCode, Level } from "../../protocol/finding.ts";
import type { Looked } from "./looked.ts";

/** What a look may have beside what this isolate knows; `undefined` where that could not be looked at. */
type Sight = "clock" | "rooms" | "totals";

/** Of what else a finding is made than of what this isolate knows. */
const sights: Partial<Record<FindingCode, Sight>> = {
  "clocks-apart": "clock",
  "redis-nearly-full": "rooms",
  "redis-evicting": "rooms",
  "redis-size-unknown": "rooms",
  "journal-lag": "totals",
  "origin-errors": "totals",
  "hit-rate-low": "totals",
  "stale-if-error-high": "totals",
  "unverified-high": "totals",
  "clients-limited": "totals",
  "operator-refused": "totals",
  "reports-missing": "totals",
  "reports-lost": "totals",
};

interface Known {
  finding: Finding;
  readonly condition: Condition<Level>;
  /** The last look that told of it saw more than this isolate knows by itself. */
  isFromAfar: boolean;
}

/** One for each isolate. What it keeps is bounded by the codes, and by the names in the configuration. */
export class FindingLog {
  readonly #log: Log;
  readonly #known = new Map<string, Known>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Tells what has begun and what has ended since the looks before. A look that sees less than the one
   * that found something leaves that as it is. Anybody can look, so each finding has at most one line a
   * minute of each of its levels, and one of its end.
   *
   * @param findings of that look, the worst first
   */
  looked(findings: readonly Finding[], looked: Pick<Looked, Sight | "atMs">): void {
    const found = new Set<string>();
    for (const finding of findings) {
      // A fault has a line of its own when the isolate starts, and ends with it.
      if (finding.code === "configuration") continue;
      const key = `${finding.code} ${finding.about ?? ""}`;
      if (found.has(key)) continue;
      found.add(key);
      this.#found(key, finding, looked);
    }
    for (const [key, known] of this.#known) {
      if (found.has(key) || !seesAsMuch(known, looked)) continue;
      known.isFromAfar = false;
      known.condition.succeeded(looked.atMs);
    }
  }

  #found(key: string, finding: Finding, looked: Pick<Looked, Sight | "atMs">): void {
    const known = this.#known.get(key) ?? this.#begun(finding);
    this.#known.set(key, known);
    if (!seesAsMuch(known, looked)) return;
    known.finding = finding;
    const sight = sights[finding.code];
    known.isFromAfar = sight !== undefined && looked[sight] !== undefined;
    known.condition.failed(finding.level, looked.atMs);
  }

  #begun(finding: Finding): Known {
    const { code, about } = finding;
    const title = about === undefined ? code : `${code} of ${about}`;
    const condition = new Condition<Level>({
      tell: this.#log,
      about: (level) => ({
        event: "finding",
        level: level === "info" ? "info" : "warn",
        code,
        about,
      }),
      troubleLine: () => `${known.finding.what} ${known.finding.remedy}`,
      wellLine: (lasted) => `The finding ${title} is over after ${lasted}.`,
    });
    const known: Known = { finding, condition, isFromAfar: false };
    return known;
  }
}

/** Only then does its list say something of a finding that an earlier look has told. */
function seesAsMuch({ finding, isFromAfar }: Known, looked: Pick<Looked, Sight>): boolean {
  const sight = sights[finding.code];
  return !isFromAfar || sight === undefined || looked[sight] !== undefined;
}
