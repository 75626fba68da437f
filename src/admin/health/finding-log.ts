// Logs when a finding begins and ends, as seen by the health checks of this isolate.
import { Condition } from "../../observe/condition.ts";
import type { Log } from "../../observe/log-line.ts";
import type { Finding, FindingCode, Level } from "../../protocol/finding.ts";
import type { SiteState } from "./site-state.ts";

/** Data of a check beyond this isolate's own state; `undefined` if it could not be read. */
type Sight = "clock" | "rooms" | "totals";

/** Findings that need more than this isolate's own state. */
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

interface KnownFinding {
  finding: Finding;
  readonly condition: Condition<Level>;
  /** Whether the last check that reported it saw more than this isolate's own state. */
  isFromAfar: boolean;
}

/** One per isolate. Its size is bounded by the codes, and by the names in the configuration. */
export class FindingLog {
  readonly #log: Log;
  readonly #known = new Map<string, KnownFinding>();

  constructor(log: Log) {
    this.#log = log;
  }

  /**
   * Logs findings that began or ended since the last checks. A narrower check never clears a finding.
   * Anybody can trigger checks, so a finding logs at most one line a minute per level, and one at its end.
   *
   * @param findings of this check, the worst first
   */
  looked(findings: readonly Finding[], looked: Pick<SiteState, Sight | "atMs">): void {
    const found = new Set<string>();
    for (const finding of findings) {
      // Faults are logged when the isolate starts, and never end before it does.
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

  #found(key: string, finding: Finding, looked: Pick<SiteState, Sight | "atMs">): void {
    const known = this.#known.get(key) ?? this.#begun(finding);
    this.#known.set(key, known);
    if (!seesAsMuch(known, looked)) return;
    known.finding = finding;
    const sight = sights[finding.code];
    known.isFromAfar = sight !== undefined && looked[sight] !== undefined;
    known.condition.failed(finding.level, looked.atMs);
  }

  #begun(finding: Finding): KnownFinding {
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
    const known: KnownFinding = { finding, condition, isFromAfar: false };
    return known;
  }
}

/** Returns whether a check may update or clear a finding of an earlier check. */
function seesAsMuch(
  { finding, isFromAfar }: KnownFinding,
  looked: Pick<SiteState, Sight>,
): boolean {
  const sight = sights[finding.code];
  return !isFromAfar || sight === undefined || looked[sight] !== undefined;
}
